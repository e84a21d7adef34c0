"""Another e-mail address: asked for with the password, and one's own once the link that was mailed to it is opened."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from asyncpg import UniqueViolationError

from purvey.access import rules, store
from purvey.access.events import EmailMoveAsked, EmailVerified
from purvey.access.model import Identity, User, Visit
from purvey.access.people import Taken
from purvey.access.recovery import MAIL_WINDOW, MAILS_TO_ONE_PERSON, check_password, prove_account, token_is_bad
from purvey.kit.audit_log import audit
from purvey.kit.db import Database, Queries, Tx
from purvey.kit.errors import Invalid
from purvey.kit.events import publish
from purvey.kit.ids import new_id, new_token, token_hash
from purvey.kit.throttles import throttle

MOVE_LIFE = timedelta(days=1)

# The newest asking stands.
ASK = """
insert into email_moves (user_id, id, email, asked_at)
values ($1, $2, $3, $4)
on conflict (user_id) do update set id = excluded.id, email = excluded.email, asked_at = excluded.asked_at,
    token_hash = null
"""

# The token that is being mailed; nothing when something newer was asked for, or the password changed.
ARM = "update email_moves set token_hash = $2 where id = $1"

MOVE = "m.id, m.user_id, m.email, u.email as old_email, u.email_verified_at is not null as old_is_verified"

# A move that was asked for.
FIND = f"select {MOVE} from email_moves m join users u on u.id = m.user_id where m.id = $1"

# What a token says, while it is good.
BY_TOKEN = f"""
select {MOVE}
from email_moves m
join users u on u.id = m.user_id
where m.token_hash = $1
    and m.asked_at > $2
"""

# The one use of a token.
USE = "delete from email_moves where token_hash = $1"

# The address is theirs, and proved.
SET_EMAIL = f"""
update users
set email = $2,
    email_verified_at = $3
where id = $1
returning {store.USER}
"""


class Move(msgspec.Struct, frozen=True):
    """Who wants which address, and what they have now."""

    id: UUID
    user_id: UUID
    email: str
    old_email: str | None
    old_is_verified: bool


async def ask_move(db: Database, me: Identity, *, email: str, password: str, visit: Visit, now: datetime) -> None:
    """Mail a link to the new address; nothing changes until it is opened. Raises Invalid, Taken."""
    email = rules.email_of(email)
    await check_password(
        db, me.user_id, password, account=str(me.user_id), pointer="/password", detail="This is not your password",
        visit=visit, now=now,
    )  # fmt: skip
    if email == me.email:
        raise Invalid.field("/email", "This is your address already", code="unchanged")
    if await store.find_user_by_email(db, email):
        raise Taken.email()
    await throttle(db, key=f"new-email:{me.user_id}", limit=MAILS_TO_ONE_PERSON, window=MAIL_WINDOW, now=now)
    move_id = new_id()
    async with db.transaction() as tx:
        await tx.do(ASK, me.user_id, move_id, email, now)
        publish(tx, EmailMoveAsked(subject_id=me.user_id, tenant_id=None, at=now, move_id=move_id))


async def find_move(db: Queries, move_id: UUID) -> Move | None:
    """What was asked for, or None once it is done, over, or something newer was."""
    return await db.maybe(Move, FIND, move_id)


async def make_move_token(tx: Tx, move_id: UUID) -> str | None:
    """A token to mail to the new address at once, or None when nobody waits for it any more."""
    token = new_token()
    return token if await tx.do(ARM, move_id, token_hash(token)) else None


async def confirm_move(
    db: Database, me: Identity | None, *, token: str, password: str | None, visit: Visit, now: datetime
) -> User:
    """The new address is theirs, for whoever reads its mail is the one who asked: signed in, or with the password.

    Raises Invalid, and Taken when somebody has signed up with it meanwhile.
    """
    digest = token_hash(token)
    move = await db.maybe(Move, BY_TOKEN, digest, now - MOVE_LIFE)
    if move is None:
        raise token_is_bad()
    account = move.old_email or str(move.user_id)
    await prove_account(db, me, move.user_id, account=account, password=password, visit=visit, now=now)
    async with db.transaction() as tx:
        if not await tx.do(USE, digest):
            raise token_is_bad()
        try:
            async with tx.connection.transaction():
                user = await tx.one(User, SET_EMAIL, move.user_id, move.email, now)
        except UniqueViolationError:
            raise Taken.email() from None
        publish(tx, EmailVerified(subject_id=user.id, tenant_id=None, at=now, email=move.email))
        detail = {"email": [move.old_email, move.email]}
        await audit(tx, me, action="email.changed", subject_type="user", subject_id=user.id, detail=detail, now=now)
    return user
