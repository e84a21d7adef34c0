"""Proving that an e-mail address is one's own, and getting back in: by tokens that are mailed, and used once."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from purvey.access import keyring, passwords, rules, store
from purvey.access.actions import count_try, forgive_try
from purvey.access.events import EmailVerificationAsked, EmailVerified, PasswordResetAsked
from purvey.access.model import Identity, Purpose, User, Visit
from purvey.access.reclaiming import Reclaim, reclaim_account
from purvey.access.store import Secret
from purvey.kit.audit_log import audit
from purvey.kit.db import Database, Tx
from purvey.kit.errors import Conflict, Invalid, TooMany
from purvey.kit.events import publish
from purvey.kit.ids import new_token, token_hash
from purvey.kit.throttles import throttle

GOOD_FOR = {Purpose.VERIFY_EMAIL: timedelta(days=3), Purpose.RESET_PASSWORD: timedelta(hours=1)}
MAIL_WINDOW = timedelta(hours=1)
MAILS_TO_ONE_PERSON = 5
RESETS_FROM_ONE_ADDRESS = 20


class NoAddress(Conflict):
    """There is nowhere to mail a token to."""

    code = "no_email"


def token_is_bad() -> Invalid:
    return Invalid.field("/token", "This link was used already, or is too old; ask for a new one", code="bad_token")


async def make_one_time_token(tx: Tx, user_id: UUID, purpose: Purpose, now: datetime) -> str:
    """A token to mail at once to the address that the person has now; only its hash is kept. Raises NoAddress."""
    token = new_token()
    expires_at = now + GOOD_FOR[purpose]
    digest = token_hash(token)
    if not await keyring.add_token(tx, user_id, purpose, digest=digest, now=now, expires_at=expires_at):
        raise NoAddress("This person has no e-mail address")
    return token


async def ask_verification(db: Database, me: Identity, *, now: datetime) -> None:
    """Mail the link again; nothing happens when the address is verified."""
    if me.email_verified or me.email is None:
        return
    await throttle(db, key=f"verify-email:{me.user_id}", limit=MAILS_TO_ONE_PERSON, window=MAIL_WINDOW, now=now)
    async with db.transaction() as tx:
        publish(tx, EmailVerificationAsked(subject_id=me.user_id, tenant_id=None, at=now))


async def verify_email(
    db: Database, me: Identity | None, *, token: str, password: str | None, visit: Visit, now: datetime
) -> User:
    """The address is theirs: whoever has the token has read the mail, and shows that the account is theirs too.

    They are signed in to it, or know its password. An address' owner for whom a stranger signed up does neither.
    """
    claim = await keyring.look_at_token(db, token, Purpose.VERIFY_EMAIL, now=now)
    if claim is None:
        raise token_is_bad()
    await prove_account(db, me, claim.user_id, account=claim.email, password=password, visit=visit, now=now)
    async with db.transaction() as tx:
        claim = await keyring.use_token(tx, token, Purpose.VERIFY_EMAIL, now=now)
        if claim is None:
            raise token_is_bad()
        await tx.do(keyring.USE_UP_TOKENS, claim.user_id, Purpose.VERIFY_EMAIL, now)
        await prove_address(tx, claim, now=now)
        user = await store.find_user(tx, claim.user_id)
    assert user is not None
    return user


async def prove_account(
    db: Database,
    me: Identity | None,
    user_id: UUID,
    *,
    account: str,
    password: str | None,
    visit: Visit,
    now: datetime,
) -> None:
    """The asker is signed in to the account, or gives its password; Invalid otherwise."""
    if me is not None and me.in_person and me.user_id == user_id:
        return
    if password is None:
        detail = "Give the account's password, or sign in to it first. If it is not yours, ask for a new password"
        raise Invalid.field("/password", detail, code="password_needed")
    detail = "This is not the account's password. If it is not your account, ask for a new password"
    await check_password(
        db, user_id, password, account=account, pointer="/password", detail=detail, visit=visit, now=now
    )


async def check_password(
    db: Database, user_id: UUID, password: str, *, account: str, pointer: str, detail: str, visit: Visit, now: datetime
) -> Secret:
    """Invalid unless it is theirs. Tries are counted for the `account`, like those of signing in."""
    await count_try(db, account, visit, now=now)
    secret = await store.own_password(db, user_id)
    right, _ = await passwords.is_password(password, secret.password_hash)
    if not right:
        raise Invalid.field(pointer, detail, code="wrong_password")
    await forgive_try(db, account, visit, now=now)
    return secret


async def prove_address(tx: Tx, claim: keyring.Claim, *, now: datetime) -> bool:
    """Whether this is news."""
    news = await store.verify_email(tx, claim.user_id, claim.email, now=now)
    if news:
        publish(tx, EmailVerified(subject_id=claim.user_id, tenant_id=None, at=now, email=claim.email))
    return news


async def ask_reset(db: Database, *, email: str, visit: Visit, now: datetime) -> None:
    """Mail a link that sets a new password, if there is such an account; nobody is told whether there is.

    A person is mailed at most so often: what strangers asked for serves them as well.
    """
    email = rules.email_of(email)
    key = f"reset:{rules.network_of(visit.address)}"
    await throttle(db, key=key, limit=RESETS_FROM_ONE_ADDRESS, window=MAIL_WINDOW, now=now)
    user = await store.find_user_by_email(db, email)
    if user is None or await mailed_enough(db, user.id, now=now):
        return
    async with db.transaction() as tx:
        publish(tx, PasswordResetAsked(subject_id=user.id, tenant_id=None, at=now))


async def mailed_enough(db: Database, user_id: UUID, *, now: datetime) -> bool:
    try:
        await throttle(
            db, key=f"reset:{user_id}", limit=MAILS_TO_ONE_PERSON, window=MAIL_WINDOW, now=now, is_secret=True
        )
    except TooMany:
        return True
    return False


async def reset_password(
    db: Database, *, token: str, password: str, end_keys: bool = False, reclaim: Sequence[Reclaim], now: datetime
) -> Mapping[str, int] | None:
    """A new password by the mailed token; every session ends, and API keys where that is wished.

    Where the mail is the first proof of the address, whoever signed up with it did not own it: all that others hold
    there ends too. How many of what, or None when the address was proved before.
    """
    claim = await keyring.look_at_token(db, token, Purpose.RESET_PASSWORD, now=now)
    if claim is None:
        raise token_is_bad()
    rules.check_password(password, pointer="/password", others=[claim.email, claim.username])
    fresh = await passwords.hash_password(password)
    async with db.transaction() as tx:
        await tx.one(User, store.LOCK_USER, claim.user_id)
        claim = await keyring.use_token(tx, token, Purpose.RESET_PASSWORD, now=now)
        if claim is None:
            raise token_is_bad()
        await tx.do(store.REPLACE_PASSWORD, claim.user_id, fresh)
        await tx.do(keyring.END_ALL, claim.user_id)
        await tx.do(keyring.USE_UP_TOKENS, claim.user_id, Purpose.RESET_PASSWORD, now)
        await tx.do(keyring.DROP_MOVE, claim.user_id)
        detail = await keys_ended(tx, claim.user_id, end_keys, now=now)
        await audit(
            tx, None, action="password.reset", subject_type="user", subject_id=claim.user_id, detail=detail, now=now
        )
        if not await prove_address(tx, claim, now=now):
            return None
        return await reclaim_account(tx, claim.user_id, reclaim, now=now)


async def keys_ended(tx: Tx, user_id: UUID, wished: bool, *, now: datetime) -> dict[str, int]:
    """End a person's API keys if they wish it; how many, for the audit log."""
    return {"keysEnded": await tx.do(keyring.REVOKE_KEYS, user_id, now)} if wished else {}


async def change_password(
    db: Database, me: Identity, *, current: str, fresh: str, end_keys: bool = False, visit: Visit, now: datetime
) -> None:
    """A new password for somebody who knows the old one; every other session ends, API keys where that is wished."""
    secret = await check_password(
        db, me.user_id, current, account=str(me.user_id), pointer="/currentPassword",
        detail="This is not your password", visit=visit, now=now,
    )  # fmt: skip
    rules.check_password(fresh, pointer="/newPassword", others=[me.email, me.username])
    kept = await passwords.hash_password(fresh)
    async with db.transaction() as tx:
        if not await store.set_password(tx, me.user_id, kept, instead_of=secret.password_hash):
            raise Conflict("The password was changed a moment ago; try again with that one", code="password_changed")
        await tx.do(keyring.END_OTHERS, me.user_id, me.credential)
        await tx.do(keyring.USE_UP_TOKENS, me.user_id, Purpose.RESET_PASSWORD, now)
        await tx.do(keyring.DROP_MOVE, me.user_id)
        detail = await keys_ended(tx, me.user_id, end_keys, now=now)
        await audit(
            tx, me, action="password.changed", subject_type="user", subject_id=me.user_id, detail=detail, now=now
        )
