"""Grains on Redis: one hash of records, changed by scripts only, and a version that tells of what is served."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from kitbash.blackboard import keys
from kitbash.blackboard.connection import translated
from kitbash.blackboard.grains import MOST_CORRECTIONS, MOST_GRAINS, VOTES_TTL_S, HitCode, MoveCode, VoteCode
from kitbash.blackboard.scripts import AnyRedis, Scripts
from kitbash.domain.grain import Correction, Grain, GrainState, Hit, Subject
from kitbash.domain.grain_codec import correction_from, correction_to, grain_from, grain_to
from kitbash.domain.ids import QueryId
from kitbash.errors import BusError
from kitbash.observe import logs

_KEYS: Final = list(keys.GRAINS)
_VOTES: Final = {True: "confirmed", False: "refuted"}

Value = TypeVar("Value")

_log: Final = logs.logger(__name__)


class RedisGrains:
    """`Grains` on a Redis or Valkey server, or a cluster of them. Safe to share between threads.

    A damaged record is passed over with a warning in the log. Calls raise StoreUnavailable when the server does not
    answer.
    """

    def __init__(self, client: AnyRedis, url: str, *, most_grains: int = MOST_GRAINS) -> None:
        """Use a client, which stays its owner's to close; `url` is for messages. Nothing is sent yet."""
        # The stubs of redis-py know replies only by half.
        self._client: Any = client
        self._url = url
        self._most_grains = most_grains
        self._scripts = Scripts.on(client)

    def hit(self, hit: Hit, *, enters: bool = False) -> HitCode:
        """Count one query, as `Grains` says."""
        it = hit.subject
        kind = "entered" if enters else "served" if hit.confidence is None else "measured"
        confidence = 0.0 if hit.confidence is None else hit.confidence
        args = [it.grain_id, it.form, it.cartridge, it.fact_id, it.fact_hash, kind, repr(confidence), self._most_grains]
        return HitCode(self._run(self._scripts.hit, _KEYS, args))

    def vote(self, query_id: QueryId, subject: Subject, *, is_right: bool) -> VoteCode:
        """Have a query count once, right or wrong, for what answered it; a record is begun where there is none."""
        self.hit(Hit(subject, None), enters=True)
        at = keys.GRAINS
        own = [at.records, at.crystallised, at.clock, keys.vote(query_id)]
        return VoteCode(self._run(self._scripts.vote, own, [subject.grain_id, _VOTES[is_right], VOTES_TTL_S]))

    def votes(self) -> tuple[int, int]:
        """Return how many queries were voted right, and how many voted on at all, since the blackboard began."""
        with translated(self._url):
            confirmed, refuted = self._client.hmget(keys.GRAINS.clock, list(_VOTES.values()))
        return int(confirmed or 0), int(confirmed or 0) + int(refuted or 0)

    def promote(self, grain: Grain, to: GrainState) -> MoveCode:
        """Change the state of a grain, if it is still in the state and about the wording that was read."""
        args = [grain.grain_id, grain.state.value, to.value, grain.subject.fact_hash]
        return MoveCode(self._run(self._scripts.promote, _KEYS, args))

    def restore(self, grain: Grain) -> bool:
        """Put a grain in place as it is given, unless there is a record of it."""
        return bool(self._run(self._scripts.restore, _KEYS, [grain.grain_id, grain_to(grain)]))

    def drop(self, grain_id: str) -> bool:
        """Have a grain and its counters gone; False if there was none."""
        return bool(self._run(self._scripts.drop, _KEYS, [grain_id]))

    def get(self, grain_id: str) -> Grain | None:
        """Return a grain as it stands in the current cycle."""
        with translated(self._url):
            text: str | None = self._client.hget(keys.GRAINS.records, grain_id)
        return next(iter(self._grains([text])), None)

    def every(self) -> Sequence[Grain]:
        """Return all grains as they stand in the current cycle, in order of their ids."""
        with translated(self._url):
            records: dict[str, str] = self._client.hgetall(keys.GRAINS.records)
        return self._grains(records[grain_id] for grain_id in sorted(records))

    def crystallised(self) -> Sequence[Grain]:
        """Return the crystallised grains, in order of their ids."""
        with translated(self._url):
            ids: list[str] = sorted(self._client.smembers(keys.GRAINS.crystallised))
            texts: list[str | None] = self._client.hmget(keys.GRAINS.records, ids) if ids else []
        return [it for it in self._grains(texts) if it.state is GrainState.CRYSTALLISED]

    def version(self) -> int:
        """Return a number that grows with every change of what crystallised grains there are, or are worth."""
        return self._clock("version")

    def cycle(self) -> int:
        """Return the number of the current cycle, from 0."""
        return self._clock("cycle")

    def advance_cycle(self) -> int:
        """Begin a new cycle and return its number."""
        with translated(self._url):
            reply: Any = self._client.hincrby(keys.GRAINS.clock, "cycle", 1)
        return int(reply)

    def propose(self, correction: Correction) -> None:
        """Keep a correction for review; of more than 1,000 the oldest goes."""
        with translated(self._url):
            pipe = self._client.pipeline(transaction=False)
            pipe.lpush(keys.CORRECTIONS, correction_to(correction))
            pipe.ltrim(keys.CORRECTIONS, 0, MOST_CORRECTIONS - 1)
            pipe.execute()

    def corrections(self, limit: int) -> Sequence[Correction]:
        """Return what is to be reviewed, the newest first."""
        with translated(self._url):
            texts: list[str] = self._client.lrange(keys.CORRECTIONS, 0, limit - 1)
        return self._read(texts, correction_from)

    def _grains(self, texts: Iterable[str | None]) -> list[Grain]:
        found = self._read((text for text in texts if text is not None), grain_from)
        if not found:
            return found
        cycle = self.cycle()
        return [grain.at(cycle) for grain in found]

    def _read(self, texts: Iterable[str], read: Callable[[str], Value]) -> list[Value]:
        found: list[Value] = []
        for text in texts:
            try:
                found.append(read(text))
            except BusError as error:
                _log.warning("grains.unreadable", why=str(error))
        return found

    def _clock(self, name: str) -> int:
        with translated(self._url):
            reply: str | None = self._client.hget(keys.GRAINS.clock, name)
        return int(reply or 0)

    def _run(self, script: Any, at: Sequence[str], args: Sequence[object]) -> int:
        with translated(self._url):
            return int(script(keys=at, args=args))
