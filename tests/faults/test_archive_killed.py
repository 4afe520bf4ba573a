"""A writer killed anywhere leaves whole lines and whole queries; several writers at once lose none."""

import random
import select
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from kitbash.archive.entry import Kind
from kitbash.archive.finding import find, queries
from kitbash.archive.reader import read
from kitbash.archive.skipped import Fault, Skipped
from tests.integration.test_archive_append import DAY, DAY_MS, NOON_MS, archive, entry, names, query_id

REPOSITORY: Final = Path(__file__).parents[2]

# Made here and not taken from the tests, whose imports are most of the time such a process takes.
ENTRIES: Final = """
import os, random, signal, sys
from pathlib import Path
from kitbash.archive.entry import Entry, Kind
from kitbash.archive.writer import Archive

NOON_MS = 1772366400000
root, first, last = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])

def entry(n, size, kinds):
    line = {"n": n, "text": "x" * size}
    others = {kind: [line | {"i": i} for i in range(8 // (len(kinds) - 1))] for kind in kinds}
    return Entry(NOON_MS, f"{NOON_MS:012x}{n:020x}", others | {Kind.QUERY_TRACES: [line]})
"""

WRITING: Final = f"""{ENTRIES}
ours = Archive(root, max_bytes=50_000, keep_days=0)
for n in range(first, last, 4):
    ours.append([entry(m, 1000, list(Kind)) for m in range(n, n + 4)])
    print(n, flush=True)
"""

DYING: Final = f"""{ENTRIES}
calls = 0
chance = random.Random(first)

def let_die(name):
    real = getattr(os, name)
    def instead(*args, **kwargs):
        global calls
        calls += 1
        if calls == first:
            if name == "write":
                real(args[0], args[1][:chance.randrange(len(args[1]))])
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    setattr(os, name, instead)

for name in ("open", "mkdir", "write", "fsync", "rename", "unlink", "ftruncate"):
    let_die(name)
ours = Archive(root, max_bytes=1500, keep_days=0)
for n in (0, 2):
    # Two kinds, since every call more is a process more.
    ours.append([entry(m, 300, [Kind.QUERY_TRACES, Kind.COUPLING_CHECKS]) for m in (n, n + 1)])
    os.truncate(sorted(root.rglob("query_traces.jsonl"))[0], 10_000)
    print(n, flush=True)
ours.tidy(NOON_MS + 86400000)
"""


def command(script: str, root: Path, first: int, last: int) -> list[str]:
    return [sys.executable, "-c", script, str(root), str(first), str(last)]


