"""What the environment says, read once into one frozen value. Every wrong value is refused with its mend."""

import os
import re
import secrets
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

import msgspec

from purvey.kit.addresses import checked
from purvey.kit.db import STATEMENT_SECONDS
from purvey.kit.errors import Invalid
from purvey.kit.money import BASIS_POINTS, USDC, Money
from purvey.kit.secret import Secret
from purvey.kit.words import split_sender

PREFIX = "PURVEY_"
SECRET_KEY_LENGTH = 32
HOUR_SECONDS = 3600
BEARER_LENGTH = 16
WEAK_KEYS = {"secret", "changeme", "password", "development", "test"}


class SettingsError(Exception):
    """A setting is wrong; the message names it and says the mend."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that differs between one installation and the next."""

    home: Path
    secret_key: Secret
    base_url: str = "http://127.0.0.1:8000"
    database_url: Secret | None = None
    database_pooler: bool = False
    database_timeout: int = STATEMENT_SECONDS
    storage_url: str | None = None
    stripe_secret_key: Secret | None = None
    stripe_webhook_secret: Secret | None = None
    stripe_api_base: str | None = None
    test_bank: bool = False
    smtp_url: Secret | None = None
    mail_from: str = "shop@localhost"
    sign_up_limit: int = 20
    rpc_urls: Mapping[str, Secret] = {}
    siwa_registries: tuple[str, ...] = ()
    siwa_plain_wallets: bool = False
    siwa_signed_requests: str = "optional"
    siwa_nonce_path: str = "/siwa/nonce"
    siwa_verify_path: str = "/siwa/verify"
    x402_platform_wallet: str | None = None
    x402_fee_bps: int = 500
    x402_fee_minimum: int = 10_000
    x402_networks: tuple[str, ...] = ()
    x402_assets: Mapping[str, tuple[str, str, str]] = {}
    x402_facilitator_url: Secret | None = None
    x402_facilitator_key: Secret | None = None
    x402_confirmations: int = 1
    x402_gas_limit: int = 500_000
    x402_gas_bps: int = 5_000
    x402_gas_coins: Mapping[str, int] = {}
    metrics_token: Secret | None = None
    log_format: str = "auto"
    failpoint: str | None = None

    def __post_init__(self) -> None:
        """Whoever makes settings by hand may give plain words."""
        for name in SECRET_FIELDS:
            if isinstance(plain := getattr(self, name), str):
                msgspec.structs.force_setattr(self, name, Secret(plain))
        urls = {chain: Secret(url) if isinstance(url, str) else url for chain, url in self.rpc_urls.items()}
        msgspec.structs.force_setattr(self, "rpc_urls", urls)

    def __repr__(self) -> str:
        return f"Settings(home={str(self.home)!r}, base_url={self.base_url!r}, …)"


SECRET_FIELDS = [
    field.name for field in msgspec.structs.fields(Settings) if Secret in (field.type, *get_args(field.type))
]


def read_settings(environment: Mapping[str, str] | None = None, *, demo: bool = False) -> Settings:
    """The settings of this process. `demo` allows what only a demonstration may: a new home, the test bank.

    Raises SettingsError for an unknown PURVEY_ name, a malformed value, or a weak secret key.
    """
    env = dict(os.environ if environment is None else environment)
    given = {name.removeprefix(PREFIX).lower(): value for name, value in env.items() if name.startswith(PREFIX)}
    unknown = sorted(set(given) - set(READERS))
    if unknown:
        raise SettingsError(
            f"{PREFIX}{unknown[0].upper()} is not a setting purvey knows; `purvey doctor` lists them all"
        )
    values = {name: read_one(name, value) for name, value in given.items() if value != ""}
    home = values.setdefault("home", Path(".purvey").resolve())
    if "secret_key" not in values:
        values["secret_key"] = kept_secret(home, may_create=demo)
    elif not demo and is_weak(values["secret_key"]):
        raise SettingsError(
            f"{PREFIX}SECRET_KEY is weak: give at least {SECRET_KEY_LENGTH} random characters, "
            "such as `python3 -c 'import secrets; print(secrets.token_urlsafe(48))'` prints"
        )
    values.setdefault("test_bank", demo)
    if ("stripe_secret_key" in values) != ("stripe_webhook_secret" in values):
        raise SettingsError(
            f"{PREFIX}STRIPE_SECRET_KEY and {PREFIX}STRIPE_WEBHOOK_SECRET go together: set both, or neither"
        )
    check_siwa(values)
    check_x402(values)
    return Settings(**values)


