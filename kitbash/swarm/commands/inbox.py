"""What agents cannot settle goes to people, and comes back as a finding of the person's."""

from collections.abc import Sequence
from typing import Final

from kitbash.swarm import check
from kitbash.swarm.actions import PERSON
from kitbash.swarm.commands import findings
from kitbash.swarm.commands.writing import write
from kitbash.swarm.errors import Invalid
from kitbash.swarm.finding import Finding
from kitbash.swarm.request import Ask, Bus, Permit, Steps
from kitbash.swarm.scripts import Verb, WriteCode
from kitbash.swarm.sealing import Operation
from kitbash.swarm.speech import SpeechAct

TTL_S: Final = check.MAX_TTL_S
"""A question waits for a person as long as anything is kept."""
MAX_TEXT_CHARS: Final = 4000


def escalate(bus: Bus, task_id: str, reason: str, about: Sequence[Finding | str], agent: str) -> Steps[Finding]:
    """Put a question into the inbox and have its task wait for the answer; return the finding that asks."""
    yield Permit(agent, Operation.ESCALATE_TO_HUMAN)
    check.text(reason, "reason", most_chars=MAX_TEXT_CHARS, is_needed=True)
    question = Finding(
        claim=reason,
        confidence=0.0,
        citations=[f"finding:{it if isinstance(it, str) else it.id}" for it in about],
        worker_id=agent,
        task_id=task_id,
        speech_act=SpeechAct.ESCALATE,
        ttl_seconds=TTL_S,
        is_critical=True,
    )
    fields = yield from findings.packed(bus, question, agent, "escalate_to_human")
    keys, now = bus.keys, question.timestamp.isoformat()
    waiting = (keys.inbox, keys.task(task_id or question.id), keys.unassigned, keys.leased, keys.events)
    yield from write(
        Verb.ESCALATE,
        (keys.finding(question.id), keys.findings_of(task_id), *waiting),
        (question.id, task_id, now, TTL_S, agent, bus.events_length, *fields),
    )
    return question


def unanswered(bus: Bus, agent: str, most: int) -> Steps[list[Finding]]:
    """Return the questions nobody has answered, the oldest first."""
    yield Permit(agent, Operation.GET_INBOX)
    ids = yield Ask(("ZRANGE", bus.keys.inbox, 0, most - 1))
    return (yield from findings.several(bus, ids))


def answer(
    bus: Bus, question_id: str, text: str, *, person: str, confidence: float, agent: str
) -> Steps[Finding | None]:
    """Keep a person's answer as a finding and return it; its task goes back to the queue, to be finished with it.

    Return None if somebody answered before. Raises Invalid if there is no such question, Refused if it is not trusted.
    """
    yield Permit(agent, Operation.ANSWER_INBOX)
    check.text(text, "answer", most_chars=MAX_TEXT_CHARS, is_needed=True)
    check.text(person, "person", most_chars=check.MAX_NAME_CHARS - len(PERSON), is_needed=True)
    keys = bus.keys
    # Checked: an answer that follows a question somebody changed would be kept on, and wake, another task.
    asked = yield from findings.get(bus, question_id, agent)
    if asked is None:
        raise _no_question(question_id)
    task_id = asked.task_id
    said = Finding(
        claim=text,
        confidence=confidence,
        citations=[f"finding:{question_id}"],
        worker_id=PERSON + person,
        task_id=task_id,
        speech_act=SpeechAct.INFORM,
    )
    fields = yield from findings.packed(bus, said, agent or said.worker_id, "answer_inbox")
    back = (keys.inbox, keys.finding(question_id), keys.task(task_id or said.id), keys.unassigned, keys.events)
    now, told = said.timestamp.isoformat(), (person, bus.events_length)
    code = yield from write(
        Verb.ANSWER,
        (keys.finding(said.id), keys.findings_of(task_id), *back),
        (said.id, question_id, task_id, now, said.ttl_seconds, *told, *fields),
    )
    if code is WriteCode.ABSENT:
        raise _no_question(question_id)
    return said if code is WriteCode.DONE else None


def _no_question(question_id: str) -> Invalid:
    return Invalid(f"there is no open question {question_id}; `kitbash inbox` lists those there are")
