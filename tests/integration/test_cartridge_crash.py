"""A build that fails or dies half way leaves the old cartridge or the new one, and the next build cleans up."""

import os
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from kitbash.knowledge.folder import replacing
from tests.integration.cartridge_making import ICE, WATER, build_text, facts_of, opened, snapshot

CHANGED = WATER.replace("0.8", "0.85")
KILLED = 9


class Broken(OSError):
    """What a full disk or a failing device raises, in tests."""


def _break(*_: object, **__: object) -> None:
    raise Broken


def _leave(*_: object, **__: object) -> None:
    """Stand in for a removal that fails and is told to say nothing."""


@pytest.fixture
def where(tmp_path: Path) -> Path:
    return tmp_path / "cartridges"


def cartridges_in(where: Path) -> list[str]:
    return sorted(path.name for path in where.iterdir() if path.is_dir())


BREAKABLE = [
    "kitbash.knowledge.facts_db.write",
    "kitbash.knowledge.annotation.to_line",
    "kitbash.knowledge.index.write",
    "kitbash.knowledge.manifest.manifest_json",
    "kitbash.knowledge.manifest.metadata_json",
    "kitbash.knowledge.folder.os.fsync",
]


@pytest.mark.parametrize("function", BREAKABLE)
def test_a_build_that_fails_while_writing_leaves_the_old_cartridge_untouched(
    where: Path, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_text(where)
    before = snapshot(where / "water_general.kbc")
    with monkeypatch.context() as patched:
        patched.setattr(function, _break)
        with pytest.raises(Broken):
            build_text(where, CHANGED)
    assert snapshot(where / "water_general.kbc") == before
    assert cartridges_in(where) == ["water_general.kbc"]
    build_text(where, CHANGED)
    assert facts_of(where)[2].confidence == 0.85


@pytest.mark.parametrize("function", BREAKABLE)
def test_a_first_build_that_fails_while_writing_leaves_nothing(
    where: Path, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function, _break)
    with pytest.raises(Broken):
        build_text(where)
    assert cartridges_in(where) == []


@pytest.mark.parametrize("which", [1, 2])
def test_a_rename_that_fails_leaves_the_old_cartridge_readable(
    where: Path, which: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_text(where)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", _at_rename(which, _break))
        with pytest.raises(Broken):
            build_text(where, CHANGED)
    assert facts_of(where)[2].confidence == 0.8
    assert len(cartridges_in(where)) == 1
    build_text(where, CHANGED)
    assert facts_of(where)[2].confidence == 0.85
    assert cartridges_in(where) == ["water_general.kbc"]


def test_an_old_folder_that_cannot_be_removed_does_not_come_back(where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_text(where)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", _leave)
        build_text(where, CHANGED)
    assert cartridges_in(where) == ["water_general.kbc", "water_general.kbc.old"]
    assert facts_of(where)[2].confidence == 0.85
    build_text(where)
    assert cartridges_in(where) == ["water_general.kbc"]
    assert facts_of(where)[2].confidence == 0.8


def _at_rename(which: int, act: Callable[[], object]) -> Callable[[Path, Path], Path]:
    """Return a rename that acts instead the `which`-th time it is called."""
    renames: list[Path] = []
    rename = Path.rename

    def instead(path: Path, target: Path) -> Path:
        renames.append(path)
        if len(renames) == which:
            act()
        return rename(path, target)

    return instead


def killed_at_rename(which: int, where: Path, text: str) -> None:
    """Build in a process of its own that is gone, without any cleaning up, at its `which`-th rename."""
    with warnings.catch_warnings():
        # Python warns of forking beside threads, which other tests may have left; this child only writes files.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            Path.rename = _at_rename(which, lambda: os._exit(KILLED))  # pyright: ignore[reportAttributeAccessIssue]
            build_text(where, text)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED


def test_a_kill_before_the_swap_leaves_the_old_cartridge(where: Path) -> None:
    build_text(where)
    before = snapshot(where / "water_general.kbc")
    killed_at_rename(1, where, CHANGED)
    assert len(cartridges_in(where)) == 2
    assert snapshot(where / "water_general.kbc") == before
    with opened(where) as library:
        assert list(library.cartridges) == ["water_general"]
        assert library.set_aside == ()


def test_a_kill_between_the_renames_leaves_the_old_cartridge_where_readers_find_it(where: Path) -> None:
    build_text(where)
    killed_at_rename(2, where, CHANGED)
    assert "water_general.kbc.old" in cartridges_in(where)
    assert "water_general.kbc" not in cartridges_in(where)
    assert facts_of(where)[2].confidence == 0.8
    with opened(where) as library:
        assert library.asked("Does ice float?") == (("water_general", 1),)


def test_a_kill_in_a_first_build_leaves_no_cartridge(where: Path) -> None:
    killed_at_rename(1, where, WATER)
    with opened(where) as library:
        assert library.cartridges == {}
        assert library.set_aside == ()


@pytest.mark.parametrize("which", [1, 2])
def test_the_next_build_after_a_kill_is_complete_and_leaves_nothing_behind(where: Path, which: int) -> None:
    build_text(where)
    killed_at_rename(which, where, CHANGED)
    build_text(where, CHANGED)
    assert facts_of(where)[2].confidence == 0.85
    assert cartridges_in(where) == ["water_general.kbc"]


def test_ids_survive_a_kill_between_the_renames(where: Path) -> None:
    build_text(where)
    killed_at_rename(2, where, CHANGED)
    build_text(where, f"# Water\n- Snow is soft.\n{ICE}")
    assert {fact.text: fact.fact_id for fact in facts_of(where).values()} == {
        "Ice floats on water.": 1,
        "Snow is soft.": 4,
    }


def test_another_build_puts_back_what_a_kill_left_aside(where: Path) -> None:
    build_text(where)
    killed_at_rename(2, where, CHANGED)
    with replacing(where / "other_general.kbc") as folder:
        (folder / "x").write_text("x")
    assert cartridges_in(where) == ["other_general.kbc", "water_general.kbc"]
    assert facts_of(where)[2].confidence == 0.8


def fill_and_break(target: Path) -> None:
    with replacing(target) as folder:
        (folder / "new").write_text("new")
        _break()


def test_a_block_that_raises_keeps_what_stood_there(tmp_path: Path) -> None:
    target = tmp_path / "t.kbc"
    target.mkdir()
    (target / "old").write_text("old")
    with pytest.raises(Broken):
        fill_and_break(target)
    assert [path.name for path in target.iterdir()] == ["old"]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".building-")]
