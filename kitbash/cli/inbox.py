"""`kitbash inbox`."""

import getpass

from kitbash.cli import output
from kitbash.client import Client
from kitbash.errors import UsageError
from kitbash.swarm import Finding
from kitbash.swarm import finding as findings

MOST = 1000


def inbox(*, answer: str | None, text: str, confidence: float, person: str, as_json: bool) -> None:
    """Print what agents ask of people and nobody has answered, the oldest first, after answering one if asked to.

    Raises UsageError for an answer to no open question, or one without words.
    """
    if (answer is None) is not (not text):
        message = 'to answer give both: kitbash inbox --answer ID --as "the answer"'
        raise UsageError(message)
    with Client() as client:
        bus = client.runtime.swarm
        if answer is not None:
            by = person or getpass.getuser()
            said = bus.answer_inbox(answer, text, person=by, confidence=confidence, agent_id=bus.agent_id or by)
            output.note("somebody answered this before" if said is None else f"answered: finding {said.id}")
        questions = bus.get_inbox(most=MOST)
    if as_json:
        output.print_json([findings.contents_of(question) for question in questions])
        return
    for question in questions:
        show(question)
    if not questions:
        output.note("Nobody asks anything.")


def show(question: Finding) -> None:
    """Print one question: when, by whom, on which task, about which findings."""
    asked = question.timestamp.isoformat(timespec="seconds")
    output.line(f"{question.id}  {asked}  {question.worker_id or 'somebody'}: {question.claim}")
    about = [f"task {question.task_id}"] if question.task_id else []
    output.line(f"  {', '.join([*about, *question.citations])}")
