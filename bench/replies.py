"""What a reply costs on its way from a model's server through a worker and the blackboard to whoever asked."""

import os
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench import figures, surroundings
from kitbash.blackboard.board import Event, EventKind
from kitbash.client import Client
from kitbash.domain.answer import AskMode
from tests.integration.kobold_server import STREAM_HEAD, Behaviour, Call, event, serving
from tests.integration.limited import Limited

QUESTION: Final = "Why did the village baker sing in the tall tower?"
"""A question that no starter fact answers."""
REPLIES: Final = 60
CROWD: Final = 200
SLOTS: Final = 12
THREADS: Final = 16
CROWD_S: Final = 55.0
TOKEN_S: Final = 0.05


def first_token(_file: Path) -> None:
    """Measure from when a server sends a reply's first token until the caller has it."""
    sent_s: list[float] = []

    def behave(call: Call) -> None:
        call.send(STREAM_HEAD)
        call.stays(TOKEN_S)
        sent_s.append(time.monotonic())
        call.send(event("The"))
        call.stays(TOKEN_S)
        call.send(event(" baker.", "stop"))

    late_ms: list[float] = []
    with _asking(behave) as client, surroundings.kitbash_worker(client):
        for _ in range(REPLIES):
            heard_s: list[float] = []

            def hear(told: Event, into: list[float] = heard_s) -> None:
                if told.kind is EventKind.TEXT:
                    into.append(time.monotonic())

            client.ask(QUESTION, mode=AskMode.CELERY, on_event=hear)
            late_ms.append((heard_s[0] - sent_s[-1]) * 1000)
    figures.print_median("reply_first_token", late_ms, most_ms=round(max(late_ms), 1))


def crowd(_file: Path) -> None:
    """Count how queries end that all come at once to a server that takes one at a time and lets six wait."""
    limited = Limited(["The baker", " was glad."], waiting=6, every_s=0.005)
    threads = ["-A", "kitbash", "worker", "-Q", "kobold", "-n", "crowd@%h", "--pool", "threads"]
    with (
        _asking(limited, KITBASH_KOBOLD__SLOTS=str(SLOTS)) as client,
        surroundings.kitbash_worker(client),
        surroundings.worker([*threads, "--concurrency", str(THREADS)]),
    ):
        started_s = time.monotonic()
        asked = [client.submit(QUESTION, timeout_s=CROWD_S) for _ in range(CROWD)]
        ended = Counter(client.wait(it, timeout_s=CROWD_S).answer.status.value for it in asked)
        took_s = round(time.monotonic() - started_s, 1)
        left_open = client.runtime.board.count_open()
    most, refused = limited.most, limited.refused
    figures.print_value("crowd", n=CROWD, **ended, open=left_open, took_s=took_s, busy_replies=refused, at_once=most)


@contextmanager
def _asking(behave: Behaviour, **more: str) -> Generator[Client]:
    """Give a client whose Layer 4 is a server of this process."""
    with serving(behave) as server:
        settings = {"KITBASH_KOBOLD__URL": server.url, "KITBASH_KOBOLD__CONTEXT_TOKENS": "2048", **more}
        os.environ |= settings
        try:
            with surroundings.client() as client:
                yield client
        finally:
            for name in settings:
                del os.environ[name]
