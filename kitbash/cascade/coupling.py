"""The rules between levels, as a pure function: what `lua/couple.lua` and `lua/health.lua` do on the server.

A lower level constrains a higher one. What is blocked constrains nothing any more; an intent's prohibition stands even
when the intent is masked.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Final

from kitbash.domain.claim import Claim, apart
from kitbash.domain.coupling import (
    COUNTS_ABOVE,
    FLAGGED,
    SEVERITIES,
    UNRESOLVED,
    Check,
    Coupled,
    Delta,
    Health,
    Mask,
    Response,
    Severity,
)
from kitbash.domain.fact import Fact
from kitbash.domain.item import Item, Place, Placement
from kitbash.domain.level import Level
from kitbash.errors import UsageError
from kitbash.knowledge.layout import Faction, faction_of

_GATES: Final[Mapping[Level, str]] = {Level.HEURISTIC: "folk_wisdom", Level.MASK: "speculation"}


def check_kappa(kappa: float) -> float:
    """Return kappa if levels can be coupled with it. Raises UsageError unless it is a finite number above 0."""
    if not math.isfinite(kappa) or kappa <= 0:
        message = f"kappa {kappa} cannot couple levels; give a number above 0 (1 is usual, less for fiction)"
        raise UsageError(message)
    return kappa


def couple(items: Iterable[Item], kappa: float, at_ms: int) -> Coupled:
    """Return what the rules make of a query's items. Raises UsageError for a kappa that is no number above 0."""
    rules = _Rules(tuple(items), COUNTS_ABOVE / check_kappa(kappa), is_fluid=kappa < 1)
    for pair in SEVERITIES:
        rules.check(*pair)
    return Coupled(at_ms, tuple(rules.checks), tuple(rules.deltas), rules.placements)


def size_of(one: Sequence[Claim], other: Sequence[Claim]) -> tuple[float, str]:
    """Return how far two statements contradict each other at most, 0 to 1, and on which key."""
    size, key = 0.0, ""
    for left, right in product(one, other):
        if left.key == right.key and (found := apart(left, right)) > size:
            size, key = found, left.key
    return size, key


def contests(one: Fact, other: Fact, kappa: float) -> bool:
    """Return whether two facts contradict each other so that something would follow from it."""
    levels = (min(one.level, other.level), max(one.level, other.level))
    is_fiction = any(faction_of(fact.cartridge) is Faction.FICTION for fact in (one, other))
    size, _ = size_of(one.claims, other.claims)
    # With a kappa that couples nothing, Layer 0 must not be the one that trusts.
    limit = COUNTS_ABOVE / kappa if kappa > 0 else 0.0
    return levels in SEVERITIES and size > limit and not (kappa < 1 and is_fiction)


class _Rules:
    def __init__(self, items: tuple[Item, ...], limit: float, *, is_fluid: bool) -> None:
        self._at: dict[Level, list[Item]] = {level: [it for it in items if it.level is level] for level in Level}
        self._limit = limit
        self._is_fluid = is_fluid
        self.checks: list[Check] = []
        self.deltas: list[Delta] = []
        self.placements: dict[str, Placement] = {}
        self._opposed: set[str] = set()

    def check(self, a: Level, b: Level) -> None:
        if not self._at[a] or not self._at[b]:
            return
        before = len(self.deltas)
        if b in _GATES:
            self._gate(b, _GATES[b])
        else:
            self._contradict(a, b)
        found = tuple(delta.delta_id for delta in self.deltas[before:])
        self.checks.append(Check(a, b, found, self._mask() if b is Level.INTENT else None))

    def _contradict(self, a: Level, b: Level) -> None:
        self._opposed = set()
        for left in self._at[a]:
            if left.ident in self.placements:
                continue
            for right in self._at[b]:
                size, key = size_of(left.claims, right.claims)
                if size > self._limit:
                    pairs = product(left.claims, right.claims)
                    self._opposed |= {p.key for p, q in pairs if p.key == q.key and apart(p, q) > self._limit}
                    is_flagged = self._is_fluid and (left.is_fiction or right.is_fiction)
                    self._found(left, right, key, size, FLAGGED if is_flagged else UNRESOLVED)

    def _gate(self, b: Level, permission: str) -> None:
        intents = self._at[Level.INTENT]
        allowed = [it.allows_folk_wisdom if b is Level.HEURISTIC else it.allows_speculation for it in intents]
        if all(allowed):
            return
        for right in self._at[b]:
            self._found(intents[allowed.index(False)], right, permission, 1.0, UNRESOLVED)

    def _found(self, left: Item, right: Item, key: str, size: float, resolution: str) -> None:
        delta_id = f"d{len(self.deltas) + 1}"
        thousandths = math.floor(size * 1000 + 0.5) / 1000
        severity = SEVERITIES[left.level, right.level]
        self.deltas.append(
            Delta(delta_id, left.level, right.level, left.ident, right.ident, key, thousandths, severity, resolution)
        )
        if resolution == UNRESOLVED and right.ident not in self.placements:
            place = Place.MASKED if right.level is Level.INTENT else Place.BLOCKED
            why = "forbidden by" if right.level in _GATES else "contradicts"
            self.placements[right.ident] = Placement(place, f"{why} {left.ident} ({delta_id})")

    def _mask(self) -> Mask:
        """Return one bit for each proposition of history or intent; whoever is silent about one agrees."""
        said: dict[str, int] = {}
        history_items = [it for it in self._at[Level.NARRATIVE] if it.ident not in self.placements]
        intents = self._at[Level.INTENT]
        for claim in (claim for item in (*history_items, *intents) for claim in item.claims):
            said.setdefault(claim.key, int(claim.affirmed))
        history = "".join(str(bit) for bit in said.values())
        disagreement = "".join(str(int(key in self._opposed)) for key in said)
        intent = "".join(str(int(one) ^ int(other)) for one, other in zip(history, disagreement, strict=True))
        return Mask(tuple(said), history, intent, disagreement)


def health(deltas: Iterable[Delta], threshold: int) -> Health:
    """Return the counts of unresolved contradictions, and what follows from the worst of them."""
    counts = dict.fromkeys(Severity, 0)
    settled = 0
    for delta in deltas:
        if delta.resolution == UNRESOLVED:
            counts[delta.severity] += 1
        else:
            settled += 1
    critical, high = counts[Severity.CRITICAL], counts[Severity.HIGH]
    medium, low = counts[Severity.MEDIUM], counts[Severity.LOW]
    if critical:
        response = Response.REFUSE
    elif high:
        response = Response.ASK
    else:
        response = Response.LOWER if medium or low else Response.NONE
    return Health(critical, high, medium, low, settled, critical + high <= threshold, response)
