"""What triage does with the network's impression: little, and only where it is sure. The rules stay beneath."""

from collections.abc import Mapping, Sequence
from typing import Final

from kitbash.domain.impression import Impression
from kitbash.knowledge.cartridge import Cartridge

FORM_CUT: Final = 0.9
"""How sure the network must be of a form for it to stand in the plan instead of the rules' own."""
DOMAIN_CUT: Final = 0.9
"""How sure it must be of one cartridge for that to be searched first and unlikely ones to be left out."""
OUTSIDE_CUT: Final = 0.9
"""How sure it must be that a question is outside everything it was trained on for the reason to say so."""
_UNLIKELY: Final = 0.01
_RARE: Final = 0.5


def form(impression: Impression | None, by_rules: str) -> str:
    """Return the network's form if it is sure enough, else the rules'."""
    return impression.form if impression and impression.form_probability >= FORM_CUT else by_rules


def opened(
    chosen: Sequence[Cartridge],
    impression: Impression | None,
    known: Mapping[str, Mapping[str, int]],
    weights: Mapping[str, float],
) -> list[Cartridge]:
    """Return the cartridges to search, the likeliest first, if the network is sure of one of them; else as they were.

    Left out are only those that it was trained on, holds unlikely (below 0.01) and that hold no rare word of the
    question: none that weighs at least half of the heaviest that some cartridge knows.
    """
    if impression is None or all(impression.domains.get(it.name, 0.0) < DOMAIN_CUT for it in chosen):
        return list(chosen)
    held = {stem for counts in known.values() for stem in counts}
    heaviest = max((weights[stem] for stem in held), default=0.0)
    rare = {stem for stem in held if weights[stem] >= _RARE * heaviest}
    kept = [
        it for it in chosen if impression.domains.get(it.name, 1.0) >= _UNLIKELY or rare & known.get(it.name, {}).keys()
    ]
    return sorted(kept, key=lambda it: -impression.domains.get(it.name, 0.0))


def said(impression: Impression | None) -> str:
    """Return what a reason says of the impression; nothing where it changes nothing."""
    if impression is None:
        return ""
    found: list[str] = []
    if impression.form_probability >= FORM_CUT:
        found.append(f"form by the network ({impression.form_probability:.2f})")
    if impression.outside >= OUTSIDE_CUT:
        found.append(f"outside everything the network was trained on ({impression.outside:.2f})")
    return "".join(f"; {it}" for it in found)
