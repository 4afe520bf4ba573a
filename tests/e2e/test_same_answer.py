"""The same question has the same answer whether the layers run in the caller or in workers."""

import sys
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from kitbash.blackboard.redis_board import RedisBlackboard
from kitbash.domain.decision import DecisionKind
from kitbash.domain.ids import QueryId
from tests import servers
from tests.boards import redis_board, timeless
from tests.e2e.processes import Env, ask_all, environment, home, kitbash, program, worker
from tests.e2e.questions import fifty
from tests.servers import Server

SAME: Final = ("query", "answer", "status", "layer", "confidence", "sources")
MEMBER: Final = "How fast is light in vacuum?"
PAIR: Final = "What is the speed of light and who was the first person on the Moon?"
UNKNOWN: Final = "Who won the village chess cup in 1987?"
GOLDFISH: Final = "How good is the memory of a goldfish?"
THOUGHT: Final = (
    GOLDFISH,
    "How long does a goldfish really remember?",
    "How long is a goldfish's memory in the legend?",
    "How long does a goldfish remember and how far away is the Moon?",
    "How many years of growth does each ring in the trunk of a tree stand for?",
    "How many years does each ring in a tree trunk stand for exactly?",
    "How far away is lightning for every 5 seconds to the thunder and does a ring round the Moon mean rain?",
    UNKNOWN,
)
"""Contradictions, worlds that are named, several things, folk wisdom that is allowed and that is not."""


def essence(result: dict[str, Any]) -> dict[str, Any]:
    """Return what must be the same: everything but ids, times and where it ran."""
    steps = [{**step, "latency_ms": 0} for step in result["path"]]
    return {name: result[name] for name in SAME} | {"path": steps}


def layers(result: dict[str, Any]) -> list[int]:
    return [step["layer"] for step in result["path"]]


def test_fifty_questions_have_the_same_answers(cascade: Env) -> None:
    questions = fifty(Path(cascade["KITBASH_DATA_DIR"]))
    assert len(set(questions)) == 50
    direct, celery = ask_all(cascade, "direct", questions), ask_all(cascade, "celery", questions)
    assert {it["mode"] for it in direct} == {"direct"}
    assert {it["mode"] for it in celery} == {"celery"}
    for here, there in zip(direct, celery, strict=True):
        assert essence(here) == essence(there)
    ended = Counter(it["layer"] for it in celery)
    assert {0, 2, 3, None} <= ended.keys()
    assert {it["status"] for it in celery} == {"answered", "unknown"}


def thinking(board: RedisBlackboard, result: dict[str, Any]) -> dict[str, Any]:
    """Return what a question was thought through on, but for times and for what is remembered, which grows."""
    trace = board.trace(QueryId(result["query_id"]))
    assert trace is not None
    decided = [replace(it, at_ms=0) for it in trace.decisions if it.kind is not DecisionKind.CONTEXT]
    return {"items": trace.items, "coupled": timeless(trace.coupled), "decisions": decided, "kappa": trace.kappa}


def test_questions_are_thought_through_the_same(cascade: Env, cascade_server: Server) -> None:
    direct, celery = ask_all(cascade, "direct", THOUGHT), ask_all(cascade, "celery", THOUGHT)
    for here, there in zip(direct, celery, strict=True):
        assert essence(here) == essence(there)
    with redis_board(cascade_server) as board:
        for here, there in zip(direct[:-1], celery[:-1], strict=True):
            assert thinking(board, here) == thinking(board, there)
    ended = [(it["status"], it["layer"]) for it in celery]
    assert ended[:3] == [("unknown", None), ("answered", 2), ("answered", 2)]
    levels = {source["level"] for it in celery if it["status"] == "answered" for source in it["sources"]}
    assert levels >= {"L0_EMPIRICAL", "L2_NARRATIVE", "L3_HEURISTIC"}


def test_a_path_ends_where_it_was_answered(cascade: Env) -> None:
    member, pair, unknown = ask_all(cascade, "celery", [MEMBER, PAIR, UNKNOWN])
    assert (member["layer"], layers(member)) == (2, [0, 1, 2])
    assert (pair["layer"], layers(pair)) == (3, [0, 1, 2, 3])
    assert (unknown["layer"], layers(unknown)[-1]) == (None, 4)
    assert len(pair["sources"]) == 2
    for result in (member, pair):
        assert [step["passed"] for step in result["path"]].index(True) == len(result["path"]) - 1


def test_auto_asks_the_workers_what_the_caller_does_not_know(cascade: Env) -> None:
    at_once, sent = ask_all(cascade, "auto", ["What is the speed of light?", MEMBER])
    assert (at_once["mode"], layers(at_once)) == ("direct", [0])
    assert (sent["mode"], layers(sent)) == ("celery", [0, 1, 2])


def test_twenty_questions_at_once_all_end(cascade: Env) -> None:
    questions = fifty(Path(cascade["KITBASH_DATA_DIR"]))[::5] * 2
    results = ask_all(cascade, "submit", questions)
    assert [it["query"] for it in results] == questions
    assert {it["status"] for it in results} <= {"answered", "unknown"}
    for one, again in zip(results[:10], results[10:], strict=True):
        assert essence(one) == essence(again)
        assert one["query_id"] != again["query_id"]


def test_a_client_leaves_no_results_behind(cascade: Env, cascade_server: Server) -> None:
    ask_all(cascade, "celery", [MEMBER, UNKNOWN])
    with closing(cascade_server.node()) as node:
        assert not [key for key in node.scan_iter("*") if "celery-task-meta" in key]
        assert node.llen("kb:reflex") == 0
    looked = program(cascade, sys.executable, "-c", "from kitbash.celery import app; print(type(app.backend).__name__)")
    assert looked.out == "DisabledBackend\n", looked.err


@pytest.fixture
def sharded(tmp_path: Path) -> Env:
    """Return an environment in which a search is split into several."""
    return environment(home(tmp_path), KITBASH_CARTRIDGE__FACTS_PER_SHARD="50")


def test_several_shards_give_the_same_answers_as_one(cascade: Env, sharded: Env, tmp_path: Path) -> None:
    questions = fifty(Path(sharded["KITBASH_DATA_DIR"]))[10:50:2]
    with servers.plain() as server:
        env = sharded | {"KITBASH_REDIS_URL": server.url}
        with worker(env, server, tmp_path / "worker.log"):
            split = ask_all(env, "celery", questions)
        direct = ask_all(env, "direct", questions)
        trace = kitbash(env, "trace", "--json", split[-1]["query_id"]).json
    whole = ask_all(cascade, "direct", questions)
    for here, there, undivided in zip(direct, split, whole, strict=True):
        assert essence(here) == essence(there)
        for name in ("answer", "status", "layer", "sources"):
            assert there[name] == undivided[name]
    searches = [it["data"] for it in trace["events"] if it["kind"] == "recorded"]
    assert len(searches) > 1
    assert all(name.startswith("kitbash.cartridge.search:") for name in searches)
