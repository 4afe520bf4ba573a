"""Layer 1: what is asked, which cartridges can know it, and how the search is spread. Rules, and a network's view."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from kitbash.cascade import impressions
from kitbash.cascade.policy import Policy
from kitbash.domain import codec
from kitbash.domain.decision import Decision, DecisionKind
from kitbash.domain.impression import Impression, asks_for
from kitbash.domain.plan import Plan
from kitbash.domain.verdict import Finding
from kitbash.domain.words import content_stems
from kitbash.errors import KnowledgeError
from kitbash.knowledge.cartridge import Cartridge

MAX_PARTS: Final = 4
_HALF: Final = 0.5

_SENTENCE: Final = re.compile(r"(?<=\?)\s+(?=\S)")
_ASKING: Final = r"(?:what|who|whom|whose|which|when|where|why|how|is|are|was|were|do|does|did|can)"
_JOINT: Final = re.compile(rf"\s*(?:,|;)?\s+(?:and|also)\s+(?={_ASKING}\b)", re.IGNORECASE)
_COMPARED: Final = re.compile(
    r"(?:\bcompare|\bdifferences?\s+between)\s+(.+?)\s+(?:and|with|to|versus|vs\.?)\s+(.+?)\s*[?.]*$", re.IGNORECASE
)
_LEANING: Final = re.compile(
    r"^(?:and|but|so|then)\b|\b(?:again|earlier|last time|as before|still|that one|the same|you said)\b", re.IGNORECASE
)
_SHORT_WORDS: Final = 10
_FORMS: Final = (
    (
        re.compile(r"\bhow (?:many|much|fast|far|long|high|tall|deep|old|hot|big|heavy|large)\b", re.IGNORECASE),
        "quantity",
    ),
    (re.compile(r"\bwho(?:m|se)?\b", re.IGNORECASE), "person"),
    (re.compile(r"\bwhen\b|\bwhat year\b", re.IGNORECASE), "time"),
    (re.compile(r"\bwhere\b", re.IGNORECASE), "place"),
    (re.compile(r"\bwhy\b", re.IGNORECASE), "reason"),
    (re.compile(r"\bhow\b", re.IGNORECASE), "manner"),
    (re.compile(r"\b(?:what|which)\b", re.IGNORECASE), "thing"),
)


def triage(
    question: str,
    cartridges: Sequence[Cartridge],
    kappa: float,
    policy: Policy,
    *,
    impression: Impression | None = None,
    at_ms: int = 0,
) -> Finding:
    """Return the plan for the rest of the cascade. Triage never answers; its confidence is the share of known words.

    Without an impression the rules decide alone.
    """
    parts = asked_for(question)
    stems = tuple(dict.fromkeys(stem for part in parts for stem in content_stems(part)))
    known, broken = _known(stems, cartridges)
    total = sum(cartridge.index.fact_count for cartridge in cartridges)
    holders = {stem: sum(counts.get(stem, 0) for counts in known.values()) for stem in stems}
    weights = {stem: idf(total, holders[stem]) for stem in stems}
    unknown = frozenset(stem for stem in stems if not holders[stem])
    able = _able(known, parts, weights)
    chosen = [cartridge for cartridge in cartridges if cartridge.name in able]
    chosen = impressions.opened(chosen, impression, known, weights)
    form = impressions.form(impression, form_of(question))
    shards = spread(((cartridge.name, cartridge.index.fact_count) for cartridge in chosen), policy.facts_per_shard)
    share = 1 - _share(weights, unknown)
    reason = _words(form, parts, chosen, cartridges, unknown) + impressions.said(impression)
    reason += "".join(f"; {error}" for error in broken)
    plan = Plan(parts, shards, weights, unknown, kappa, reason, form, leans(question))
    opened = tuple(cartridge.name for cartridge in chosen)
    kind = DecisionKind.CARTRIDGES
    decision = Decision("p1", at_ms, kind, reason, input=stems, output=opened, confidence=round(share, 4))
    return Finding(share, reason, product=codec.plan_to(plan), decisions=(decision,))


def _known(stems: Sequence[str], cartridges: Sequence[Cartridge]) -> tuple[dict[str, dict[str, int]], list[str]]:
    """Return how many facts of each cartridge hold each stem, and what is wrong with those that cannot say."""
    known: dict[str, dict[str, int]] = {}
    broken: list[str] = []
    for cartridge in cartridges:
        try:
            known[cartridge.name] = cartridge.index.known(stems)
        except KnowledgeError as error:
            broken.append(str(error))
    return known, broken


def _able(known: Mapping[str, Mapping[str, int]], parts: Sequence[str], weights: Mapping[str, float]) -> frozenset[str]:
    """Return the cartridges that hold at least half of what the best one holds of some part, by idf weight."""
    able: set[str] = set()
    for part in parts:
        stems = frozenset(content_stems(part))
        held = {name: sum(weights[stem] for stem in stems if stem in counts) for name, counts in known.items()}
        most = max(held.values(), default=0.0)
        able.update(name for name, weight in held.items() if weight and weight >= _HALF * most)
    return frozenset(able)


def idf(total: int, holders: int) -> float:
    """Return the weight of a word that `holders` of `total` facts hold (BM25's idf, never negative)."""
    return math.log(1 + (total - holders + 0.5) / (holders + 0.5))


def form_of(question: str) -> str:
    """Return what kind of thing a question asks for, by its first tell-tale words."""
    return next((form for pattern, form in _FORMS if pattern.search(question)), "statement")


def shape_of(question: str) -> tuple[str, bool]:
    """Return all that the rules tell of a question's form: what it asks for, and whether it compares two things."""
    return form_of(question), bool(_COMPARED.search(question))


def leans(question: str) -> bool:
    """Return whether a question leans on what was asked before: by a word for it, or by being a long story."""
    return bool(_LEANING.search(question)) or len(question.split()) > _SHORT_WORDS


def asked_for(question: str) -> tuple[str, ...]:
    """Return the whole question, then the single things it asks for when it asks for two to four."""
    compared = _COMPARED.search(question)
    if compared:
        return (question, *(f"What is {thing.strip()}?" for thing in compared.groups()))
    parts = [part for sentence in _SENTENCE.split(question) for part in _JOINT.split(sentence) if content_stems(part)]
    return (question, *parts) if 1 < len(parts) <= MAX_PARTS else (question,)


def spread(cartridges: Iterable[tuple[str, int]], facts_per_shard: int) -> tuple[tuple[str, ...], ...]:
    """Return cartridges grouped into shards of about equal work; one shard while they are small."""
    shards: list[list[str]] = []
    room = 0
    for name, facts in cartridges:
        if not shards or facts > room:
            shards.append([])
            room = facts_per_shard
        shards[-1].append(name)
        room -= facts
    return tuple(tuple(shard) for shard in shards)


def _share(weights: dict[str, float], some: Iterable[str]) -> float:
    total = sum(weights.values())
    return sum(weights[stem] for stem in some) / total if total else 1.0


def _words(
    form: str,
    parts: Sequence[str],
    chosen: Sequence[Cartridge],
    visible: Sequence[Cartridge],
    unknown: frozenset[str],
) -> str:
    several = f", {len(parts) - 1} things" if len(parts) > 1 else ""
    missing = f"; no cartridge knows {', '.join(sorted(unknown)[:5])}" if unknown else ""
    return f"{asks_for(form)}{several}; {len(chosen)} of {len(visible)} cartridges{missing}"
