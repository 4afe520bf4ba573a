"""What is true of every script by its text alone: that its header tells the truth, and that it keeps to its keys."""

import re
from enum import IntEnum
from pathlib import Path
from typing import Final

import pytest

from kitbash import assets
from kitbash.blackboard.board import ClaimCode, FinishCode, RecordCode
from kitbash.blackboard.scripts import Scripts

FILES: Final = sorted(assets.path("lua").glob("*.lua"))
ENUMS: Final[dict[str, type[IntEnum]]] = {"claim": ClaimCode, "record": RecordCode, "finish": FinishCode}
FORBIDDEN: Final = (
    r"redis\.p?call\(\s*['\"](?:KEYS|SCAN|SELECT|FLUSHALL|FLUSHDB|RANDOMKEY)",
    r"\bos\.",
    r"math\.random",
    r"\bloadstring\b",
)
ELSEWHERE: Final = "only where all keys are on one server"
every_script = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def parts(path: Path) -> tuple[list[str], str]:
    """Return the comment lines at the top below `#!lua`, and the code below them."""
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    code = next(at for at, line in enumerate(lines) if not line.startswith("--"))
    return lines[:code], "\n".join(lines[code:])


def numbers(kind: str, text: str) -> set[int]:
    return {int(number) for number in re.findall(rf"\b{kind}\[(\d+)\]", text)}


def keyed(header: list[str]) -> list[tuple[int, str]]:
    """Return the number and the tag of each key that a header names."""
    found: list[tuple[str, str]] = re.findall(r"KEYS\[(\d+)\] kb:\{([^}]*)\}:[a-z]+", "\n".join(header))
    return [(int(number), tag) for number, tag in found]


def codes(header: list[str]) -> set[int]:
    """Return the codes that the header tells: each stands before its meaning, at a line's begin or after a bar."""
    told = "\n".join(line.removeprefix("--") for line in header).partition("Returns ")[2]
    meanings = [meaning for line in told.splitlines() for meaning in line.split("|")]
    return {int(found[1]) for meaning in meanings if (found := re.match(r"\s*(-?\d+) [a-z]", meaning))}


def test_there_are_scripts() -> None:
    assert FILES


@every_script
def test_it_says_that_it_is_a_script(path: Path) -> None:
    assert path.read_text(encoding="utf-8").splitlines()[0] == "#!lua"


@every_script
def test_its_header_names_it_as_its_file_is_named(path: Path) -> None:
    assert parts(path)[0][0].startswith(f"-- {path.stem}: ")


@every_script
@pytest.mark.parametrize("kind", ["KEYS", "ARGV"])
def test_its_header_names_the_keys_and_arguments_it_uses(path: Path, kind: str) -> None:
    header, code = parts(path)
    told = numbers(kind, "\n".join(header))
    assert told == numbers(kind, code)
    assert told == set(range(1, len(told) + 1))


@every_script
def test_its_keys_share_one_tag_but_for_those_a_cluster_leaves_out(path: Path) -> None:
    header = parts(path)[0]
    own = keyed([line for line in header if ELSEWHERE not in line])
    beside = keyed([line for line in header if ELSEWHERE in line])
    assert [number for number, _ in own + beside] == sorted(numbers("KEYS", "\n".join(header)))
    assert len({tag for _, tag in own}) == 1


@every_script
def test_it_builds_no_key(path: Path) -> None:
    assert "kb:" not in parts(path)[1]


@every_script
def test_it_calls_nothing_forbidden(path: Path) -> None:
    code = parts(path)[1]
    assert not [pattern for pattern in FORBIDDEN if re.search(pattern, code)]


@every_script
def test_it_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 60


@every_script
def test_its_header_tells_what_it_returns(path: Path) -> None:
    header, code = parts(path)
    ends = [end.split("\n")[0] for end in re.split(r"\breturn\b|\bcode =", code)[1:]]
    returned = {int(number) for end in ends for number in re.findall(r"(?<![\w\[])-?\d+", end)}
    assert codes(header) == returned


def test_every_file_is_a_script_and_every_script_a_file() -> None:
    assert {path.stem for path in FILES} == set(Scripts.__dataclass_fields__)


@pytest.mark.parametrize("verb", ENUMS)
def test_its_codes_are_those_of_the_enum(verb: str) -> None:
    assert codes(parts(assets.path(f"lua/{verb}.lua"))[0]) == {code.value for code in ENUMS[verb]}
