"""The judgements on engines in memory: the same contract, no server."""

from collections import Counter
from collections.abc import Mapping

from kitbash.blackboard.engines import JudgeCode, Judged
from kitbash.domain.ids import QueryId
from kitbash.domain.layer import Layer


class MemoryEngines:
    """`Engines` in this process."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[Layer, bool]] = Counter()
        self._said: dict[QueryId, tuple[Layer, bool]] = {}

    def judge(self, query_id: QueryId, layer: Layer, *, is_right: bool) -> JudgeCode:
        before, said = self._said.get(query_id), (layer, is_right)
        if before == said:
            return JudgeCode.BEFORE
        if before is not None:
            self._counts[before] -= 1
        self._counts[said] += 1
        self._said[query_id] = said
        return JudgeCode.COUNTED if before is None else JudgeCode.MOVED

    def judged(self) -> Mapping[Layer, Judged]:
        found = {layer: Judged(self._counts[layer, True], self._counts[layer, False]) for layer in Layer}
        return {layer: it for layer, it in found.items() if it.right or it.wrong}
