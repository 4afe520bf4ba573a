"""The vote of several engines on one question: which of them agree, in what they say and not in how sure they are.

Two answers agree when neither contradicts the other and what one says bears out the other, or one fact both. Of
groups in which all agree the one that counts most wins; no answer is better for being longer or surer. Pure.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from statistics import fmean
from typing import Final

from kitbash.cascade.bearing import Bearing, bearing
from kitbash.cascade.sentences import sentences
from kitbash.domain.answer import Answer
from kitbash.domain.checked import OWN_MARK
from kitbash.domain.codec import dumps
from kitbash.domain.fact import Fact
from kitbash.domain.item import ident_of
from kitbash.domain.layer import Layer
from kitbash.domain.level import Level
from kitbash.domain.normal_form import normal_form
from kitbash.domain.plan import Plan
from kitbash.domain.strategy import Strategy
from kitbash.domain.verdict import Finding
from kitbash.knowledge.source.claiming import claims_of

UNKNOWN_WEIGHT: Final = 1.0
"""What every engine counts where nothing is known of any; otherwise an unknown one counts the mean of the known."""
NO_WEIGHT: Final = 0.5
"""The confidence of those that agree when none of them counts anything: nobody knows."""
MEASURED_WEIGHT: Final = 1.5
"""How much more an answer to a factual question counts that stands on L0 and L1 alone."""
OWN_WORDS: Final = 0.9
"""What is left of a large model's confidence where a question leaves room for opinions."""

MARGIN_MS: Final = 2000
"""Kept back of a query's time, so that those who answered are heard although another engine took too long."""

_OPEN_ENDED: Final = frozenset(("reason", "manner", "statement"))
"""The forms of questions that leave room; the others ask for a fact."""
_MEASURED: Final = frozenset((Level.EMPIRICAL, Level.AXIOMATIC))
_AGAINST: Final = "[against"
NO_WEIGHTS: Final[Mapping[Layer, float]] = {}


@dataclass(frozen=True, slots=True)
class Vote:
    """How a vote ended: the answer that speaks for those that agree, with the confidence of all of them.

    `agree` and `differ` are the layers on either side. It is uncertain when somebody differs.
    """

    answer: Answer
    agree: tuple[Layer, ...]
    differ: tuple[Layer, ...]

    @property
    def is_uncertain(self) -> bool:
        """Return whether an engine said something else."""
        return bool(self.differ)

    def reason(self) -> str:
        """Return the vote in words."""
        if self.differ:
            return f"uncertain: {_named(self.agree)} against {_named(self.differ)}"
        return f"{_named(self.agree)} agree" if len(self.agree) > 1 else f"only {_named(self.agree)} answered"


@dataclass(frozen=True, slots=True)
class _Voice:
    answer: Answer
    layer: Layer
    confidence: float
    weight: float


def vote(
    answers: Iterable[Answer],
    strategy: Strategy,
    *,
    question: str = "",
    form: str = "",
    weights: Mapping[Layer, float] = NO_WEIGHTS,
) -> Vote | None:
    """Return how engines vote, None if none of them answered. Who did not answer has no vote.

    Confidence is the mean of those that agree, weighted by what each counts, times their share of all that counts. Of
    several that agree the cheapest layer speaks: its words are nearest to the facts. The group
    that counts most wins; of equals the larger, then the surer, then the cheaper.
    """
    known = _every(NO_WEIGHTS if strategy is Strategy.SIMPLE else weights)
    is_typed = strategy is Strategy.TYPED
    voices = sorted(
        (_voice(it, it.layer, known, form if is_typed else None) for it in answers if it.layer is not None),
        key=lambda it: it.layer,
    )
    if not voices:
        return None
    group = max(_groups(voices, question), key=_rank)
    others = [it for it in voices if it not in group]
    heard, total = _weight(group), _weight(voices)
    mean = sum(it.confidence * it.weight for it in group) / heard if heard else NO_WEIGHT
    share = heard / total if total else len(group) / len(voices)
    said = group[0].answer
    # Rounded as the blackboard rounds it, so that a replay of what was recorded says the same.
    answer = Answer(said.status, said.text, said.layer, round(mean * share, 6), said.sources)
    return Vote(answer, tuple(it.layer for it in group), tuple(it.layer for it in others))


