"""What the bus costs: posting, coupling, the path before any model, and what a query takes on the server."""

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import figures, surroundings
from kitbash.blackboard.board import NewQuery
from kitbash.cascade import agent, spotlight
from kitbash.cascade.collaborators import Collaborators
from kitbash.cascade.step import step
from kitbash.client import Client
from kitbash.domain.answer import AskMode, Mode, Status
from kitbash.domain.bus import BusState
from kitbash.domain.claim import Claim
from kitbash.domain.curation import Curation, curation_to
from kitbash.domain.fact import Fact
from kitbash.domain.ids import QueryId, new_query_id, new_token
from kitbash.domain.item import Item
from kitbash.domain.layer import Stage
from kitbash.domain.level import Level
from kitbash.domain.verdict import Verdict
from kitbash.knowledge.build import store
from kitbash.knowledge.layout import name_of
from kitbash.knowledge.library import Library

UNKNOWN = "How fast is sound in the clouds of the planet Neptune?"
"""Shares words with the starter knowledge, which does not answer it: it passes every layer below the model."""
BEFORE_MODEL = (Stage.REFLEX, Stage.TRIAGE, Stage.SEARCH, Stage.FUSE, Stage.SYNTHESISE)
IN_FLIGHT = 1000
TOPICS = 300


def _items(count: int, contradictions: int = 2) -> list[Item]:
    """Return items over all six levels, a claim each; so many of L1 contradict one of L0."""
    about = {6 * n + 1: 6 * n for n in range(contradictions)}
    return [
        Item(
            Level(n % 6),
            f"bench_general#{n}",
            f"Part number {n} of the machine weighs {n} kilograms when it is dry and clean.",
            0.9,
            "bench_general",
            probability=round(1 - n / (count + 1), 4),
            leads=n == 0,
            claims=(Claim(f"part {about.get(n, n)}", "weigh", low=2.0**n, high=2.0**n, unit="kilogram"),),
        )
        for n in range(count)
    ]


def _open(client: Client) -> QueryId:
    query = NewQuery(new_query_id(), UNKNOWN, "default", 1.0, 60_000, Mode.DIRECT)
    client.runtime.board.open(query)
    return query.query_id


def coupling(client: Client) -> None:
    """Measure posting 60 items, coupling them, and all that a query pays for: post, couple, health in one go."""
    board = client.runtime.board
    items = _items(60)
    ids = [_open(client) for _ in range(400)]
    figures.print_median("posting_60_items", [figures.timed_ms(lambda it=it: board.post(it, items)) for it in ids])
    figures.print_median(
        "coupling_60_items", [figures.timed_ms(lambda it=it: board.couple(it)) for it in ids], deltas=2
    )
    ids = [_open(client) for _ in range(400)]
    for query_id in ids:
        board.post(query_id, _items(60, 10))
    samples = [figures.timed_ms(lambda it=it: board.couple(it)) for it in ids]
    figures.print_median("coupling_60_items_10_deltas", samples, deltas=10)
    ids = [_open(client) for _ in range(400)]
    samples = [figures.timed_ms(lambda it=it: board.consider(it, items, threshold=0)) for it in ids]
    figures.print_median("post_couple_health_60_items", samples)


def path(client: Client) -> None:
    """Measure a question that no layer below the model answers, in the caller and through the queues."""
    for mode, name in ((AskMode.DIRECT, "path_before_model_direct"), (AskMode.CELERY, "path_before_model_queued")):
        if mode is AskMode.DIRECT:
            figures.print_median(name, _paths(client, mode))
            continue
        with surroundings.kitbash_worker(client):
            figures.print_median(name, _paths(client, mode))


def _paths(client: Client, mode: AskMode) -> list[float]:
    for _ in range(30):
        result = client.ask(UNKNOWN, mode=mode)
        if result.answer.status is not Status.UNKNOWN:
            message = f"{UNKNOWN!r} ended as {result.answer}; the measurement needs one that is not known"
            raise RuntimeError(message)
    return [figures.timed_ms(lambda: client.ask(UNKNOWN, mode=mode)) for _ in range(300)]


