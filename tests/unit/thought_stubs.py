"""What a query meets on its way in a test: a memory, a library that is never searched, a board that breaks."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from kitbash.domain import context
from kitbash.domain.claim import SAME, apart
from kitbash.domain.context import Saliences, Snapshot
from kitbash.domain.fact import Fact
from kitbash.knowledge.library import Library


@dataclass(frozen=True, slots=True)
class Remembering:
    """What remembers one thing of everybody who has a name."""

    snapshot: Snapshot | None

    def visit(self, user: str, query_type: str, shares: Saliences) -> Snapshot | None:
        context.checked(query_type, shares)
        return self.snapshot if user else None

    def look(self, user: str, query_type: str) -> Snapshot | None:
        return self.visit(user, query_type, {})

    def forget(self, user: str) -> None:
        """Have nothing to forget."""


@dataclass(slots=True)
class Knowing(Library):
    """A library of facts that are only contested and meant, never searched."""

    known: tuple[Fact, ...] = ()
    meant: tuple[Fact, ...] = ()

    @override
    def contesting(self, fact: Fact, factions: Iterable[str]) -> tuple[Fact, ...]:
        others = (it for it in self.known if it.level is not fact.level)
        return tuple(
            it for it in others if any(apart(a, b) > SAME for a in fact.claims for b in it.claims if a.key == b.key)
        )

    @override
    def intents(self, factions: Iterable[str]) -> tuple[Fact, ...]:
        return self.meant


class Dying:
    """A board on which nothing can be recorded."""

    def __init__(self, board: Any) -> None:
        self._board = board

    def __getattr__(self, name: str) -> Any:  # noqa: D105
        return getattr(self._board, name)

    def record(self, *_: object, **__: object) -> None:
        raise ZeroDivisionError
