"""What the blackboard promises about engines: how often each was judged right, and how often wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from kitbash.domain.ids import QueryId
from kitbash.domain.layer import Layer


class JudgeCode(IntEnum):
    """What came of a judgement; mirrors `lua/judge.lua`."""

    COUNTED = 1
    MOVED = 2
    """the query was judged before, the other way; that counts no more"""
    BEFORE = 0
    """the query was judged before, the same way"""


@dataclass(frozen=True, slots=True)
class Judged:
    """How many answers of one engine people judged right, and how many wrong."""

    right: int = 0
    wrong: int = 0


class Engines(Protocol):
    """The judgements on each engine. Raises StoreUnavailable when it does not answer."""

    def judge(self, query_id: QueryId, layer: Layer, *, is_right: bool) -> JudgeCode:
        """Have a query count once for the engine that answered it; atomic."""
        ...

    def judged(self) -> Mapping[Layer, Judged]:
        """Return what was said of every engine that was judged at all."""
        ...
