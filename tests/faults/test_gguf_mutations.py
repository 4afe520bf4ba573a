"""Two hundred damaged copies of a model's file: an error of ours or a working load each time, never a dead process."""

import subprocess
import sys
from pathlib import Path

import pytest

from kitbash.models import tiny

COUNT = 200
EARLY_ERRORS = {"ModelFileError"}
ERRORS = {"ModelFileError", "EngineBadReply"}


@pytest.mark.parametrize("seed", [0, 1])
def test_no_damage_kills_the_process(tmp_path: Path, seed: int) -> None:
    file = tiny.scatter(tmp_path / "tiny.gguf", words=["water", "ice"])
    command = [sys.executable, "-m", "tests.faults.gguf_mutations", str(file), str(seed), str(COUNT)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    lines = run.stdout.splitlines()
    assert run.returncode == 0, f"died at {lines[-1] if lines else 'once'}: {run.stderr[-500:]}"
    outcomes: dict[str, str] = {}
    for line in lines:
        damage, _, outcome = line.rpartition(": ")
        outcomes[damage] = outcome
    assert len(lines) == COUNT
    assert set(outcomes.values()) == {"works", *ERRORS}
    plain = ["empty", "html", "pointer", "magic only", "version 1", "version 4", "version 16777216"]
    assert {outcomes[damage] for damage in plain} == EARLY_ERRORS
    assert {outcome for damage, outcome in outcomes.items() if damage.startswith("cut at")} == EARLY_ERRORS
