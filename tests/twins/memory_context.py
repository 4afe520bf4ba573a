"""What remembers a user's questions, in this process's memory: the pure model with a clock that a test can turn."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from kitbash.blackboard.redis_context import MOST_TYPES
from kitbash.domain import context
from kitbash.domain.context import Saliences, Snapshot, Windows
from tests.twins.memory_lanes import system_clock_ms


@dataclass(frozen=True, slots=True)
class _Held:
    state: Windows
    last_ms: int
    visits: int


@dataclass(slots=True)
class _User:
    ends_ms: int
    types: dict[str, _Held]


class MemoryContext:
    """A `TemporalContext` for tests."""

    def __init__(
        self, *, ttl_s: int, most_types: int = MOST_TYPES, clock_ms: Callable[[], int] = system_clock_ms
    ) -> None:
        self._ttl_ms = ttl_s * 1000
        self._most_types = most_types
        self._clock_ms = clock_ms
        self._shared = threading.Lock()
        self._users: dict[str, _User] = {}

    def visit(self, user: str, query_type: str, shares: Saliences) -> Snapshot | None:
        given = context.checked(query_type, shares)
        with self._shared:
            now_ms = self._clock_ms()
            before = self._snapshot(user, query_type, now_ms)
            state = context.visited(before.windows if before else context.BLANK, given)
            types = self._types(user, now_ms)
            while query_type not in types and len(types) >= self._most_types:
                del types[min(types, key=lambda it: types[it].last_ms)]
            types[query_type] = _Held(state, now_ms, before.visits + 1 if before else 1)
            self._users[user] = _User(now_ms + self._ttl_ms, types)
            return before

    def look(self, user: str, query_type: str) -> Snapshot | None:
        context.checked(query_type, {})
        with self._shared:
            return self._snapshot(user, query_type, self._clock_ms())

    def forget(self, user: str) -> None:
        with self._shared:
            self._users.pop(user, None)

    def _types(self, user: str, now_ms: int) -> dict[str, _Held]:
        held = self._users.get(user)
        return held.types if held and now_ms < held.ends_ms else {}

    def _snapshot(self, user: str, query_type: str, now_ms: int) -> Snapshot | None:
        held = self._types(user, now_ms).get(query_type)
        if held is None:
            return None
        elapsed_s = max(0, now_ms - held.last_ms) / 1000
        state = context.decayed(held.state, elapsed_s)
        return context.snapshot(query_type, state, elapsed_s=elapsed_s, visits=held.visits)
