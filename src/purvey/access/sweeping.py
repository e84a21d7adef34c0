"""What is of no more use is forgotten: sessions that ended, tokens that were used, limits of windows long past."""

from datetime import datetime, timedelta

from purvey.access.moving import MOVE_LIFE
from purvey.access.siwa import nonces
from purvey.kit.db import Database
from purvey.kit.throttles import forget_throttles

FORGET_EVERY_SECONDS = 3600
TOKENS_KEPT = timedelta(days=30)
THROTTLES_KEPT = timedelta(days=2)

# Sessions that are over.
FORGET_SESSIONS = "delete from sessions where expires_at <= $1"

# Tokens that nobody can use any more.
FORGET_TOKENS = "delete from one_time_tokens where expires_at < $1"

# New addresses that nobody proved.
FORGET_MOVES = "delete from email_moves where asked_at < $1"


async def forget_old(db: Database, now: datetime) -> int:
    """Forget them; how many rows went."""
    gone = await db.do(FORGET_SESSIONS, now)
    gone += await db.do(FORGET_TOKENS, now - TOKENS_KEPT)
    gone += await nonces.forget(db, now)
    gone += await db.do(FORGET_MOVES, now - MOVE_LIFE)
    return gone + await forget_throttles(db, before=now - THROTTLES_KEPT)
