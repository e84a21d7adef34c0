"""Signing up, in and out: sessions, and what guessing at passwords gets."""

from datetime import datetime, timedelta
from uuid import UUID

from purvey.access import keyring, passwords, people, rules, store
from purvey.access.events import EmailVerificationAsked
from purvey.access.model import Identity, Session, User, Visit
from purvey.kit.audit_log import audit
from purvey.kit.db import Database, Queries, Tx
from purvey.kit.errors import NotFound, Unauthenticated
from purvey.kit.events import publish
from purvey.kit.ids import new_id, new_token, token_hash
from purvey.kit.throttles import forgive, throttle
from purvey.kit.words import name_of

SESSION_LIFE = timedelta(days=30)
TRIES_WINDOW = timedelta(minutes=15)
TRIES_AT_ONE_ACCOUNT = 10
TRIES_FROM_ONE_ADDRESS = 100
SIGN_UP_WINDOW = timedelta(hours=1)
AGENT_MAX = 400


class WrongCredentials(Unauthenticated):
    """No account has this e-mail and this password; which of them is wrong is not said."""

    code = "wrong_credentials"


async def sign_up(
    db: Database,
    *,
    email: str,
    password: str,
    display_name: str,
    username: str | None = None,
    visit: Visit,
    now: datetime,
    limit: int,
) -> tuple[User, Session, str]:
    """A new account, signed in: the person, the session and its token. A mail asks them to prove the address.

    `limit` is how many may sign up from one address in an hour; 0 is no limit. Raises Taken.
    """
    email, name = rules.email_of(email), name_of(display_name, pointer="/displayName")
    chosen = rules.username_of(username) if username is not None else None
    rules.check_password(password, pointer="/password", others=[email, chosen, name])
    if limit:
        key = f"sign-up:{rules.network_of(visit.address)}"
        await throttle(db, key=key, limit=limit, window=SIGN_UP_WINDOW, now=now)
    kept = await passwords.hash_password(password)
    async with db.transaction() as tx:
        user = await people.add(tx, email=email, name=name, username=chosen, password_hash=kept, now=now)
        session, token = await start_session(tx, user.id, password_hash=kept, visit=visit, now=now)
        publish(tx, EmailVerificationAsked(subject_id=user.id, tenant_id=None, at=now))
    return user, session, token


async def sign_in(db: Database, *, email: str, password: str, visit: Visit, now: datetime) -> tuple[User, Session, str]:
    """The person, a new session and its token. Raises WrongCredentials, or TooMany after too many wrong tries.

    Tries are counted for one account from one address, and for one address: nobody can lock an owner out from afar.
    """
    email = rules.sign_in_email(email)
    await count_try(db, email, visit, now=now)
    secret = await store.password_of(db, email)
    right, better = await passwords.is_password(password, secret.password_hash if secret else None)
    if not right or secret is None:
        raise WrongCredentials("The e-mail or the password is wrong")
    await forgive_try(db, email, visit, now=now)
    async with db.transaction() as tx:
        kept = secret.password_hash
        if better and await store.set_password(tx, secret.id, better, instead_of=kept):
            kept = better
        session, token = await start_session(tx, secret.id, password_hash=kept, visit=visit, now=now)
        user = await store.find_user(tx, secret.id)
    assert user is not None
    return user, session, token


async def lets_in(db: Queries, email: str, password: str) -> bool:
    """Whether this is an account's password, for whoever runs the shop: nothing is counted."""
    secret = await store.password_of(db, email)
    return secret is not None and (await passwords.is_password(password, secret.password_hash))[0]


def tries(email: str, visit: Visit) -> list[tuple[str, int]]:
    """What a try at a password counts against, and how many each allows."""
    network = rules.network_of(visit.address)
    account = token_hash(email).hex()[:32]
    return [
        (f"sign-in:{account}:{network}", TRIES_AT_ONE_ACCOUNT),
        (f"sign-in-address:{network}", TRIES_FROM_ONE_ADDRESS),
    ]


async def count_try(db: Database, email: str, visit: Visit, *, now: datetime) -> None:
    """Counted before the password is looked at, so that a thousand at once are no more than one after the other."""
    for key, limit in tries(email, visit):
        await throttle(db, key=key, limit=limit, window=TRIES_WINDOW, now=now)


async def forgive_try(db: Database, email: str, visit: Visit, *, now: datetime) -> None:
    """A right password was no try."""
    for key, _ in tries(email, visit):
        await forgive(db, key=key, window=TRIES_WINDOW, now=now)


async def start_session(
    tx: Tx, user_id: UUID, *, password_hash: str | None, visit: Visit, now: datetime
) -> tuple[Session, str]:
    """Thirty days for whoever carries the token; WrongCredentials if the password was changed meanwhile."""
    token = new_token(store.SESSION_PREFIX)
    session = Session(
        id=new_id(),
        user_id=user_id,
        token_hash=token_hash(token),
        created_at=now,
        expires_at=now + SESSION_LIFE,
        address=visit.address,
        agent=visit.agent[:AGENT_MAX] if visit.agent else None,
    )
    if await keyring.add_session(tx, session, password_hash=password_hash) is None:
        raise WrongCredentials("The password was changed a moment ago; sign in with the new one")
    return session, token


async def sign_out(db: Database, me: Identity) -> None:
    """End the session that asks."""
    async with db.transaction() as tx:
        await tx.do(keyring.END_SESSION, me.credential)


async def end_session(db: Database, me: Identity, session_id: UUID) -> None:
    """End another session of one's own; NotFound."""
    async with db.transaction() as tx:
        if not await tx.do(keyring.END_ONE, me.user_id, session_id):
            raise NotFound("You have no such session")


async def end_other_sessions(db: Database, me: Identity) -> None:
    """End every session of one's own but the one that asks."""
    async with db.transaction() as tx:
        await tx.do(keyring.END_OTHERS, me.user_id, me.credential)


async def token_for(db: Database, *, email: str, now: datetime) -> str:
    """A session's token for whoever runs the shop, without a password; NotFound."""
    async with db.transaction() as tx:
        user = await store.find_user_by_email(tx, rules.email_of(email))
        if user is None:
            raise NotFound(f"There is no user with the e-mail {email}; `purvey user create --email …` makes one")
        secret = await store.own_password(tx, user.id)
        visit = Visit("command line", "purvey token")
        _, token = await start_session(tx, user.id, password_hash=secret.password_hash, visit=visit, now=now)
        await audit(tx, None, action="user.token-made", subject_type="user", subject_id=user.id, detail={}, now=now)
    return token
