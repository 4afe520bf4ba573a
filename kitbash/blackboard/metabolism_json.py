"""The metabolism's values as JSON, for the blackboard and the command; every field is checked when it is read."""

from typing import Final

from pydantic import TypeAdapter

from kitbash.domain.metabolism import CycleResult, Settled, State

SETTLED: Final = TypeAdapter(Settled)
STATE: Final = TypeAdapter(State)
RESULT: Final = TypeAdapter(CycleResult)
