"""A log line that holds back when everybody meets the same trouble."""

import time
from collections.abc import Callable
from typing import Any, Final

SECONDS: Final = 1.0


class Seldom:
    """What happens to everybody at once is told once a second, with how often it happened since it was last told."""

    def __init__(self, log: Any, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.log, self.clock = log, clock
        self.told_at, self.times = float("-inf"), 0

    def warning(self, event: str, **facts: object) -> None:
        self.times += 1
        if self.clock() - self.told_at >= SECONDS:
            self.log.warning(event, times=self.times, **facts)
            self.told_at, self.times = self.clock(), 0