@contextmanager
def writing(root: Path, first: int, last: int) -> Generator["subprocess.Popen[bytes]"]:
    """Run a writer of the queries from `first` to before `last`, four a batch, that prints the first of each."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command(WRITING, root, first, last), cwd=REPOSITORY, stdout=pipe, bufsize=0) as process:
        try:
            yield process
        finally:
            process.kill()


def said(out: bytes, batch: int) -> set[int]:
    """Return the numbers of queries whose append a writer has said to have returned."""
    return {int(first) + n for first in out.split() for n in range(batch)}


def assert_whole(root: Path, acknowledged: set[int], skipped: Skipped) -> None:
    """Assert that what is read are whole queries, each line once, and all whose append had returned."""
    traces = [trace["n"] for trace in queries(root, DAY, skipped)]
    assert len(set(traces)) == len(traces)
    assert acknowledged <= set(traces)
    tokens: dict[str, list[Mapping[str, Any]]] = {}
    for kind in set(Kind) - {Kind.QUERY_TRACES}:
        lines = list(read(root, DAY, kind, skipped))
        told = Counter((line["append"], line["i"]) for line in lines)
        assert set(told.values()) <= {1}
        for line in lines:
            tokens.setdefault(line["append"], []).append(line)
    for trace in read(root, DAY, Kind.QUERY_TRACES):
        assert Counter(line["n"] for line in tokens[trace["append"]]) == {trace["n"]: 8}
    assert {fault for _, fault in skipped.counts} <= {Fault.TORN}
    assert set(skipped.counts.values()) <= {1}


def test_a_writer_killed_at_any_call_leaves_whole_queries(tmp_path: Path) -> None:
    """At each call to the operating system in turn, through two appends, torn tails, a rotation and a compression."""
    torn, acknowledgements, at = 0, set[int](), 0
    while True:
        at += 1
        root = tmp_path / str(at)
        done = subprocess.run(command(DYING, root, at, 0), cwd=REPOSITORY, capture_output=True, check=False, timeout=30)
        acknowledged = said(done.stdout, 2)
        acknowledgements.add(len(acknowledged))
        skipped = Skipped()
        assert_whole(root, acknowledged, skipped)
        torn += skipped.total
        ours = archive(root, max_bytes=1500)
        ours.append([entry(9)])
        assert_whole(root, acknowledged | {9}, now := Skipped())
        assert now.told() == []
        ours.tidy(NOON_MS + DAY_MS)
        assert_whole(root, acknowledged | {9}, now)
        assert all(name.endswith(".gz") for name in names(root)), names(root)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert at > 80
    assert torn > 5
    assert acknowledgements == {0, 2, 4}


def test_writers_killed_at_any_moment_leave_whole_queries(tmp_path: Path) -> None:
    """One after the other in one archive, each somewhere in the batch after some others."""
    chance = random.Random(20)
    acknowledged: set[int] = set()
    for turn in range(12):
        with writing(tmp_path, turn * 1000, turn * 1000 + 1000) as process:
            assert process.stdout
            out = b""
            for _ in range(chance.randrange(1, 12)):
                out += process.stdout.readline()
            process.kill()
            out += process.stdout.read()
        acknowledged |= said(out, 4)
        assert_whole(tmp_path, acknowledged, Skipped())
    archive(tmp_path).append([entry(99_999)])
    assert_whole(tmp_path, acknowledged | {99_999}, now := Skipped())
    assert now.told() == []
    assert len(acknowledged) > 12 * 4


def test_processes_that_append_at_once_lose_nothing(tmp_path: Path) -> None:
    """While the day is read again and again: what was read once is read from then on, in the same order."""
    before: list[int] = []
    with writing(tmp_path, 0, 240) as one, writing(tmp_path, 1000, 1240) as two, writing(tmp_path, 2000, 2240) as three:
        processes = (one, two, three)
        outs = [process.stdout for process in processes if process.stdout]
        assert select.select(outs, [], [], 30)[0]
        while any(process.poll() is None for process in processes):
            now = [line["n"] for line in read(tmp_path, DAY, Kind.QUERY_TRACES)]
            assert now[: len(before)] == before
            before = now
        assert [process.returncode for process in processes] == [0, 0, 0]
    wanted = {n + m for n in (0, 1000, 2000) for m in range(240)}
    assert_whole(tmp_path, wanted, now := Skipped())
    assert now.told() == []
    traces = [line["n"] for line in read(tmp_path, DAY, Kind.QUERY_TRACES)]
    assert sorted(traces) == sorted(wanted)
    for n in (0, 1000, 2000):
        assert [m for m in traces if n <= m < n + 240] == list(range(n, n + 240))
    # A batch stays together.
    assert all(traces[i : i + 4] == list(range(traces[i], traces[i] + 4)) for i in range(0, len(traces), 4))
    assert find(tmp_path, query_id(2239)) is not None
    assert "coupling_checks.9.jsonl" in names(tmp_path)


def test_a_day_compressed_while_it_is_written_and_read_loses_nothing(tmp_path: Path) -> None:
    ours = archive(tmp_path)
    before: list[int] = []
    with writing(tmp_path, 0, 400) as process:
        assert process.stdout
        process.stdout.readline()
        while process.poll() is None:
            ours.tidy(NOON_MS + DAY_MS)
            now = [line["n"] for line in read(tmp_path, DAY, Kind.QUERY_TRACES)]
            assert now[: len(before)] == before
            before = now
        assert process.returncode == 0
    ours.tidy(NOON_MS + DAY_MS)
    assert [line["n"] for line in read(tmp_path, DAY, Kind.QUERY_TRACES)] == list(range(400))
    assert all(name.endswith(".gz") for name in names(tmp_path))