def check_siwa(values: Mapping[str, Any]) -> None:
    """Who owns an agent is asked of its chain, so each registry's chain must be one that can be asked."""
    paths = [values.get(f"siwa_{door}_path", f"/siwa/{door}") for door in ("nonce", "verify")]
    if len(set(paths)) == 1:
        raise SettingsError(f"{PREFIX}SIWA_NONCE_PATH and {PREFIX}SIWA_VERIFY_PATH must be two")
    known = values.get("rpc_urls", {})
    for registry in values.get("siwa_registries", ()):
        network = registry.rpartition(":")[0]
        if network not in known:
            raise SettingsError(
                f"{PREFIX}SIWA_REGISTRIES has a registry on {network}: "
                f"give that chain's JSON-RPC address, {PREFIX}RPC_URLS={network}=https://…"
            )


def check_x402(values: Mapping[str, Any]) -> None:
    """What becomes of a payment is asked of its chain; one facilitator hands it in; each network has its USDC."""
    networks, name = values.get("x402_networks", ()), f"{PREFIX}X402_NETWORKS"
    for network in networks:
        if network not in values.get("rpc_urls", {}):
            raise SettingsError(
                f"{name} has {network}: give that chain's JSON-RPC address, {PREFIX}RPC_URLS={network}=https://…"
            )
        if network not in {*TOKENS, *values.get("x402_assets", {})}:
            raise SettingsError(f"{name} has {network}: give its USDC, {PREFIX}X402_ASSETS={network}=0x…")
    if networks and ("x402_facilitator_url" in values) == ("x402_facilitator_key" in values):
        raise SettingsError(
            f"{name} wants just one who hands payments in: {PREFIX}X402_FACILITATOR_URL for one over HTTP, "
            f"or {PREFIX}X402_FACILITATOR_KEY for a key of your own that has ether for gas"
        )


def read_one(name: str, value: str) -> Any:
    """One value, read by its own rule; the error names the setting."""
    try:
        return READERS[name](value)
    except ValueError as error:
        raise SettingsError(f"{PREFIX}{name.upper()} is {error}") from None


def is_weak(key: str) -> bool:
    """Too short, well known, or of too few different characters."""
    return len(key) < SECRET_KEY_LENGTH or key.lower() in WEAK_KEYS or len(set(key)) < 10


def kept_secret(home: Path, *, may_create: bool) -> str:
    """The secret key kept in the home; made there at the first start."""
    kept = home / "secret_key"
    if kept.exists():
        return kept.read_text().strip()
    if not home.exists() and not may_create:
        raise SettingsError(
            f"there is no home at {home}: set {PREFIX}HOME to where it is; make the folder and `purvey migrate` begins "
            "a shop of your own in it, `purvey demo` makes one to try"
        )
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = secrets.token_urlsafe(48)
    handle = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(fresh)
    return fresh


