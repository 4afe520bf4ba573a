"""Real workers and beat think a question through: told as it happens, archived by upkeep, replayed the same."""

import json
from pathlib import Path
from typing import Any, Final

from kitbash.archive import finding
from kitbash.archive.entry import Kind
from kitbash.blackboard.board import EventKind
from tests.e2e.processes import BIN, Env, ask_all, kitbash, running
from tests.waiting import until

GOLDFISH: Final = "How good is the memory of a goldfish?"
ARCHIVED_S: Final = 10.0
IN_ORDER: Final = ("search", "triage", "logged")


def archived(env: Env, query_id: str) -> finding.Archived:
    """Return a query as upkeep archives it, within a deadline."""
    root = Path(env["KITBASH_DATA_DIR"]) / "archive"
    found = until(lambda: finding.find(root, query_id), ARCHIVED_S)
    assert found is not None
    return found


def told(log: Path, query_id: str) -> list[dict[str, Any]]:
    """Return what a tail has told of a query so far."""
    whole = log.read_text().rpartition("\n")[0].splitlines()
    events = [json.loads(line) for line in whole if line.startswith("{")]
    return [event for event in events if event["query_id"] == query_id]


def test_a_contradiction_is_told_archived_and_replayed(cascade: Env, tmp_path: Path) -> None:
    log = tmp_path / "tail"
    with running(cascade, log, BIN / "kitbash", "tail", "--json") as tail:
        until(lambda: b"Waiting for queries" in log.read_bytes(), 20)
        (result,) = ask_all(cascade, "celery", [GOLDFISH])
        query_id = result["query_id"]
        assert (result["status"], result["layer"]) == ("unknown", None)
        assert result["answer"].startswith("My sources disagree.")
        assert {source["level"] for source in result["sources"]} == {"L0_EMPIRICAL", "L2_NARRATIVE"}
        until(lambda: any(event["data"] == "logged" for event in told(log, query_id)), ARCHIVED_S)
        assert tail.poll() is None
    events = told(log, query_id)
    kinds = [EventKind(event["kind"]) for event in events]
    assert tuple(event["data"] for event in events if event["kind"] == EventKind.LIFECYCLE) == IN_ORDER
    places = [
        kinds.index(kind) for kind in (EventKind.OPENED, EventKind.LIFECYCLE, EventKind.DELTA, EventKind.FINISHED)
    ]
    assert places == sorted(places)
    decided = [at for at, kind in enumerate(kinds) if kind is EventKind.DECISION]
    ruled = len(kinds) - 1 - kinds[::-1].index(EventKind.VERDICT)
    assert places[2] < decided[-1] < ruled < places[3] < len(kinds) - 1

    kept = archived(cascade, query_id)
    assert kept.trace["mode"] == "celery"
    assert [line["severity"] for line in kept.lines[Kind.STRUCTURAL_DELTAS]] == ["high"]
    assert [line["type"] for line in kept.lines[Kind.ROUTING_DECISIONS]][-1] == "route"
    assert [event["data"] for event in events if event["kind"] == EventKind.DECISION] == [
        {name: value for name, value in line.items() if name not in {"v", "query_id", "append"}}
        for line in kept.lines[Kind.ROUTING_DECISIONS]
    ]
    replayed = kitbash(cascade, "replay", query_id, "--json").json
    assert (replayed["queries"], replayed["changed"]) == (1, 0)
    fluid = kitbash(cascade, "replay", query_id, "--json", "--set", "kappa=0.2").json
    assert fluid["changed"] == 1


def test_everything_a_day_asked_replays_the_same_and_is_counted_once(cascade: Env) -> None:
    """Whatever the other tests of this session asked of the worker."""
    results = ask_all(cascade, "submit", [GOLDFISH, "Who are you?", "What is the speed of light and what is DNA?"] * 3)
    kept = [archived(cascade, result["query_id"]) for result in results]
    day = kept[-1].day
    replayed = kitbash(cascade, "replay", day, "--json").json
    assert replayed["changed"] == 0, replayed["differences"]
    assert replayed["queries"] >= len({it.query_id for it in kept if it.day == day})
    stats = kitbash(cascade, "stats", "--json").json
    assert (stats["archive"]["failed"], stats["archive"]["lost"], stats["archive_error"]) == (0, 0, None)
    assert stats["archive"]["written"] == stats["queries"] >= len(results)
    assert 0 < stats["p50_ms"] <= stats["p95_ms"] <= stats["p99_ms"]
