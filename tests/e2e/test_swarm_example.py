"""The example of the findings bus, run as its page says: three processes, one contradiction, one question."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
WITHIN_S: Final = 90


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """Return what the example prints; it must end well."""
    ours = ("KITBASH_", "REDIS_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    command = [sys.executable, "-m", "examples.swarm"]
    ran = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=WITHIN_S, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stderr == ""
    return ran.stdout.splitlines()


def test_two_agents_find_what_is_measured_and_what_is_told(lines: list[str]) -> None:
    measured = [line for line in lines if line.endswith("lasts at least three months. (93%, inform)")]
    told = [line for line in lines if line.endswith("lasts three seconds. (60%, inform)")]
    assert len(measured) == len(told) == 1
    assert {measured[0].partition(":")[0], told[0].partition(":")[0]} <= {"ada", "ben"}


def test_the_contradiction_is_found_once_and_a_signed_question_is_put_to_a_person(lines: list[str]) -> None:
    assert sum("contradict each other" in line for line in lines) == 1
    (question,) = (line for line in lines if line.startswith("inbox: "))
    assert "at least three months" in question
    assert "three seconds" in question
    assert sum(line.startswith("signed by referee") for line in lines) == 1
    assert lines[-1] == "one contradiction, and a person is asked"