def url(*schemes: str, with_password: bool = False) -> Callable[[str], str]:
    """A URL of one of these schemes, without a trailing slash. One that is shown holds no password."""

    def read(value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in schemes:
            raise ValueError(f"not a URL that begins with {' or '.join(scheme + '://' for scheme in schemes)}")
        try:
            for host in parts.netloc.rpartition("@")[2].split(","):
                _ = urlsplit(f"//{host}").port
        except ValueError:
            raise ValueError("a URL whose port is no number from 0 to 65535") from None
        if "@" in parts.netloc and not with_password:
            raise ValueError("a URL with a user in it, which would be shown: give it without")
        return value.rstrip("/")

    return read


def yes_or_no(value: str) -> bool:
    try:
        return {
            "1": True,
            "true": True,
            "yes": True,
            "on": True,
            "0": False,
            "false": False,
            "no": False,
            "off": False,
        }[value.lower()]
    except KeyError:
        raise ValueError("neither on nor off") from None


def whole_number(value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise ValueError("not a whole number")
    return int(value)


def seconds(value: str) -> int:
    count = whole_number(value)
    if not 1 <= count <= HOUR_SECONDS:
        raise ValueError(f"not from 1 to {HOUR_SECONDS} seconds")
    return count


# USDC, and the name and version by which it verifies signatures (EIP-712), where they are known.
NETWORK_NAMES = {"base": "eip155:8453", "base-sepolia": "eip155:84532"}
TOKENS = {
    "eip155:8453": ("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", "USD Coin", "2"),
    "eip155:84532": ("0x036CbD53842c5426634e7929541eC2318f3dCF7e", "USDC", "2"),
}
# Chains whose coins and USDC are given away: Base, Ethereum (three), Optimism, Arbitrum, Polygon, Avalanche, Unichain,
# Linea, and what runs on one's own machine. Any other is taken for one of real money.
TEST_NETWORKS = frozenset(
    f"eip155:{chain}"
    for chain in (84532, 11155111, 17000, 560048, 11155420, 421614, 80002, 43113, 1301, 59141, 31337, 1337)
)
NEIGHBOUR = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+")  # a host without a domain, such as localhost
NETWORK = re.compile(r"eip155:[1-9][0-9]{0,15}")


def rpc_urls(value: str) -> Mapping[str, str]:
    """Where each chain is asked, by CAIP-2 network: `eip155:8453=https://…`, comma separated."""
    found: dict[str, str] = {}
    for word in value.split(","):
        network, _, address = word.strip().partition("=")
        if not NETWORK.fullmatch(network):
            raise ValueError("not a list such as eip155:8453=https://rpc.example,eip155:84532=https://…")
        found[network] = url("http", "https", with_password=True)(address)
    return found


def networks(value: str) -> tuple[str, ...]:
    """Chains by name or CAIP-2, comma separated."""
    found = [NETWORK_NAMES.get(word.strip(), word.strip()) for word in value.split(",")]
    if not all(NETWORK.fullmatch(word) for word in found) or len(set(found)) < len(found):
        raise ValueError(f"not a list of {', '.join(NETWORK_NAMES)} or such as eip155:8453, each once")
    return tuple(found)


ASSET = re.compile(r"(eip155:[1-9][0-9]{0,15})=(0x[0-9a-fA-F]{40})(?::([^:,]{1,60}))?(?::([^:,]{1,10}))?")


def assets(value: str) -> Mapping[str, tuple[str, str, str]]:
    """USDC's address, name and version for each chain: `eip155:10=0x…:USD Coin:2`, comma separated."""
    found = [ASSET.fullmatch(word.strip()) for word in value.split(",")]
    if not all(found):
        raise ValueError("not a list such as eip155:10=0x0b2C639c533813f4Aa9D7837CAf62653d097Ff85:USD Coin:2")
    return {each[1]: (each[2], each[3] or "USD Coin", each[4] or "2") for each in found if each}


def coins(value: str) -> Mapping[str, int]:
    """What a network's coin is reckoned at, in USDC: `eip155:137=0.40`, comma separated."""
    found: dict[str, int] = {}
    for word in value.split(","):
        network, _, price = word.strip().partition("=")
        if not NETWORK.fullmatch(NETWORK_NAMES.get(network, network)):
            raise ValueError("not a list such as eip155:8453=5000,eip155:137=0.40")
        found[NETWORK_NAMES.get(network, network)] = usdc(price)
    return found


def gas(value: str) -> int:
    count = whole_number(value)
    if not 50_000 <= count <= 30_000_000:
        raise ValueError("not from 50000 to 30000000")
    return count


def private_key(value: str) -> str:
    digits = value.removeprefix("0x")
    if not re.fullmatch(r"[0-9a-fA-F]{64}", digits) or not 0 < int(digits, 16) < CURVE_ORDER:
        raise ValueError("not a private key of 64 hexadecimal digits")
    return "0x" + digits


CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def confirmations(value: str) -> int:
    count = whole_number(value)
    if not 1 <= count <= 100:
        raise ValueError("not from 1 to 100")
    return count


def path(value: str) -> str:
    if not re.fullmatch(r"(?:/[A-Za-z0-9._-]+)+", value):
        raise ValueError("not a path such as /siwa/nonce")
    return value


REGISTRY = re.compile(r"eip155:[1-9][0-9]{0,15}:0x[0-9a-fA-F]{40}")


def registries(value: str) -> tuple[str, ...]:
    """ERC-8004 registries, lower case: `eip155:<chain>:0x<address>`, comma separated."""
    found = [word.strip() for word in value.split(",")]
    if not all(REGISTRY.fullmatch(word) for word in found):
        raise ValueError("not a list such as eip155:8453:0x8004A169FB4a3325136EB29fA0ceB6D2e539a432")
    return tuple(word.lower() for word in found)


def wallet(value: str) -> str:
    try:
        return checked(value, pointer="")
    except Invalid as wrong:
        raise ValueError(f"no wallet: {wrong.detail}") from None


def basis_points(value: str) -> int:
    if whole_number(value) > BASIS_POINTS:
        raise ValueError(f"over {BASIS_POINTS}, which is all of it")
    return int(value)


def usdc(value: str) -> int:
    """An amount of USDC such as 0.01, in its minor units."""
    try:
        money = Money.of_decimal(Decimal(value), USDC)
    except (Invalid, InvalidOperation):
        raise ValueError("no amount of USDC such as 0.01") from None
    if money.minor < 0:
        raise ValueError("below zero")
    return money.minor


def sender(value: str) -> str:
    """`A Shop <shop@example.com>`, or the address alone; a domain with letters of its own is kept in ASCII."""
    from email_validator import EmailNotValidError, validate_email

    name, address = split_sender(value)
    if not NEIGHBOUR.fullmatch(address):
        try:
            address = str(validate_email(address, check_deliverability=False, allow_smtputf8=False).ascii_email)
        except EmailNotValidError:
            raise ValueError("no address: give one, such as `A Shop <shop@example.com>`") from None
    return f"{name} <{address}>" if name else address


def bearer(value: str) -> str:
    if len(value) < BEARER_LENGTH or not value.isascii() or not value.isprintable():
        raise ValueError(f"shorter than {BEARER_LENGTH} characters, or not ASCII")
    return value


def one_of(*words: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in words:
            raise ValueError(f"none of {', '.join(words)}")
        return value

    return read


READERS: Mapping[str, Callable[[str], Any]] = {
    "home": lambda value: Path(value).expanduser().resolve(),
    "secret_key": str,
    "base_url": url("http", "https"),
    "database_url": url("postgresql", "postgres", with_password=True),
    "database_pooler": yes_or_no,
    "database_timeout": seconds,
    "storage_url": url("s3", "gs", "az", "file"),
    "stripe_secret_key": str,
    "stripe_webhook_secret": str,
    "stripe_api_base": url("http", "https"),
    "test_bank": yes_or_no,
    "smtp_url": url("smtp", "smtps", with_password=True),
    "mail_from": sender,
    "sign_up_limit": whole_number,
    "rpc_urls": rpc_urls,
    "siwa_registries": registries,
    "siwa_plain_wallets": yes_or_no,
    "siwa_signed_requests": one_of("optional", "required"),
    "siwa_nonce_path": path,
    "siwa_verify_path": path,
    "x402_platform_wallet": wallet,
    "x402_fee_bps": basis_points,
    "x402_fee_minimum": usdc,
    "x402_networks": networks,
    "x402_assets": assets,
    "x402_facilitator_url": url("http", "https", with_password=True),
    "x402_facilitator_key": private_key,
    "x402_confirmations": confirmations,
    "x402_gas_limit": gas,
    "x402_gas_bps": basis_points,
    "x402_gas_coins": coins,
    "metrics_token": bearer,
    "log_format": one_of("auto", "json", "plain"),
    "failpoint": str,
}
