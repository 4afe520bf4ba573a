"""What cannot be set for a replay, and what cannot be read as an archived trace, is refused."""

from collections.abc import Generator
from typing import Final

import pytest

from kitbash.blackboard.board import Trace
from kitbash.cascade.overrides import Overrides, overrides
from kitbash.cascade.recorded import recorded
from kitbash.domain.layer import Layer
from kitbash.errors import UsageError
from kitbash.knowledge.library import Library
from tests.unit.archive_kit import Lines, archived
from tests.unit.cascade_kit import BALLAD, POND, RIGOUR, TALE, Cascade, library_in

SWIMS = "Does a frog swim well?"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Generator[Library]:
    """Return a library of contradictions."""
    library = library_in(tmp_path_factory.mktemp("pond"), POND, TALE, RIGOUR, BALLAD)
    yield library
    library.close()


@pytest.fixture
def cascade(library: Library) -> Cascade:
    """Return a cascade over them, without a model."""
    return Cascade(library)


def asked(cascade: Cascade, text: str, project: str = "default") -> tuple[Trace, Lines]:
    """Return how a question ended, and its archive, which comes out the same if nothing is set."""
    trace = cascade.ended(text, project=project)
    lines = archived(trace, cascade.policy)
    assert lines.what() == []
    return trace, lines


@pytest.mark.parametrize(
    "setting",
    [
        "kappa",
        "kappa=",
        "kappa=x",
        "kappa=nan",
        "kappa=inf",
        "kappa=0",
        "kappa=-1",
        "Kappa=1",
        "threshold=0.5",
        "threshold.=0.5",
        "threshold.nothing=0.5",
        "threshold.2=0.5",
        "threshold.reflex",
        "threshold.reflex=",
        "threshold.reflex=nan",
        "threshold.reflex=inf",
        "threshold.reflex=1.001",
        "threshold.reflex=-0.001",
        "threshold.reflex=0.5=0.6",
        "",
        "=",
    ],
)
def test_what_cannot_be_set_is_refused(setting: str) -> None:
    with pytest.raises(UsageError, match=r"kappa"):
        overrides([setting])


def test_what_can_be_set_is_read_and_the_last_counts() -> None:
    found = overrides(["kappa=0.5", "threshold.reflex=0", "threshold.kobold=1", "threshold.reflex=0.25"])
    assert found == Overrides(0.5, {Layer.REFLEX: 0.25, Layer.KOBOLD: 1.0})
    assert overrides([]) == Overrides()


BROKEN: Final[list[dict[str, object]]] = [
    {"kappa": "strict"},
    {"verdicts": [{}]},
    {"verdicts": 3},
    {"thresholds": {}},
    {"weights": {"values": [1.0], "bias": 0}},
    {"weights": None},
    {"plan": {}},
    {"candidates": [{"part": 0}]},
    {"items": [[9, {}]]},
    {"items": [[0, {}]]},
    {"items": [[0, []]]},
    {"curation": {"withheld": []}},
    {"answer": {"status": "merry"}},
    {"answer": []},
    {"planned": [{}]},
    {"coupled_ms": 1, "plan": "x"},
]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_trace_that_is_not_one_is_refused_by_name(cascade: Cascade, broken: dict[str, object]) -> None:
    _, lines = asked(cascade, SWIMS)
    with pytest.raises(UsageError, match=lines.trace["query_id"]):
        recorded(lines.trace | broken)


def test_a_trace_that_lacks_anything_is_refused(cascade: Cascade) -> None:
    _, lines = asked(cascade, SWIMS)
    needed = {"query_id", "query", "kappa", "answer", "verdicts", "thresholds", "planned", "plan", "weights"}
    for name in {*needed, "candidates", "items", "curation", "items_per_level", "dissonance_threshold"}:
        with pytest.raises(UsageError, match="cannot be read"):
            recorded({key: value for key, value in lines.trace.items() if key != name})
