"""`kitbash feedback`."""

from typing import Any

from kitbash.blackboard.engines import JudgeCode
from kitbash.blackboard.grains import VoteCode
from kitbash.cascade.feedback import Feedback
from kitbash.cli import output
from kitbash.client import Client
from kitbash.domain.judgement import Judgement

_SAID = {
    VoteCode.COUNTED: "counted",
    VoteCode.MOVED: "counted; the earlier judgement of this query counts no more",
    VoteCode.BEFORE: "judged so before; it counts once",
    VoteCode.MISSING: "not counted: the grain was dropped at this moment; judge again",
}
_JUDGED = {
    JudgeCode.COUNTED: "counted",
    JudgeCode.MOVED: "counted anew",
    JudgeCode.BEFORE: "counted before",
}


def feedback(query_id: str, judgement: Judgement, text: str, *, as_json: bool) -> None:
    """Have an answer judged, and say what it changed."""
    with Client() as client:
        found = client.feedback(query_id, judgement, text)
        target = client.runtime.settings.target_precision
    if as_json:
        output.print_json(_told(found, target))
        return
    if found.correction is not None:
        output.line("kept for review: kitbash grains corrections")
    if found.code is not None:
        output.line(_SAID[found.code])
    elif found.engine is not None:
        output.line(f"{_JUDGED[found.engine]} for the engine that answered; {found.unvoted}")
    elif found.unvoted:
        output.note(f"Nothing was counted: {found.unvoted}.")
    grain = found.grain
    if grain is not None:
        named = f"{grain.grain_id} of {grain.subject.cartridge}#{grain.subject.fact_id}"
        served = "served" if grain.is_served(target) else "not served"
        output.line(
            f"{named}: {grain.state.value}, {served}; {grain.confirmed} right, {grain.refuted} wrong, "
            f"at least {grain.lower_bound:.3f} precise"
        )
    if found.is_written and found.judgement is not Judgement.RIGHT:
        output.note("The fact was written to answer this very question: mend its cartridge to have another answer.")


def _told(found: Feedback, target_precision: float) -> dict[str, Any]:
    grain = found.grain
    return {
        "query_id": found.query_id,
        "judgement": found.judgement.value,
        "counted": None if found.code is None else found.code.name.lower(),
        "why_not": found.unvoted,
        "counted_for_engine": None if found.engine is None else found.engine.name.lower(),
        "is_kept_for_review": found.correction is not None,
        "is_written": found.is_written,
        "grain": None
        if grain is None
        else {
            "grain_id": grain.grain_id,
            "state": grain.state.value,
            "confirmed": grain.confirmed,
            "refuted": grain.refuted,
            "lower_bound": round(grain.lower_bound, 4),
            "is_served": grain.is_served(target_precision),
        },
    }
