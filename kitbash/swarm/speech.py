"""Speech acts: what a message is meant to do (after FIPA ACL), and how one is chosen where it is not given."""

from enum import StrEnum
from typing import Final

SURE: Final = 0.8
UNSURE: Final = 0.2
ENOUGH_CITATIONS: Final = 2


class SpeechAct(StrEnum):
    """What a message is meant to do; the value is its wire name."""

    INFORM = "inform"
    REQUEST = "request"
    ESCALATE = "escalate"
    HOLD = "hold"


def choose(confidence: float, citations: int, *, is_critical: bool = False) -> SpeechAct:
    """Return the speech act of a finding by the table of IF.swarm.s2.

    Sure (0.8 or more): with two citations it informs, with fewer it asks a peer for another source. Below 0.2: what is
    critical is marked for a person (`escalate_to_human` is what asks one), the rest is held. Between, it informs.
    """
    if confidence >= SURE:
        return SpeechAct.INFORM if citations >= ENOUGH_CITATIONS else SpeechAct.REQUEST
    if confidence < UNSURE:
        return SpeechAct.ESCALATE if is_critical else SpeechAct.HOLD
    return SpeechAct.INFORM
