"""What a person is asked to decide: levels, a threshold, contradictions and gaps. Nothing of it is done by itself."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from kitbash.cascade.risk import choose
from kitbash.domain.fact import Fact
from kitbash.domain.grain import Grain
from kitbash.domain.homeostasis import MOST_ATTEMPTS, Balance
from kitbash.domain.metabolism import MOST_PROPOSALS, Calibration, Proposal, ProposalKind, Settled
from kitbash.domain.promotion import Move, Standing, move, target
from kitbash.domain.resonance import ACTIVE, Resonance
from kitbash.knowledge.layout import Faction, faction_of

MOST_GAPS: Final = 5
MOST_LEVELS: Final = 20
LEAST_CHANGE: Final = 0.005
"""A threshold that is off by less is as good as right."""

Find = Callable[[str, int], Fact | None]


def levels(grains: Iterable[Grain], find: Find, cycle: int) -> list[Proposal]:
    """Return the facts whose level people's votes speak against, the most judged first. What is fiction never rises."""
    votes: dict[tuple[str, int], tuple[int, int]] = {}
    for grain in grains:
        named = (grain.subject.cartridge, grain.subject.fact_id)
        right, wrong = votes.get(named, (0, 0))
        votes[named] = (right + grain.confirmed, wrong + grain.refuted)
    found: list[Proposal] = []
    for (cartridge, fact_id), (right, wrong) in sorted(votes.items(), key=lambda it: (-sum(it[1]), it[0])):
        fact = find(cartridge, fact_id)
        if fact is None:
            continue
        standing = Standing(fact.level, fact.confidence, len(fact.sources), right, wrong)
        wanted = move(standing)
        if wanted is Move.STAY or (wanted is Move.UP and faction_of(cartridge) is Faction.FICTION):
            continue
        to = target(fact.level, wanted)
        action = f"{wanted.value} from {fact.level.label} to {'the archive' if to is None else to.label}"
        reason = f"{right} of {standing.judged} votes say right: a confidence of {standing.measured:.2f}"
        found.append(Proposal(ProposalKind.LEVEL, f"{cartridge}#{fact_id}", action, reason, cycle))
    return found[:MOST_LEVELS]


def calibration(grains: Iterable[Grain]) -> Calibration | None:
    """Return how sure search was of what was judged, and how often it was right; None when nothing was judged."""
    scored = _scored(grains)
    if not scored:
        return None
    total = len(scored)
    return Calibration(total, sum(it for it, _ in scored) / total, sum(is_right for _, is_right in scored) / total)


def threshold(
    grains: Iterable[Grain], current: float, precision: float, cycle: int, *, is_calibrated: bool = False
) -> list[Proposal]:
    """Return a higher threshold of Layer 2 if votes say that answers just above the one in force are wrong too often.

    Only answers above it were ever judged, so nothing speaks for a lower one. Of too few votes nothing follows. Where
    calibration picks the thresholds a higher target is proposed: one set by hand would hold for all facts, and lower
    that of those without aliases.
    """
    cut = choose(_scored(grains), precision)
    # A cut that leaves no judged answer out says that the threshold in force is high enough.
    if cut is None or cut.coverage == 1 or cut.threshold <= current + LEAST_CHANGE:
        return []
    reason = f"{cut.precision:.1%} of the votes on answers above it say right, {cut.at_least:.1%} at least"
    if is_calibrated:
        action = f"raise it from {precision:g}: votes ask for a threshold of {cut.threshold:.3f} instead of {current:g}"
        return [Proposal(ProposalKind.THRESHOLD, "target_precision", action, reason, cycle)]
    action = f"raise it from {current:g} to {cut.threshold:.3f}"
    return [Proposal(ProposalKind.THRESHOLD, "layers.cartridge.threshold", action, reason, cycle)]


def contradictions(balance: Balance, cycle: int) -> list[Proposal]:
    """Return the contradictions that mattered turn after turn: the facts are a person's to mend."""
    reason = f"it decided answers in {MOST_ATTEMPTS} turns or more"
    return [
        Proposal(ProposalKind.CONTRADICTION, pair, "correct or withdraw one of the two facts", reason, cycle)
        for pair in balance.persistent
    ]


def gaps(balance: Balance, resonance: Resonance, recent: Sequence[Settled], cycle: int) -> list[Proposal]:
    """Return what is asked again and again and answered by nobody: where to explore while nothing is learned."""
    if not balance.is_stagnant:
        return []
    open_: dict[str, str] = {}
    for it in recent:
        if it.layer is None and resonance.weight(it.form) >= ACTIVE:
            open_.setdefault(it.form, it.query_id)
    often = sorted(open_, key=lambda form: (-resonance.patterns[form].asked, form))
    return [
        Proposal(
            ProposalKind.GAP,
            f"query {open_[form]}",
            "add a fact that answers it",
            f"it was asked {resonance.patterns[form].asked} times and is not answered",
            cycle,
        )
        for form in often[:MOST_GAPS]
        if resonance.patterns[form].asked > 1
    ]


def merged(old: Sequence[Proposal], new: Sequence[Proposal]) -> tuple[Proposal, ...]:
    """Return what is proposed now; what was proposed before about the same keeps the cycle it was first proposed in."""
    first = {(it.kind, it.about, it.action): it.cycle for it in old}
    found = [
        Proposal(it.kind, it.about, it.action, it.reason, first.get((it.kind, it.about, it.action), it.cycle))
        for it in new
    ]
    return tuple(found[:MOST_PROPOSALS])


def _scored(grains: Iterable[Grain]) -> list[tuple[float, bool]]:
    """Return the confidence that search had and whether that was right, once for each vote."""
    return [
        (grain.mean, is_right)
        for grain in grains
        if grain.measured
        for is_right, count in ((True, grain.confirmed), (False, grain.refuted))
        for _ in range(count)
    ]
