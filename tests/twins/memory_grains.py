"""Grains in this process's memory: the plain model that the scripts are held against."""

import threading
from collections.abc import Sequence
from dataclasses import replace

from kitbash.blackboard.grains import MOST_CORRECTIONS, MOST_GRAINS, HitCode, MoveCode, VoteCode
from kitbash.domain.grain import Correction, Grain, GrainState, Hit, Subject
from kitbash.domain.ids import QueryId


class MemoryGrains:
    """`Grains` for tests."""

    def __init__(self, *, most_grains: int = MOST_GRAINS) -> None:
        self._most_grains = most_grains
        self._shared = threading.RLock()
        self._records: dict[str, Grain] = {}
        self._born: dict[str, int] = {}
        self._births = 0
        self._recent: list[str] = []
        self._votes: dict[QueryId, tuple[str, int, bool]] = {}
        self._corrections: list[Correction] = []
        self._version = 0
        self._right = 0
        self._judged = 0
        self._cycle = 0

    def hit(self, hit: Hit, *, enters: bool = False) -> HitCode:
        with self._shared:
            subject, grain_id = hit.subject, hit.subject.grain_id
            held = self._records.get(grain_id)
            stands = (
                held is not None and held.subject.fact_hash == subject.fact_hash and held.state is not GrainState.DEAD
            )
            is_served = not enters and hit.confidence is None
            if is_served and not (stands and held and held.state is GrainState.CRYSTALLISED):
                return HitCode.UNKNOWN
            code = HitCode.COUNTED
            if held is None or not stands:
                code = HitCode.BEGUN
                if held is not None and held.state is GrainState.CRYSTALLISED:
                    self._version += 1
                cycle = self._cycle
                held = Grain(subject, first_cycle=cycle, last_cycle=cycle, cycle=cycle)
                self._bear(grain_id)
            held = held.at(self._cycle)
            if not enters:
                held = replace(held, hits=held.hits + 1, cycle_hits=held.cycle_hits + 1, last_cycle=self._cycle)
            if not enters and hit.confidence is not None:
                measured = held.measured + 1
                off = hit.confidence - held.mean
                mean = held.mean + off / measured
                spread = held.spread + off * (hit.confidence - mean)
                held = replace(held, measured=measured, mean=mean, spread=spread)
            self._records[grain_id] = held
            if held.state is not GrainState.CRYSTALLISED:
                self._touch(grain_id)
            elif not enters and hit.confidence is not None:
                self._version += 1
            while len(self._recent) > self._most_grains:
                del self._records[self._recent.pop(0)]
            return code

    def vote(self, query_id: QueryId, subject: Subject, *, is_right: bool) -> VoteCode:
        with self._shared:
            self.hit(Hit(subject, None), enters=True)
            held = self._records.get(subject.grain_id)
            if held is None:
                return VoteCode.MISSING
            born = self._born[subject.grain_id]
            before = self._votes.get(query_id)
            if before == (subject.grain_id, born, is_right):
                return VoteCode.BEFORE
            code = VoteCode.COUNTED
            if before == (subject.grain_id, born, not is_right):
                code = VoteCode.MOVED
                held = _voted(held, is_right=not is_right, by=-1)
                self._right -= not is_right
                self._judged -= 1
            self._right += is_right
            self._judged += 1
            self._records[subject.grain_id] = _voted(held, is_right=is_right, by=1)
            self._votes[query_id] = (subject.grain_id, born, is_right)
            if held.state is GrainState.CRYSTALLISED:
                self._version += 1
            return code

    def votes(self) -> tuple[int, int]:
        return self._right, self._judged

    def promote(self, grain: Grain, to: GrainState) -> MoveCode:
        with self._shared:
            held = self._records.get(grain.grain_id)
            if held is None:
                return MoveCode.MISSING
            if (held.state, held.subject.fact_hash) != (grain.state, grain.subject.fact_hash):
                return MoveCode.OTHER
            self._records[grain.grain_id] = replace(held, state=to)
            if to is GrainState.CRYSTALLISED:
                self._recent = [it for it in self._recent if it != grain.grain_id]
            else:
                self._touch(grain.grain_id)
            if (held.state is GrainState.CRYSTALLISED) is not (to is GrainState.CRYSTALLISED):
                self._version += 1
            return MoveCode.MOVED

    def restore(self, grain: Grain) -> bool:
        with self._shared:
            if grain.grain_id in self._records:
                return False
            self._records[grain.grain_id] = grain
            self._bear(grain.grain_id)
            if grain.state is GrainState.CRYSTALLISED:
                self._version += 1
            else:
                self._touch(grain.grain_id)
            return True

    def drop(self, grain_id: str) -> bool:
        with self._shared:
            held = self._records.pop(grain_id, None)
            self._recent = [it for it in self._recent if it != grain_id]
            if held is not None and held.state is GrainState.CRYSTALLISED:
                self._version += 1
            return held is not None

    def get(self, grain_id: str) -> Grain | None:
        with self._shared:
            held = self._records.get(grain_id)
            return None if held is None else held.at(self._cycle)

    def every(self) -> Sequence[Grain]:
        with self._shared:
            return [self._records[grain_id].at(self._cycle) for grain_id in sorted(self._records)]

    def crystallised(self) -> Sequence[Grain]:
        return [grain for grain in self.every() if grain.state is GrainState.CRYSTALLISED]

    def version(self) -> int:
        return self._version

    def cycle(self) -> int:
        return self._cycle

    def advance_cycle(self) -> int:
        with self._shared:
            self._cycle += 1
            return self._cycle

    def propose(self, correction: Correction) -> None:
        with self._shared:
            self._corrections = [correction, *self._corrections][:MOST_CORRECTIONS]

    def corrections(self, limit: int) -> Sequence[Correction]:
        with self._shared:
            return self._corrections[:limit]

    def _bear(self, grain_id: str) -> None:
        self._births += 1
        self._born[grain_id] = self._births

    def _touch(self, grain_id: str) -> None:
        self._recent = [*(it for it in self._recent if it != grain_id), grain_id]


def _voted(grain: Grain, *, is_right: bool, by: int) -> Grain:
    if is_right:
        return replace(grain, confirmed=max(0, grain.confirmed + by))
    return replace(grain, refuted=max(0, grain.refuted + by))
