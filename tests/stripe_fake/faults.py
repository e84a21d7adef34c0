"""Trouble on the wire, ordered by a test for the next request that fits."""

from dataclasses import dataclass, field
from typing import Literal

Trouble = int | Literal["timeout", "drop", "drop_after_effect"]


@dataclass
class Fault:
    """`where` is a path prefix, with a method before it if that matters."""

    where: str
    trouble: Trouble
    times: int = 1

    def fits(self, method: str, path: str) -> bool:
        wanted, _, prefix = self.where.rpartition(" ")
        return self.times > 0 and path.startswith(prefix) and wanted in ("", method)


@dataclass
class Faults:
    """Those still to come, first ordered first."""

    waiting: list[Fault] = field(default_factory=list)

    def order(self, where: str, trouble: Trouble, times: int) -> None:
        self.waiting.append(Fault(where, trouble, times))

    def next_for(self, method: str, path: str) -> Trouble | None:
        for fault in self.waiting:
            if fault.fits(method, path):
                fault.times -= 1
                return fault.trouble
        return None
