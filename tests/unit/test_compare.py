"""A line of the archive that somebody changed is noticed when its query is replayed with nothing set."""

from collections.abc import Callable, Generator
from copy import deepcopy

import pytest

from kitbash.archive.entry import Kind
from kitbash.cascade.compare import Digests
from kitbash.cascade.record import THOUGHT, is_remade
from kitbash.knowledge.library import Library
from tests.unit.archive_kit import Line, Lines, archived
from tests.unit.cascade_kit import BALLAD, POND, RIGOUR, Cascade, library_in

CHANGES = {
    Kind.ROUTING_DECISIONS: "routing_decisions",
    Kind.COUPLING_CHECKS: "coupling_checks",
    Kind.STRUCTURAL_DELTAS: "structural_deltas",
}


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Generator[Lines]:
    """Return the archive of a query with something of every kind."""
    library: Library = library_in(tmp_path_factory.mktemp("pond"), POND, RIGOUR, BALLAD)
    cascade = Cascade(library)
    yield archived(cascade.ended("Are swans black in the ballad and where does mercury boil?", project="own"))
    library.close()


def copied(lines: Lines) -> Lines:
    return Lines(deepcopy(lines.of))


def other(value: object) -> object:
    """Return another value of the same type."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return value + "x"
        case list():
            return [*value[1:]] if value else ["x"]  # pyright: ignore[reportUnknownVariableType]
        case _:
            return "x"


@pytest.mark.parametrize("kind", THOUGHT)
def test_every_field_of_every_line_counts(lines: Lines, kind: Kind) -> None:
    """Layer 1's decision among them; but for what the archive itself adds, which version says and which append."""
    assert lines.what() == []
    assert lines.of[kind]
    for at, line in enumerate(lines.of[kind]):
        for name in line.keys() - {"v"}:
            changed = copied(lines)
            changed.of[kind][at][name] = other(line[name])
            assert changed.what() == [CHANGES[kind]], (kind, name)
        added = copied(lines)
        added.of[kind][at]["more"] = 1
        assert added.what() == [CHANGES[kind]]


def drop(lines: list[Line]) -> None:
    lines.pop()


def repeat(lines: list[Line]) -> None:
    lines.append(lines[-1])


def swap(lines: list[Line]) -> None:
    lines.reverse()


def hide(lines: list[Line]) -> None:
    lines[0]["amends"] = True


@pytest.mark.parametrize("change", [drop, repeat, swap, hide], ids=lambda it: it.__name__)
@pytest.mark.parametrize("kind", THOUGHT)
def test_a_line_that_is_gone_or_moved_or_there_twice_is_noticed(
    lines: Lines, kind: Kind, change: Callable[[list[Line]], None]
) -> None:
    changed = copied(lines)
    change(changed.of[kind])
    assert changed.what() == ([CHANGES[kind]] if len(lines.of[kind]) > 1 or change is not swap else [])


def test_an_answer_or_a_verdict_that_was_changed_is_noticed(lines: Lines) -> None:
    changed = copied(lines)
    changed.trace["answer"]["text"] = "All is well."
    assert changed.what() == ["answer"]
    changed = copied(lines)
    changed.trace["verdicts"][-1]["reason"] = "all is well"
    assert changed.what() == ["verdicts"]


def test_what_is_resolved_later_changes_nothing(lines: Lines) -> None:
    changed = copied(lines)
    resolved = {**lines.of[Kind.STRUCTURAL_DELTAS][0], "resolution": "L0 holds", "amends": True, "append": "later"}
    assert not is_remade(resolved)
    changed.of[Kind.STRUCTURAL_DELTAS].append(resolved)
    assert changed.what() == []


def test_lines_of_an_append_that_was_superseded_do_not_count(lines: Lines) -> None:
    digests = Digests()
    for kind in THOUGHT:
        for line in lines.of[kind]:
            digests.add(kind, line | {"append": "before", "rationale": "other"})
            digests.add(kind, line)
    for kind in THOUGHT:
        assert len(digests.of(lines.trace, kind)) == len(lines.of[kind])
        assert digests.of(lines.trace | {"append": "never"}, kind) == []