def search_to_spotlight(client: Client) -> None:
    """Measure a search over 300 facts and what it finds posted, coupled and ruled on."""
    with tempfile.TemporaryDirectory() as folder:
        with_ = _small_library(client, Path(folder))
        samples: list[float] = []
        for n in range(300):
            query = NewQuery(
                new_query_id(), f"Which shelf holds part {n % TOPICS}?", "default", 1.0, 60_000, Mode.DIRECT
            )
            client.runtime.board.open(query)
            _steps(query.query_id, BEFORE_MODEL[:2], with_)

            def search(query_id: QueryId = query.query_id) -> None:
                step(Stage.SEARCH, query_id, with_, shard=0)
                step(Stage.FUSE, query_id, with_)

            samples.append(figures.timed_ms(search))
        figures.print_median("search_to_spotlight_300_facts", samples)
        with_.library.close()


def _small_library(client: Client, folder: Path) -> Collaborators:
    facts = [
        Fact("", 0, f"Part {n} is stored in rack {n % 17}, shelf {n % 13}.", Level(n % 4), 0.9) for n in range(TOPICS)
    ]
    store(name_of("parts"), facts, folder)
    ours = client.runtime.collaborators
    library = Library([folder], folder / "cache")
    return Collaborators(ours.board, library, ours.policy, ours.weights, context=ours.context)


def memory(client: Client) -> None:
    """Measure what a query takes on the server: at rest with 12 items once it is archived, and 1,000 in flight."""
    with_ = client.runtime.collaborators
    sizes: list[int] = []
    facts = [fact for cartridge in with_.library.cartridges.values() for fact in cartridge.index.facts()]
    for n in range(21):
        query_id = _open(client)
        _steps(query_id, BEFORE_MODEL[:3], with_)
        items = [spotlight.item_of(fact, probability=0.1) for fact in facts[n * 12 : n * 12 + 12]]
        _fuse_with(query_id, items, with_)
        _steps(query_id, (Stage.SYNTHESISE, Stage.GENERATE), with_)
        client.archive()
        sizes.append(client.runtime.board.size_bytes(query_id))
    figures.print_value("query_state_at_rest_12_items", value=round(statistics.median(sizes)), unit="bytes")
    used_before = _used_bytes(client)
    for _ in range(IN_FLIGHT):
        _steps(_open(client), BEFORE_MODEL, with_)
    used = _used_bytes(client) - used_before
    figures.print_value("memory_1000_in_flight", value=round(used / 1e6, 2), unit="MB")


def _steps(query_id: QueryId, stages: Sequence[Stage], with_: Collaborators) -> None:
    for stage in stages:
        step(stage, query_id, with_, shard=0 if stage is Stage.SEARCH else None)


def _fuse_with(query_id: QueryId, items: Sequence[Item], with_: Collaborators) -> None:
    """Record Layer 2 as having found exactly these items."""
    token = new_token()
    with_.board.claim(query_id, Stage.FUSE.value, token=token, lease_ms=60_000)
    considered = with_.board.consider(query_id, items, threshold=0)
    if considered is None:
        message = f"query {query_id} ended while it was measured"
        raise RuntimeError(message)
    names = tuple(item.ident for item in items)
    ruling = agent.rule(BusState(names, tuple(items), *considered))
    with_.board.record(
        query_id,
        Stage.FUSE.value,
        token=token,
        verdict=Verdict(Stage.FUSE, 0.1, 0.8, passed=False, reason="nearest is physics_general#3, which covers 30%"),
        product=curation_to(Curation(ruling.withheld, ruling.factor)),
        decisions=ruling.decisions,
    )


def _used_bytes(client: Client) -> int:
    # The stubs of redis-py leave the reply of INFO half known.
    asked: Any = client.runtime.redis
    return int(asked.info("memory")["used_memory"])


ALL = (coupling, search_to_spotlight, path, memory)
