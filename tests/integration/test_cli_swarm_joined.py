"""The commands around a question that became a task: its task, its findings, what is proposed and accepted."""

import json
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from kitbash.blackboard import keys
from kitbash.cli.app import app
from kitbash.client import Client
from kitbash.domain.answer import AskMode, Status
from kitbash.domain.ids import QueryId, parse_query_id
from kitbash.errors import NotFound, UsageError
from kitbash.swarm import RedisBusClient
from kitbash.swarm.errors import Invalid
from kitbash.swarm.opening import task_id_of
from kitbash.swarm.proposal import Proposal
from tests.integration.cartridge_making import WATER
from tests.servers import Server
from tests.swarms import bus_client, finding, fresh_prefix

QUESTION = "How deep is Lake Inari?"
CLAIM = "Lake Inari is 92 m deep."


@pytest.fixture
def bus(fresh_plain: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[RedisBusClient]:
    prefix = fresh_prefix()
    source = tmp_path / "water.md"
    source.write_text(WATER)
    settings = {
        "REDIS_URL": fresh_plain.url,
        "SWARM__PREFIX": prefix,
        "SWARM__OPEN_TASKS": "true",
        "CARTRIDGE__STARTER": "false",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"KITBASH_{name}", value)
    run("cartridge", "build", str(source))
    with bus_client(fresh_plain, prefix=prefix) as client:
        yield client


def run(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    if result.exception is not None:
        raise result.exception
    return result.stdout


def asked(question: str = QUESTION, project: str = "default") -> tuple[QueryId, Status]:
    """Ask directly, archive, and return the query's id and how it ended."""
    with Client() as client:
        result = client.ask(question, mode=AskMode.DIRECT, project=project)
    return parse_query_id(result.query_id), result.answer.status


def answered(bus: RedisBusClient, *claims: tuple[str, str]) -> None:
    """Have the next task done with claims, each by a worker."""
    task = bus.next_task()
    assert task is not None
    for claim, worker in claims:
        bus.post_finding(finding(claim, task_id=task.id, worker_id=worker))
    bus.detect_finding_conflicts(task)
    bus.complete_task(task, "done")


def relayed() -> None:
    with Client() as client:
        client.archive()


def tailed() -> list[str]:
    """Return the lines of a tail of all that is in the feed."""
    with Client() as client:
        count = len(client.runtime.board.feed(after="0", block_ms=1))
    return run("tail", "--all", "--count", str(count)).splitlines()


def told(*words: str) -> Any:
    return json.loads(run(*words, "--json"))


def test_in_direct_mode_the_client_opens_the_task_and_a_known_answer_opens_none(bus: RedisBusClient) -> None:
    query_id, status = asked()
    assert status is Status.UNKNOWN
    assert asked("Does ice float?")[1] is Status.ANSWERED
    assert [it.id for it in bus.get_tasks()] == [task_id_of(query_id)]


def test_switched_off_no_task_is_opened(bus: RedisBusClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITBASH_SWARM__OPEN_TASKS", "false")
    asked()
    assert bus.get_tasks() == []


def test_trace_and_tail_show_findings_and_conflicts(bus: RedisBusClient) -> None:
    query_id, _ = asked()
    answered(bus, (CLAIM, "ann"), ("Lake Inari is 40 m deep.", "bob"))
    relayed()
    trace = told("trace", query_id)
    assert trace["state"] == "unknown"
    (found,) = trace["found"]
    assert found["worker_id"] in {"ann", "bob"}
    (conflict,) = trace["conflicts"]
    assert {conflict["first"], conflict["second"]} == {CLAIM, "Lake Inari is 40 m deep."}
    text = run("trace", query_id)
    assert "conflict\tgrade\tkind" in text
    tail = tailed()
    assert sum("  found     " in line for line in tail) == 1
    assert sum("  conflict  " in line and "disjoint" in line for line in tail) == 1


def test_what_was_found_is_found_by_the_query_when_its_keys_have_expired(
    bus: RedisBusClient, fresh_plain: Server
) -> None:
    query_id, _ = asked()
    with closing(fresh_plain.node()) as node:
        node.delete(*[key for key in keys.query_keys(query_id) if node.exists(key)])
    answered(bus, (CLAIM, "ann"))
    relayed()
    for words in (("swarm", "findings", "--query", query_id), ("trace", query_id)):
        assert [it["claim"] for it in told(*words)["findings"]] == [CLAIM]
    (line,) = [it for it in tailed() if "  found     " in it]
    assert query_id in line
    with pytest.raises(NotFound):
        run("trace", "0" * 32)
    with pytest.raises(UsageError, match="name a task, or a query"):
        run("swarm", "findings")


def test_an_accepted_proposal_answers_its_question_in_projects_that_see_experiments(bus: RedisBusClient) -> None:
    asked()
    answered(bus, (CLAIM, "ann"), (CLAIM, "bob"))
    relayed()
    (proposal,) = told("swarm", "proposals")
    assert (proposal["claim"], proposal["question"]) == (CLAIM, QUESTION)
    assert asked(project="experiment")[1] is Status.UNKNOWN
    assert told("swarm", "proposals", "accept", proposal["id"], "--person", "carol") == []
    with Client() as client:
        result = client.ask(QUESTION, mode=AskMode.DIRECT, project="experiment")
        (source,) = result.answer.sources
        assert (source.text, source.cartridge, source.confidence) == (CLAIM, "research_experiment", 0.8)
        assert any(it.endswith("by ann") for it in source.sources)
    assert asked()[1] is Status.UNKNOWN
    assert told("swarm", "proposals", "accept", proposal["id"]) == []


def test_a_refused_proposal_writes_nothing_and_stays_refused(bus: RedisBusClient) -> None:
    bus.propose(Proposal("p1", CLAIM, 0.95))
    assert CLAIM in run("swarm", "proposals")
    assert "p1" not in run("swarm", "proposals", "refuse", "p1", "--person", "carol")
    with pytest.raises(Invalid, match="refused by carol"):
        run("swarm", "proposals", "accept", "p1")
    with Client() as client:
        assert not (client.runtime.settings.paths.cartridges / "research_experiment.kbc").exists()


@pytest.mark.parametrize("words", [("accept",), ("burn", "p1")])
def test_what_cannot_be_done_with_a_proposal_is_said(bus: RedisBusClient, words: tuple[str, ...]) -> None:
    del bus
    with pytest.raises(UsageError, match="accept ID, or refuse ID"):
        run("swarm", "proposals", *words)


def test_there_must_be_a_proposal_to_decide_about(bus: RedisBusClient) -> None:
    del bus
    for action in ("accept", "refuse"):
        with pytest.raises(Invalid, match="there is no proposal"):
            run("swarm", "proposals", action, "nothing")
