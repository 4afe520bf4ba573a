"""What somebody says of an answer: right or wrong counts for its grain, a correction is kept for a person to review."""

from dataclasses import dataclass, replace
from typing import Final

from kitbash.blackboard.engines import Engines, JudgeCode
from kitbash.blackboard.grains import Grains, VoteCode
from kitbash.cascade.grains import answered_by
from kitbash.domain.answer import Answer, Status
from kitbash.domain.fact import content_hash
from kitbash.domain.grain import Correction, Grain, Subject
from kitbash.domain.ids import QueryId
from kitbash.domain.item import ident_of
from kitbash.domain.judgement import Judgement
from kitbash.domain.question import printable
from kitbash.errors import UsageError
from kitbash.knowledge.library import Library

MAX_CHARS: Final = 1000
"""How long a correction may be."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A query that ended, as the blackboard or the archive has it; `answer` is None while it is open."""

    query_id: QueryId
    text: str
    answer: Answer | None
    user: str = ""


@dataclass(frozen=True, slots=True)
class Feedback:
    """What came of it. `code` and `grain` are None where no fact was voted on, and `unvoted` says why.

    `engine` is what came of it for the engine that answered, None where there was no answer or nobody counts.
    `is_written` says that the question stands among those its fact was written to answer, so that no vote silences it.
    """

    query_id: QueryId
    judgement: Judgement
    code: VoteCode | None = None
    grain: Grain | None = None
    correction: Correction | None = None
    unvoted: str = ""
    is_written: bool = False
    engine: JudgeCode | None = None


def give(
    asked: Asked,
    judgement: Judgement,
    grains: Grains,
    library: Library,
    engines: Engines | None = None,
    *,
    text: str = "",
    at_ms: int = 0,
) -> Feedback:
    """Have an answer judged, once a query, and a correction kept: text, never knowledge by itself.

    It counts for the grain of an answer that is one fact, and with `engines` for whichever engine answered. Raises
    UsageError for a judgement that cannot count and a correction that is none; then nothing changed.
    """
    if judgement is not Judgement.CORRECT:
        if text:
            message = f"{judgement.value} takes no text; to say what is right, use: correct"
            raise UsageError(message)
        subject, why = _subject(asked, library)
        if subject is None and (engines is None or not _is_answered(asked)):
            raise UsageError(why)
        found = Feedback(asked.query_id, judgement, unvoted=why, engine=_counted(asked, judgement, engines))
        return found if subject is None else _voted(found, subject, grains, library)
    correction = _correction(asked, text, at_ms)
    subject, why = _subject(asked, library)
    grains.propose(correction)
    counted = _counted(asked, judgement, engines)
    found = Feedback(asked.query_id, judgement, correction=correction, unvoted=why, engine=counted)
    return found if subject is None else _voted(found, subject, grains, library)


def _is_answered(asked: Asked) -> bool:
    return asked.answer is not None and asked.answer.status is Status.ANSWERED


def _counted(asked: Asked, judgement: Judgement, engines: Engines | None) -> JudgeCode | None:
    answer = asked.answer
    if engines is None or answer is None or answer.layer is None or not _is_answered(asked):
        return None
    return engines.judge(asked.query_id, answer.layer, is_right=judgement is Judgement.RIGHT)


def _voted(given: Feedback, subject: Subject, grains: Grains, library: Library) -> Feedback:
    code = grains.vote(given.query_id, subject, is_right=given.judgement is Judgement.RIGHT)
    is_written = (subject.cartridge, subject.fact_id) in library.with_form(subject.form)
    return replace(given, code=code, grain=grains.get(subject.grain_id), is_written=is_written)


def _subject(asked: Asked, library: Library) -> tuple[Subject | None, str]:
    """Return what is voted on; or None, and why nothing is."""
    answer = asked.answer
    if answer is None:
        return None, f"query {asked.query_id} has not ended yet; judge its answer when it has one"
    if answer.status is not Status.ANSWERED:
        return None, (
            f"query {asked.query_id} ended {answer.status.value}, so there is no answer to judge; "
            "to say what it should have been, use: correct"
        )
    subject = answered_by(asked.text, answer)
    if subject is None:
        return None, (
            f"the answer to query {asked.query_id} is not one fact alone, and only such an answer earns or loses a "
            "grain; to say what it should have been, use: correct"
        )
    fact = library.fact(subject.cartridge, subject.fact_id)
    if fact is None or content_hash(fact.text) != subject.fact_hash:
        named = f"{subject.cartridge}#{subject.fact_id}"
        return None, f"{named} no longer says what query {asked.query_id} was answered with; ask again and judge that"
    return subject, ""


def _correction(asked: Asked, text: str, at_ms: int) -> Correction:
    said = printable(text)
    if not said or len(said) > MAX_CHARS:
        message = f"a correction is a text of 1 to {MAX_CHARS:,} characters; this one has {len(said):,}"
        raise UsageError(message)
    answer = asked.answer
    return Correction(
        asked.query_id,
        asked.text,
        "" if answer is None else answer.text,
        said,
        () if answer is None else tuple(map(ident_of, answer.sources)),
        asked.user,
        at_ms,
    )
