"""What a question and a fact share, as absolute numbers from 0 to 1."""

from collections.abc import Mapping, Sequence
from typing import Final

from kitbash.cascade.asked import Asked
from kitbash.cascade.wording import Wording, denies, wording
from kitbash.domain.candidate import Features
from kitbash.domain.fact import Fact
from kitbash.domain.offering import offers

__all__ = ["Asked", "features"]

_SHORTEST_KIN: Final = 4
_KIN_SHARE: Final = 0.7
_UNSAID: Final = 0.5


def features(asked: Asked, fact: Fact) -> Features:
    """Return what a part of a question and a fact share."""
    text = wording(fact.text)
    # The fact's own wording counts as an alias only where it has none: it says more than any question asks.
    aliases = [wording(alias) for alias in fact.aliases] or [text]
    closeness, closest = _closest(asked, aliases)
    about = wording(fact.topic)
    topic = about.stems
    held = text.stems.union(topic, *(it.stems for it in aliases))
    missing: dict[str, float] = {}
    in_text = in_topic = 0.0
    for it, weight in asked.weights.items():
        if it in text.stems:
            in_text += weight
        if it in topic:
            in_topic += weight
        if it not in held:
            missing[it] = weight
    wordings = (text, *aliases) if fact.aliases else (text,)
    whole = asked.total or 1.0
    return Features(
        coverage=1 - sum(missing.values()) / whole if asked.total else 0.0,
        text=in_text / whole,
        topic=in_topic / whole,
        subject=float(any(it in asked.weights for it in text.ordered[:2])),
        brief=1 / max(1, len(asked.weights)),
        alias=closeness,
        order=_in_order(asked.words.ordered, closest.ordered),
        unknown=asked.unknown / whole if asked.total else 1.0,
        missing=max(missing.values(), default=0.0) / asked.heaviest if asked.heaviest else 1.0,
        numbers=float(not asked.words.numbers <= held),
        capitals=sum(missing.get(it, 0.0) for it in asked.capitals) / whole,
        negation=float(denies(asked.words, closest, is_alias=bool(fact.aliases))),
        bm25=asked.bm25(text, topic),
        pairs=_pairs(asked, wordings),
        phrase=_phrase(asked.words, wordings),
        exact=_exact(asked, wordings),
        kin=_kin(missing, (*wordings, about)) / whole,
        lead=_lead(asked, text.ordered),
        offer=_UNSAID if asked.kind is None else float(offers(fact.text, asked.kind, asked.weights.keys())),
    )


def _closest(asked: Asked, aliases: Sequence[Wording]) -> tuple[float, Wording]:
    """Return the wording that overlaps most with the question, and by how much."""
    found, most = aliases[0], -1.0
    for it in aliases:
        overlap = asked.dice(it.stems)
        if overlap > most:
            found, most = it, overlap
    return most, found


def _pairs(asked: Asked, wordings: Sequence[Wording]) -> float:
    total = sum(asked.neighbours.values())
    if not total:
        return 0.0
    most = 0.0
    for it in wordings:
        held = asked.neighbours.keys() & it.pairs
        if held:
            most = max(most, sum([asked.neighbours[pair] for pair in asked.neighbours if pair in held]))
    return most / total


def _phrase(question: Wording, wordings: Sequence[Wording]) -> float:
    return max([len(question.raw_pairs & it.raw_pairs) for it in wordings]) / max(1, len(question.raw_pairs))


def _exact(asked: Asked, wordings: Sequence[Wording]) -> float:
    total = sum(asked.inflected.values())
    if not total:
        return 0.0
    held = wordings[0].raw.union(*(it.raw for it in wordings[1:]))
    return sum([weight for word, weight in asked.inflected.items() if word in held]) / total


def _kin(missing: Mapping[str, float], wordings: Sequence[Wording]) -> float:
    """Return the weight of missing stems that begin as one does which is held; numbers are never kin."""
    found = 0.0
    for it, weight in missing.items():
        if len(it) < _SHORTEST_KIN or it[0].isdigit():
            continue
        beginning = f" {it[: max(_SHORTEST_KIN, int(len(it) * _KIN_SHARE))]}"
        for wording_ in wordings:
            if beginning in wording_.joined:
                found += weight
                break
    return found


def _lead(asked: Asked, ordered: Sequence[str]) -> float:
    first = next((at for at, it in enumerate(ordered) if it in asked.weights), None)
    return 0.0 if first is None else 1 - first / len(ordered)


def _in_order(left: Sequence[str], right: Sequence[str]) -> float:
    """Return the longest common subsequence of two wordings, as a share of the longer one."""
    if not left or not right:
        return 0.0
    # What the other does not hold cannot be in the sequence, and most of a long text is not asked for.
    ours, theirs = frozenset(left), frozenset(right)
    shared = [word for word in right if word in ours]
    row = [0] * (len(shared) + 1)
    for word in left:
        if word not in theirs:
            continue
        above = 0
        for at, other in enumerate(shared, start=1):
            above, row[at] = row[at], above + 1 if word == other else max(row[at], row[at - 1])
    return row[-1] / max(len(left), len(right))
