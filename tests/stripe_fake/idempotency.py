"""Idempotency keys: the first answer is kept for a day and given again."""

from collections.abc import Callable
from dataclasses import dataclass, field

from .errors import Refused
from .spec import Json

KEPT_SECONDS = 24 * 60 * 60
MAX_KEY = 255


@dataclass(frozen=True)
class Answer:
    """What goes back to the caller."""

    status: int
    body: Json
    request_id: str
    replayed: bool = False


@dataclass(frozen=True)
class Fingerprint:
    """What must be the same when a key is used again."""

    path: str
    params: tuple[tuple[str, str], ...]


@dataclass
class _Entry:
    fingerprint: Fingerprint
    claimed_at: int
    answer: Answer | None = None


@dataclass
class Ledger:
    """The keys seen, each with its answer once there is one."""

    now: Callable[[], int]
    _entries: dict[str, _Entry] = field(default_factory=dict)

    def claim(self, key: str, fingerprint: Fingerprint) -> Answer | None:
        """The kept answer; or None, and the key is now in flight."""
        if not key or len(key) > MAX_KEY:
            raise Refused(f"Idempotency keys can have 1 to {MAX_KEY} characters", kind="idempotency_error")
        entry = self._entries.get(key)
        if entry is None or self.now() - entry.claimed_at > KEPT_SECONDS:
            self._entries[key] = _Entry(fingerprint, self.now())
            return None
        if entry.fingerprint.path != fingerprint.path:
            raise Refused(
                "Keys for idempotent requests can only be used for the same endpoint they were "
                f"first used for ('{fingerprint.path}' vs '{entry.fingerprint.path}'). Try using "
                f"a key other than '{key}' if you meant to execute a different request.",
                kind="idempotency_error",
            )
        if entry.fingerprint != fingerprint:
            raise Refused(
                "Keys for idempotent requests can only be used with the same parameters they "
                f"were first used with. Try using a key other than '{key}' if you meant to "
                "execute a different request.",
                kind="idempotency_error",
            )
        if entry.answer is None:
            raise Refused(
                "There is currently another in-progress request using this Idempotent Key (that "
                "probably means you submitted twice, and the other request is still going "
                f"through): {key}. Please try again later.",
                status=409,
                kind="idempotency_error",
                code="idempotency_key_in_use",
            )
        return entry.answer

    def keep(self, key: str, answer: Answer) -> None:
        self._entries[key].answer = answer

    def forget(self, key: str) -> None:
        """Nothing was begun under this key: it is free again."""
        self._entries.pop(key, None)
