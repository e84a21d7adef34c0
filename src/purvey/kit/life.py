"""A life is a table of (from, happening, to). Nothing else may change a state."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from purvey.kit.errors import Conflict

S = TypeVar("S", bound=StrEnum)
H = TypeVar("H", bound=StrEnum)


class ImpossibleMove(Conflict):
    """The thing is not in a state where this can happen to it."""

    code = "impossible_move"


class Life(Generic[S, H]):
    """A state machine as data. `name` is what the life is of, for messages and drawings."""

    def __init__(self, name: str, *rows: tuple[S, H, S]) -> None:
        self.name = name
        self.moves: Mapping[tuple[S, H], S] = {(before, when): after for before, when, after in rows}
        assert len(self.moves) == len(rows), "two rows answer the same question"

    def after(self, state: S, happening: H) -> S:
        """The state that follows; raises ImpossibleMove where the table is silent."""
        try:
            return self.moves[state, happening]
        except KeyError:
            raise ImpossibleMove(f"{happening} cannot happen to a {self.name} that is {state}") from None

    def allows(self, state: S, happening: H) -> bool:
        """Whether the table has a row for this."""
        return (state, happening) in self.moves

    def endings(self) -> set[S]:
        """States that nothing leads out of."""
        return set(self.moves.values()) - {before for before, _ in self.moves}

    def mermaid(self) -> str:
        """The same table as a Mermaid state diagram."""
        arrows = [f"    {before} --> {after}: {when}" for (before, when), after in self.moves.items()]
        return "\n".join(["stateDiagram-v2", *arrows])
