"""The metabolism's memory on Redis: one lease, and one script that writes what a cycle found."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from pydantic import ValidationError

from kitbash.blackboard import keys, metabolism_json
from kitbash.blackboard.connection import translated
from kitbash.blackboard.metabolism import (
    MOST_CYCLES,
    MOST_RECENT,
    BeginCode,
    Findings,
    KeepCode,
    Lease,
    Running,
)
from kitbash.blackboard.scripts import AnyRedis, Scripts
from kitbash.domain.metabolism import CycleKind, CycleResult, Settled, State
from kitbash.domain.resonance import Pattern
from kitbash.observe import logs

Value = TypeVar("Value")
_AT: Final = keys.METABOLISM
_log: Final = logs.logger(__name__)


class RedisMetabolism:
    """A `MetabolismStore` on a Redis or Valkey server, or a cluster of them. Safe to share between threads."""

    def __init__(self, client: AnyRedis, url: str) -> None:
        """Use a client, which stays its owner's to close; `url` is for messages. Nothing is sent yet."""
        # The stubs of redis-py know replies only by half.
        self._client: Any = client
        self._url = url
        self._scripts = Scripts.on(client)

    def note(self, settled: Sequence[Settled]) -> None:
        """Have queries that were settled noted and counted, in the order given."""
        if not settled:
            return
        with translated(self._url):
            pipe = self._client.pipeline(transaction=False)
            pipe.lpush(_AT.recent, *(metabolism_json.SETTLED.dump_json(it) for it in settled))
            pipe.ltrim(_AT.recent, 0, MOST_RECENT - 1)
            pipe.incrby(_AT.settled, len(settled))
            pipe.execute()

    def recent(self, limit: int) -> Sequence[Settled]:
        """Return the queries settled last, the newest first; at most a thousand are known."""
        with translated(self._url):
            texts: Any = self._client.lrange(_AT.recent, 0, limit - 1)
        return _readable(texts, metabolism_json.SETTLED.validate_json, _AT.recent)

    def count_settled(self) -> int:
        """Return how many queries were ever noted."""
        with translated(self._url):
            return int(self._client.get(_AT.settled) or 0)

    def now_ms(self) -> int:
        """Return the time by the server's clock, in ms since 1970."""
        with translated(self._url):
            reply: Any = self._client.time()
        seconds, microseconds = next(iter(cast("dict[str, Any]", reply).values())) if isinstance(reply, dict) else reply
        return int(seconds) * 1000 + int(microseconds) // 1000

    def begin(self, kind: CycleKind, *, token: str, lease_ms: int) -> Lease | Running:
        """Take the lease of a new cycle, or return the cycle that runs."""
        with translated(self._url):
            reply: Any = self._scripts.begin_cycle(keys=[_AT.lease], args=[token, kind.value, lease_ms])
        code, cycle, now_ms, held, left_ms = reply
        if BeginCode(code) is BeginCode.BEGUN:
            return Lease(cycle, token, kind, now_ms)
        return Running(cycle, CycleKind(held), left_ms)

    def running(self) -> Running | None:
        """Return the cycle that runs, None if none does."""
        with translated(self._url):
            held: Any = self._client.hgetall(_AT.lease)
        left_ms = int(held.get("until_ms", 0)) - self.now_ms()
        return Running(int(held["cycle"]), CycleKind(held["kind"]), left_ms) if left_ms > 0 else None

    def keep(self, lease: Lease, findings: Findings, *, lease_ms: int) -> KeepCode:
        """Write what a cycle found, in one step, if it still holds the lease; 0 ms more end the cycle."""
        state = metabolism_json.STATE.dump_json(findings.state) if findings.state else ""
        result = metabolism_json.RESULT.dump_json(findings.result) if findings.result else ""
        asked = [part for digest, it in findings.asked.items() for part in (digest, _packed(it))]
        args = [lease.token, lease_ms, state, result, MOST_CYCLES, len(findings.faded), *findings.faded, *asked]
        with translated(self._url):
            where = [_AT.lease, _AT.state, _AT.cycles, _AT.resonance]
            return KeepCode(cast("int", self._scripts.keep_cycle(keys=where, args=args)))

    def state(self) -> State:
        """Return what the metabolism remembers; a fresh state when there is nothing."""
        with translated(self._url):
            text: Any = self._client.get(_AT.state)
        found = _readable([text] if text else [], metabolism_json.STATE.validate_json, _AT.state)
        return found[0] if found else State()

    def patterns(self) -> Mapping[str, Pattern]:
        """Return the question forms that resonate, by digest."""
        with translated(self._url):
            packed: Any = self._client.hgetall(_AT.resonance)
        pairs = _readable(packed.items(), _unpacked, _AT.resonance)
        return dict(pairs)

    def cycles(self, limit: int) -> Sequence[CycleResult]:
        """Return what cycles did, the newest first; at most a hundred are known."""
        with translated(self._url):
            texts: Any = self._client.lrange(_AT.cycles, 0, limit - 1)
        return _readable(texts, metabolism_json.RESULT.validate_json, _AT.cycles)


def _readable(raw: Iterable[Any], read: Callable[[Any], Value], key: str) -> list[Value]:
    """Return what can be read; the rest is told in the log."""
    found: list[Value] = []
    for one in raw:
        try:
            found.append(read(one))
        except (ValidationError, ValueError) as error:
            _log.warning("metabolism.unreadable", key=key, why=str(error).splitlines()[0])
    return found


def _packed(pattern: Pattern) -> str:
    return f"{pattern.stability!r} {pattern.last_turn} {pattern.hits} {pattern.asked}"


def _unpacked(pair: tuple[str, str]) -> tuple[str, Pattern]:
    digest, packed = pair
    stability, last_turn, hits, asked = packed.split()
    if not float(stability) > 0:
        message = f"a stability of {stability} turns is none"
        raise ValueError(message)
    return digest, Pattern(float(stability), int(last_turn), int(hits), int(asked))
