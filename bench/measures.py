"""The measurements themselves; each prints its lines."""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from bench import figures, surroundings
from kitbash.cascade import reflex
from kitbash.cascade.grains import subject_of
from kitbash.cascade.policy import ProjectRule
from kitbash.cascade.served import RECHECK_S, ServedGrains
from kitbash.client import Client
from kitbash.domain.answer import AskMode, Status
from kitbash.domain.fact import Fact
from kitbash.domain.grain import Grain, GrainState
from kitbash.domain.ids import QueryId
from kitbash.domain.level import Level
from kitbash.knowledge.build import store
from kitbash.knowledge.layout import name_of
from kitbash.knowledge.library import Library

FORMS = 2000
KNOWN = "What is the speed of light?"
EARNED = "What is the speed of light in the vacuum exactly?"
GRAINS = 1000
SEARCHED = "How fast is light in vacuum?"
GENERAL = ProjectRule(("general", "self"), 1.0)


def layer0_lookup(_: Client) -> None:
    """Measure an exact question form found, and one missed, over 2,000 forms."""
    with tempfile.TemporaryDirectory() as folder:
        facts = [
            Fact(
                "",
                0,
                f"Item {n} has the value {n * 7}.",
                Level.EMPIRICAL,
                0.95,
                aliases=(f"What is the value of item {n}?",),
            )
            for n in range(FORMS // 2)
        ]
        store(name_of("bench"), facts, Path(folder))
        library = Library([Path(folder)], Path(folder) / "cache")
        asked = [f"What's the value of the item {n}?" for n in range(FORMS // 2)]
        missed = [f"What's the colour of the item {n}?" for n in range(FORMS // 2)]
        for name, questions in (("layer0_lookup_hit", asked), ("layer0_lookup_miss", missed)):
            for question in questions:
                library.asked(question)
            samples = [
                figures.timed_ms(lambda question=question: library.asked(question)) for question in questions * 5
            ]
            figures.print_median(name, samples)
        whole = [
            figures.timed_ms(lambda question=question: reflex.answer(question, GENERAL, library)) for question in asked
        ]
        figures.print_median("layer0_answer_with_fact_read", whole)
        library.close()


def ask_reflex(client: Client) -> None:
    """Measure `client.ask` answered at Layer 0 in the caller, its trace written."""
    for _ in range(50):
        client.ask(KNOWN)
    figures.print_median("client_ask_layer0", [figures.timed_ms(lambda: client.ask(KNOWN)) for _ in range(1000)])


def ask_grain(client: Client) -> None:
    """Measure `client.ask` answered by one of a thousand grains, and how long a process takes to load those."""
    library, grains = client.runtime.library, client.runtime.grains
    fact = library.fact(*library.asked(KNOWN)[0])
    subject = None if fact is None else subject_of(EARNED, fact)
    if subject is None:
        message = f"the starter knowledge no longer answers {KNOWN!r}"
        raise RuntimeError(message)
    grains.restore(Grain(subject, GrainState.CRYSTALLISED, measured=9, mean=0.99, confirmed=20))
    for number in range(GRAINS - 1):
        other = replace(subject, form=f"{subject.form} {number}")
        grains.restore(Grain(other, GrainState.CRYSTALLISED, measured=9, mean=0.99, confirmed=20))
    target = client.runtime.settings.target_precision
    loads = [figures.timed_ms(lambda: ServedGrains(grains, target).of("")) for _ in range(20)]
    figures.print_median("grains_load_1000", loads)
    figures.print_median("grains_look", [figures.timed_ms(grains.version) for _ in range(300)])
    time.sleep(RECHECK_S)
    for _ in range(50):
        client.ask(EARNED)
    figures.print_median("client_ask_grain", [figures.timed_ms(lambda: client.ask(EARNED)) for _ in range(1000)])
    for grain in grains.crystallised():
        grains.drop(grain.grain_id)


def ask_direct(client: Client) -> None:
    """Measure a question that ends at Layer 2 in the caller."""
    for _ in range(20):
        client.ask(SEARCHED, mode=AskMode.DIRECT)
    samples = [figures.timed_ms(lambda: client.ask(SEARCHED, mode=AskMode.DIRECT)) for _ in range(300)]
    figures.print_median("client_ask_layer2_direct", samples)


def canvas(client: Client, pool: str = "prefork") -> None:
    """Measure a question through four queued tasks beside a default chain of four no-ops with `.get()`, in turn."""
    from celery import chain  # noqa: PLC0415 - the URL must be known first

    url = client.runtime.at.broker
    os.environ["NOOP_URL"] = url
    from bench.noop import app, noop  # noqa: PLC0415

    environment = {"NOOP_URL": url}
    # A worker as `celery worker` starts it, but for its pool: both run one task at a time in one process.
    plain = ["-A", "bench.noop", "worker", "-Q", "celery", "-n", "noop@%h", "-P", pool]
    with surroundings.kitbash_worker(client) as ours, surroundings.worker(plain, environment):

        def links() -> object:
            # Made anew each time: a chain that is sent twice keeps its ids, and its result is there already.
            return chain(*(noop.si() for _ in range(4))).apply_async().get(timeout=60)

        for _ in range(20):
            client.ask(SEARCHED, mode=AskMode.CELERY)
            links()
        result = client.ask(SEARCHED, mode=AskMode.CELERY)
        if result.answer.status is not Status.ANSWERED or result.answer.layer != 2:
            message = f"{SEARCHED!r} ended as {result.answer}; the measurement needs Layer 2"
            raise RuntimeError(message)
        cascade_ms: list[float] = []
        chain_ms: list[float] = []
        for _ in range(200):
            cascade_ms.append(figures.timed_ms(lambda: client.ask(SEARCHED, mode=AskMode.CELERY)))
            chain_ms.append(figures.timed_ms(links))
        figures.print_median("celery_chain_of_4_noops_get", chain_ms)
        figures.print_median(
            "layer2_through_4_tasks",
            cascade_ms,
            ratio=figures.ratio(cascade_ms, chain_ms),
            baseline="celery_chain_of_4_noops_get",
        )
        figures.print_value("worker_all_queues_resident", value=round(surroundings.resident_mb(ours.pid), 1), unit="MB")
    app.close()


def cold_ask(_: Client) -> None:
    """Measure the command in direct mode from a cold process to its answer, the server being up."""
    program = Path(sys.executable).parent / "kitbash"
    command = [str(program), "ask", "--mode", "direct", "--json", SEARCHED]
    subprocess.run(command, check=True, capture_output=True)
    samples = [figures.timed_ms(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(15)]
    bare = [figures.timed_ms(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True)) for _ in range(15)]
    figures.print_median("python_start", bare)
    figures.print_median("kitbash_ask_direct_cold", samples)


def sizes(client: Client) -> None:
    """Measure what a query that ends at Layer 2 leaves on the blackboard."""
    result = client.ask(SEARCHED, mode=AskMode.DIRECT)
    bytes_ = client.runtime.board.size_bytes(QueryId(result.query_id))
    figures.print_value("query_state_layer2", value=bytes_, unit="bytes")


def build(_: Client) -> None:
    """Measure building a cartridge of 10,000 facts."""
    facts = [
        Fact("", 0, f"Part number {n} is stored in rack {n % 97} on shelf {n % 13}.", Level.EMPIRICAL, 0.9)
        for n in range(10_000)
    ]
    with tempfile.TemporaryDirectory() as folder:
        started_s = time.perf_counter()
        store(name_of("parts"), facts, Path(folder))
        figures.print_value("cartridge_build_10000_facts", value=round(time.perf_counter() - started_s, 3), unit="s")


ALL = (layer0_lookup, ask_reflex, ask_grain, ask_direct, canvas, cold_ask, sizes, build)
