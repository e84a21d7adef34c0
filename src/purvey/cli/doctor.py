"""`purvey doctor`: each thing the shop stands on, whether it is well, and the mend when it is not."""

import shutil
import stat
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg

from purvey import access, payments, purchases
from purvey.cli import opened
from purvey.kit.errors import Refusal
from purvey.kit.mail import MailServerIll, SmtpPostman
from purvey.kit.migrate import pending
from purvey.kit.rpc import Chains
from purvey.payments import x402 as settlements
from purvey.payments.x402 import health as x402
from purvey.settings import READERS, Settings, SettingsError, read_settings
from purvey.storage import open_storage

SUPPORTED = range(16, 19)
OTHERS_LOOK = 0o066  # passing through shows nothing, and the embedded database's account may have to
LEAST_FREE_BYTES = 1 << 30
Check = Callable[[Settings], Awaitable[str]]


class Ill(Exception):
    """A finding; its text says the mend."""


async def run_doctor() -> int:
    """Every check on a line of its own; exit 1 when one fails."""
    try:
        settings = read_settings()
    except SettingsError as error:
        print(f"settings   ILL  {error}")
        print(f"           the settings are: {', '.join('PURVEY_' + name.upper() for name in sorted(READERS))}")
        return 1
    print("settings   ok   " + repr(settings))
    ill = 0
    for name, check in CHECKS.items():
        try:
            print(f"{name:10} ok   {await check(settings)}")
        except (Ill, SettingsError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            ill += 1
            print(f"{name:10} ILL  {error}")
    return 1 if ill else 0


async def the_database(settings: Settings) -> str:
    async with opened.database_while_running(settings) as dsn:
        connection = await asyncpg.connect(dsn)
        try:
            version = connection.get_server_version().major
            if version not in SUPPORTED:
                raise Ill(f"PostgreSQL {version} is not supported: use 16, 17 or 18")
            if waiting := await pending(connection):
                raise Ill(f"{len(waiting)} migration(s) pending: run `purvey migrate`")
        finally:
            await connection.close()
        await opened.refuse_demo_people(settings, dsn)
    return f"PostgreSQL {version}, {'embedded' if not settings.database_url else 'from outside'}, migrated"


async def the_storage(settings: Settings) -> str:
    store, key = open_storage(settings), "doctor/probe"

    async def one() -> AsyncIterator[bytes]:
        yield b"well"

    await store.put(key, one(), mime_type="text/plain", file_name="probe", limit_bytes=10)
    back = b"".join([chunk async for chunk in store.read(key)])
    await store.delete(key)
    if back != b"well":
        raise Ill("what was written could not be read back: look at PURVEY_STORAGE_URL")
    return settings.storage_url or f"folder {settings.home / 'files'}"


async def the_home(settings: Settings) -> str:
    """A folder made by hand is as open as the account's umask lets it be."""
    for folder in (settings.home, settings.home / "files", settings.home / "mail"):
        mode = stat.S_IMODE(folder.stat().st_mode) if folder.exists() else 0o700
        if mode & OTHERS_LOOK:
            raise Ill(
                f"{folder} has mode {mode:o}, so other accounts of this machine look into it: chmod go-rw {folder}"
            )
    return f"{settings.home}, mode {stat.S_IMODE(settings.home.stat().st_mode):o}"


async def the_disk(settings: Settings) -> str:
    free = shutil.disk_usage(settings.home).free
    if free < LEAST_FREE_BYTES:
        raise Ill(f"{free >> 20} MiB free at {settings.home}: make room, or move PURVEY_HOME")
    return f"{free >> 30} GiB free"


async def the_money(settings: Settings) -> str:
    opened_by = [
        name
        for name, on in (
            ("test bank", settings.test_bank),
            ("Stripe", bool(settings.stripe_secret_key)),
            ("USDC by x402", bool(settings.x402_networks)),
        )
        if on
    ]
    if not opened_by:
        raise Ill(
            "no gateway of the platform's own: set PURVEY_STRIPE_SECRET_KEY or PURVEY_X402_NETWORKS, "
            "or let tenants add their keys"
        )
    try:
        payments.refuse_beside_test_bank(settings)
        if settings.test_bank:
            async with opened.database_while_running(settings) as dsn:
                await opened.refuse_play_money(settings, dsn)
    except payments.PlayMoney as mixed:
        raise Ill(mixed.detail) from None
    return ", ".join(opened_by)


async def the_chains(settings: Settings) -> str:
    try:
        return await x402.about(settings)
    except Refusal as refusal:
        raise Ill(refusal.detail) from None


async def the_mail(settings: Settings) -> str:
    """Whether the server is there, lets us in, and takes mail from our sender."""
    if settings.smtp_url is None:
        return f".eml files in {settings.home / 'mail'} (set PURVEY_SMTP_URL to send)"
    postman = SmtpPostman(settings.smtp_url)
    try:
        await postman.try_out(settings.mail_from)
    except MailServerIll as ill:
        raise Ill(f"{ill}: look at PURVEY_SMTP_URL and PURVEY_MAIL_FROM") from None
    return f"SMTP by {postman.host}, from {settings.mail_from}"


async def the_agents(settings: Settings) -> str:
    """Who may sign in, and whether each registry is where it is said to be."""
    chains = Chains(settings.rpc_urls)
    siwa = access.open_siwa(settings, chains=chains)
    if siwa is None:
        return "none may sign in (set PURVEY_SIWA_REGISTRIES or PURVEY_SIWA_PLAIN_WALLETS to let them)"
    try:
        for name in sorted(siwa.registries):
            await access.check_registry(siwa, name)
    except Refusal as no:
        raise Ill(f"{no.detail}: look at PURVEY_RPC_URLS and PURVEY_SIWA_REGISTRIES") from None
    finally:
        await chains.close()
    who = [*sorted(siwa.registries), *(["plain wallets"] if siwa.plain_wallets else [])]
    return f"{', '.join(who)}; {'every request signed' if siwa.signed_only else 'a receipt is enough under /api'}"


CHECKS: dict[str, Check] = {
    "database": the_database,
    "storage": the_storage,
    "home": the_home,
    "disk": the_disk,
    "money": the_money,
    "x402": the_chains,
    "mail": the_mail,
    "agents": the_agents,
}


def draw_lives() -> int:
    """Every life as Mermaid."""
    for life in (payments.LIFE, payments.REFUND_LIFE, settlements.LIFE, purchases.FULFILMENT_LIFE):
        sys.stdout.write(f"%% the life of a {life.name}\n{life.mermaid()}\n\n")
    return 0