def voted(question: str, plan: Plan, opinions: Sequence[Answer], weights: Mapping[Layer, float]) -> Finding:
    """Return what Layer 1 says once the engines have: their answer, and how they voted, for a replay."""
    product = dumps({"weights": {layer.label: weight for layer, weight in weights.items()}})
    found = vote(opinions, plan.consensus, question=question, form=plan.form, weights=weights)
    if found is None:
        return Finding(0.0, f"{plan.consensus} consensus: no engine was sure enough", product=product)
    answer, reason = found.answer, f"{plan.consensus} consensus, {found.reason()}"
    return Finding(answer.confidence, reason, answer.text, answer.sources, product, layer=answer.layer)


def weights_of(product: str | None) -> dict[Layer, float]:
    """Return the weights that a recorded vote was taken with."""
    said: dict[str, float] = json.loads(product)["weights"] if product else {}
    return {layer: said[layer.label] for layer in Layer if layer.label in said}


def agree(one: Answer, other: Answer, *, question: str = "") -> bool:
    """Return whether two answers say the same thing, in the same words or by their claims and their content."""
    mine, yours = _statements(one.text), _statements(other.text)
    if _plainly(mine) == _plainly(yours) != "":
        return True
    found = {bearing(it.text, fact, question=question).bearing for it, fact in _pairs(mine, yours)}
    if Bearing.CONTRADICTS in found:
        return False
    named = {ident_of(fact) for fact in one.sources}
    shared = [fact for fact in other.sources if ident_of(fact) in named]
    return Bearing.SUPPORTS in found or any(
        _stands_on(mine, fact, question) and _stands_on(yours, fact, question) for fact in shared
    )


def _every(weights: Mapping[Layer, float]) -> dict[Layer, float]:
    """Return what each engine counts. To be unknown is no merit: it counts neither more nor less than the known do."""
    unknown = fmean(weights.values()) if weights else UNKNOWN_WEIGHT
    return {layer: weights.get(layer, unknown) for layer in Layer}


def _voice(answer: Answer, layer: Layer, weights: Mapping[Layer, float], form: str | None) -> _Voice:
    weight, confidence = weights[layer], answer.confidence
    if form in _OPEN_ENDED:
        confidence *= OWN_WORDS if layer is Layer.KOBOLD else 1.0
    elif form is not None and answer.sources and all(fact.level in _MEASURED for fact in answer.sources):
        weight *= MEASURED_WEIGHT
    return _Voice(answer, layer, confidence, weight)


def _groups(voices: Sequence[_Voice], question: str) -> Iterable[tuple[_Voice, ...]]:
    """Return the groups in which everybody agrees with everybody; one alone is a group."""
    at = range(len(voices))
    said = {(i, j): agree(voices[i].answer, voices[j].answer, question=question) for i, j in combinations(at, 2)}
    for size in range(1, len(voices) + 1):
        for some in combinations(at, size):
            if all(said[pair] for pair in combinations(some, 2)):
                yield tuple(voices[i] for i in some)


def _rank(group: Sequence[_Voice]) -> tuple[float, int, float, int]:
    return _weight(group), len(group), sum(it.confidence * it.weight for it in group), -group[0].layer


def _weight(group: Iterable[_Voice]) -> float:
    return sum(it.weight for it in group)


@lru_cache(maxsize=64)
def _statements(text: str) -> tuple[Fact, ...]:
    """Return the sentences of an answer as facts, but for those that stand in it although a source speaks against."""
    said = [it.text for it in sentences(text) if _AGAINST not in it.text]
    plain = [it.replace(OWN_MARK, "").strip() for it in said]
    return tuple(Fact("", n, it, Level.NARRATIVE, 1.0, claims=claims_of(it)) for n, it in enumerate(plain, 1) if it)


def _plainly(said: Iterable[Fact]) -> str:
    return normal_form(" ".join(it.text for it in said))


def _pairs(mine: Sequence[Fact], yours: Sequence[Fact]) -> Iterable[tuple[Fact, Fact]]:
    for one in mine:
        for other in yours:
            yield one, other
            yield other, one


def _stands_on(said: Iterable[Fact], fact: Fact, question: str) -> bool:
    return any(bearing(it.text, fact, question=question).bearing is Bearing.SUPPORTS for it in said)


def _named(layers: Iterable[Layer]) -> str:
    return " and ".join(it.label for it in layers)
