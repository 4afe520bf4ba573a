"""A device that fails at any call leaves the archive as it was, and the same can be done again later."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kitbash.archive.errors import ArchiveError
from tests.integration.test_archive_append import DAY_MS, NOON_MS, archive, entry, names, numbers


class Broken(OSError):
    """What a failing device raises, in tests."""


def failing_at(which: int, function: Callable[..., Any], error: BaseException) -> Callable[..., Any]:
    """Return the function, which raises the `which`-th time it is called."""
    calls: list[None] = []

    def instead(*args: Any, **kwargs: Any) -> Any:
        calls.append(None)
        if len(calls) == which:
            raise error
        return function(*args, **kwargs)

    return instead


def held(root: Path) -> dict[str, bytes]:
    """Return the files that are not empty."""
    return {path.name: data for path in (root / "logs").rglob("*") if path.is_file() and (data := path.read_bytes())}


@pytest.mark.parametrize("error", [Broken(5, "Input/output error"), KeyboardInterrupt()])
@pytest.mark.parametrize(("function", "times"), [("write", 5), ("fsync", 5)])
@pytest.mark.parametrize("begun", [True, False])
def test_an_append_that_breaks_anywhere_leaves_the_files_as_they_were(
    tmp_path: Path, function: str, times: int, error: BaseException, *, begun: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logs").mkdir()
    if begun:
        archive(tmp_path).append([entry(1)])
    before = held(tmp_path)
    for which in range(1, times + 1):
        with monkeypatch.context() as patched:
            patched.setattr(os, function, failing_at(which, getattr(os, function), error))
            with pytest.raises(ArchiveError if isinstance(error, OSError) else KeyboardInterrupt):
                archive(tmp_path).append([entry(2), entry(3)])
        assert held(tmp_path) == before
    archive(tmp_path).append([entry(2), entry(3)])
    assert numbers(tmp_path) == [1, 2, 3][not begun :]


def test_a_write_that_takes_only_a_part_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda handle, data: write(handle, data[:7]))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
        archive(tmp_path).append([entry(1), entry(2)])
    assert numbers(tmp_path) == [1, 2]


@pytest.mark.parametrize("function", ["rename", "fsync"])
def test_a_rotation_that_breaks_loses_nothing(tmp_path: Path, function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = archive(tmp_path, max_bytes=1)
    ours.append([entry(1)])
    for which in (1, 2):
        with monkeypatch.context() as patched:
            broken = failing_at(which, getattr(os, function), Broken(5, "Input/output error"))
            patched.setattr(os, function, broken)
            with pytest.raises(ArchiveError, match="Input/output error; check the disk"):
                ours.append([entry(2)])
        assert numbers(tmp_path) == [1]
    ours.append([entry(2)])
    assert numbers(tmp_path) == [1, 2]


@pytest.mark.parametrize("function", ["os.rename", "os.fsync", "shutil.copyfileobj"])
def test_a_compression_that_breaks_keeps_the_plain_file_and_does_the_others(
    tmp_path: Path, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = archive(tmp_path, max_bytes=1)
    ours.append([entry(1)])
    ours.append([entry(2)])
    ours.tidy(NOON_MS)
    module, name = function.split(".")
    target = {"os": os, "shutil": __import__("shutil")}[module]
    # The five growing files are sealed first, each with a sync of its data and one of its folder, or a rename.
    sealed = {"os.rename": 5, "os.fsync": 10, "shutil.copyfileobj": 0}[function]
    with monkeypatch.context() as patched:
        patched.setattr(target, name, failing_at(sealed + 1, getattr(target, name), Broken(28, "No space left")))
        with pytest.raises(ArchiveError, match=r"cannot compress .*coupling_checks\.1\.jsonl: No space left"):
            ours.tidy(NOON_MS + DAY_MS)
    left = [name for name in names(tmp_path) if not name.endswith(".gz")]
    assert left == ["coupling_checks.1.jsonl"]
    assert numbers(tmp_path) == [1, 2]
    assert ours.tidy(NOON_MS + DAY_MS).compressed == 1
