"""Grains of any kind, in few words."""

from dataclasses import replace
from typing import Final

from kitbash.domain.fact import Fact, content_hash
from kitbash.domain.grain import Grain, GrainState, Subject
from kitbash.domain.level import Level

TEXT: Final = "Ice floats on water."
FACT: Final = Fact("water_general", 1, TEXT, Level.EMPIRICAL, 0.9)
SUBJECT: Final = Subject("doe ice float", "water_general", 1, content_hash(TEXT))
OTHER: Final = Subject("what doe steam do", "water_general", 2, content_hash("Steam rises in cold air."))
EDITED: Final = replace(SUBJECT, fact_hash=content_hash("Ice floats."))


def grain(
    state: GrainState = GrainState.CRYSTALLISED,
    *,
    p: float = 0.99,
    hits: int = 12,
    confirmed: int = 0,
    refuted: int = 0,
    variance: float = 0.0,
    history: tuple[int, ...] = (2, 3, 1, 3, 2),
    subject: Subject = SUBJECT,
) -> Grain:
    """Return a grain that every hit found with confidence `p`."""
    return Grain(
        subject,
        state,
        hits=hits,
        measured=hits,
        mean=p,
        spread=variance * hits,
        confirmed=confirmed,
        refuted=refuted,
        last_cycle=len(history),
        cycle=len(history),
        history=history,
    )
