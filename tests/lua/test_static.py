"""What is true of every script by its text alone: that its header tells the truth, and that it keeps to its keys."""

import re
from enum import IntEnum
from pathlib import Path
from typing import Final

import pytest

from kitbash import assets
from kitbash.blackboard.board import ClaimCode, FinishCode, LaterCode, RecordCode, SayCode
from kitbash.blackboard.bus import CoupleCode, HealthCode, PostCode
from kitbash.blackboard.ending import SettleCode
from kitbash.blackboard.engines import JudgeCode
from kitbash.blackboard.grains import HitCode, MoveCode, VoteCode
from kitbash.blackboard.metabolism import BeginCode, KeepCode
from kitbash.blackboard.redis_context import VisitCode
from kitbash.blackboard.scripts import Scripts
from kitbash.swarm.scripts import ClaimCode as ClaimTaskCode
from kitbash.swarm.scripts import Verb, WriteCode
from kitbash.swarm.trust.registry_store import PublishCode
from kitbash.swarm.trust.replay import AdmitCode

FILES: Final = sorted(assets.path("lua").rglob("*.lua"))
TRUST: Final = {"admit": AdmitCode, "publish_keys": PublishCode}
ENUMS: Final[dict[str, type[IntEnum]]] = {
    "claim": ClaimCode,
    "record": RecordCode,
    "say": SayCode,
    "finish": FinishCode,
    "post": PostCode,
    "couple": CoupleCode,
    "health": HealthCode,
    "settle": SettleCode,
    "tell_later": LaterCode,
    "visit": VisitCode,
    "begin_cycle": BeginCode,
    "keep_cycle": KeepCode,
    "hit": HitCode,
    "vote": VoteCode,
    "judge": JudgeCode,
    "promote": MoveCode,
    "swarm/claim_task": ClaimTaskCode,
    **{f"swarm/{verb}": codes for verb, codes in TRUST.items()},
}
MOST_LINES: Final = 60
LONGER: Final = {"couple": 150}
"""The rules between the levels are one script, which takes as long as it takes."""
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
    found: list[tuple[str, str]] = re.findall(r"KEYS\[(\d+)\] (?:kb:\{([^}]*)\}:|<prefix>)[\w<]", "\n".join(header))
    return [(int(number), tag) for number, tag in found]


def codes(header: list[str]) -> set[int]:
    """Return the codes that a header tells: each stands before its meaning, at a line's begin or after a bar."""
    told = "\n".join(line.removeprefix("--") for line in header).partition("Returns ")[2]
    meanings = [meaning for line in told.splitlines() for meaning in line.split("|")]
    return {int(found[1]) for meaning in meanings if (found := re.match(r"\s*(-?\d+) [a-z]", meaning))}


def returned(code: str) -> set[int]:
    """Return the codes that a script returns: the first of what it returns, and what it gives to `code` or `reply`.

    What its local functions return, but for `reply`, is no code.
    """
    helper = r"^local function (?!reply\()[^\n]*(?:\n(?!end$)[^\n]*)*\nend$|^local function (?!reply\()[^\n]* end$"
    main = re.sub(helper, "", code, flags=re.MULTILINE)
    ends: list[str] = re.findall(r"\breturn (?:\{([^,}]*)|([^\n]*))|\bcode = ([^\n]*)", main)
    return {int(number) for end in ends for part in end for number in re.findall(r"(?<![\w\[])-?\d+", part)}


def is_computed(kind: str, code: str) -> bool:
    """Return whether a script reaches keys or arguments by a number that it computes."""
    return bool(re.search(rf"(?<!#)\b{kind}\[(?!\d+\])|unpack\({kind}, \d+, #{kind}\)", code))


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
    assert told == set(range(1, len(told) + 1))
    # Numbers that are computed cannot be read; `test_calls` holds them against what is given.
    assert told >= numbers(kind, code) if is_computed(kind, code) else told == numbers(kind, code)


@every_script
def test_it_takes_any_number_of_arguments_only_if_its_header_says_so(path: Path) -> None:
    header, code = parts(path)
    says_so = bool(re.search(r"\bARGV\[\d+\]\.\.\.", "\n".join(header)))
    assert says_so == ("#ARGV" in code) == is_computed("ARGV", code)
    assert "#KEYS" not in code


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
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGER.get(path.stem, MOST_LINES)


@every_script
def test_its_header_tells_what_it_returns(path: Path) -> None:
    header, code = parts(path)
    assert codes(header) == returned(code)


def test_every_file_is_a_script_and_every_script_a_file() -> None:
    here = {path.stem for path in FILES if path.parent.name == "lua"}
    of_bus = {path.stem for path in FILES if path.parent.name == "swarm"}
    assert here == set(Scripts.__dataclass_fields__)
    assert of_bus == {verb.value for verb in Verb}


@pytest.mark.parametrize("verb", sorted(set(Verb) - {Verb.CLAIM_TASK, *TRUST}))
def test_a_script_of_the_bus_has_no_code_that_its_client_does_not_know(verb: Verb) -> None:
    assert codes(parts(assets.path(f"lua/swarm/{verb.value}.lua"))[0]) <= {code.value for code in WriteCode}


@pytest.mark.parametrize("verb", ENUMS)
def test_its_codes_are_those_of_the_enum(verb: str) -> None:
    assert codes(parts(assets.path(f"lua/{verb}.lua"))[0]) == {code.value for code in ENUMS[verb]}
