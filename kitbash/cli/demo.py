"""`kitbash demo`: real questions, a real worker, a real server, and nothing left running."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from kitbash.cli import ask, output
from kitbash.client import Client
from kitbash.domain.answer import AskMode, Result, Status
from kitbash.domain.ids import parse_query_id
from kitbash.domain.layer import Queue
from kitbash.errors import Unavailable
from kitbash.server.keeper import die_with_parent

QUESTIONS: Final = (
    "What is the speed of light?",
    "Who are you?",
    "How many bones in a human skeleton",
    "How fast is light in vacuum?",
    "What is the speed of light and who was the first person on the Moon?",
    "What is the difference between DNA and a protein?",
    "How long does a goldfish remember?",
    "Who won the village chess cup in 1987?",
)
RECITED: Final = "I was made a moment ago and know these words only; ask a model with more of them."
WORKER_READY_S: Final = 60.0
STOPPED_S: Final = 5.0


def demo() -> None:
    """Ask the questions through one worker; print who answered, and one whole trace. Raises Unavailable if it fails."""
    with Client() as client, tempfile.TemporaryDirectory() as folder, _worker(client, _model(client, Path(folder))):
        results = [client.ask(text, mode=AskMode.CELERY) for text in QUESTIONS]
        rows = [_row(result) for result in results]
        output.table("Kitbash demo", ("question", "layer", "confidence", "ms", "answer", "sources"), rows)
        composed = next((it for it in results if it.answer.layer == 3), results[-1])  # noqa: PLR2004 - synthesis
        output.line()
        output.emphasised(f"One question, step by step: {composed.query}", "bold")
        ask.show(composed)
        ask.show_path(composed.path)
        coupled = next((it for it in results if _contradicts(client, it)), None)
        if coupled is not None:
            output.line()
            output.emphasised(f"One question whose facts contradict each other: {coupled.query}", "bold")
            ask.show(coupled)
            ask.show_thought(client.trace(parse_query_id(coupled.query_id)))
        failed = [it.query for it in results if it.answer.status not in {Status.ANSWERED, Status.UNKNOWN}]
    if failed:
        message = f"the worker did not answer {failed[0]!r}; look at: kitbash doctor"
        raise Unavailable(message)
    lease = client.runtime.at.lease
    stopped = lease is None or lease.wait_stopped(STOPPED_S)
    left = "Everything is stopped again." if stopped else "The server goes on: others use it."
    output.note(f"{left} Ask yourself: kitbash ask 'What is the speed of light?'")


def _model(client: Client, folder: Path) -> dict[str, str]:
    """Return the settings of a tiny model for Layers 3 and 4, made here, where none is configured."""
    settings = client.runtime.settings
    if settings.kobold.is_set or settings.bitnet.is_set:
        return {}
    # Imported here: it needs numpy.
    from kitbash.models import tiny  # noqa: PLC0415

    path = str(tiny.recite(folder / "tiny.gguf", RECITED))
    output.note("Made a model of 0.3 MB that knows one sentence, for Layers 3 and 4: no download.")
    return {"KITBASH_BITNET__PATH": path, "KITBASH_KOBOLD__PATH": path}


def _contradicts(client: Client, result: Result) -> bool:
    trace = client.trace(parse_query_id(result.query_id))
    return trace.coupled is not None and bool(trace.coupled.deltas)


def _row(result: Result) -> tuple[str, ...]:
    answer = result.answer
    layer = "-" if answer.layer is None else f"{int(answer.layer)} {answer.layer.label}"
    sources = ", ".join(f"{fact.cartridge}#{fact.fact_id}" for fact in answer.sources)
    said = answer.status is Status.ANSWERED
    sure = f"{answer.confidence:.2f}" if said else "-"
    return (result.query, layer, sure, f"{result.latency_ms:.1f}", answer.text, sources if said else f"({sources})")


@contextmanager
def _worker(client: Client, settings: dict[str, str]) -> Generator[None]:
    """Have one worker for all queues, with these settings too, from when it is ready to the end of the block."""
    queues = ",".join(queue.value for queue in Queue)
    env = os.environ | settings
    command = [sys.executable, "-m", "celery", "-A", "kitbash", "worker", "-Q", queues, "-B", "-n", "demo@%h"]
    output.note(f"Starting: celery -A kitbash worker -Q {queues} -B")
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "worker.log").open("w+") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=env, preexec_fn=die_with_parent
        )
        try:
            _wait_ready(client, process, Path(log.name))
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_ready(client: Client, process: "subprocess.Popen[bytes]", log: Path) -> None:
    ends_s = time.monotonic() + WORKER_READY_S
    while time.monotonic() < ends_s and process.poll() is None:
        if all(client.runtime.board.workers().values()):
            return
        time.sleep(0.05)
    last = " / ".join(log.read_text(errors="replace").splitlines()[-3:])
    message = f"the worker did not become ready: {last}"
    raise Unavailable(message)
