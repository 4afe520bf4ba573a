"""A disk that is full or closed leaves the archive as it was, says what to try, and takes the same entries later."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from kitbash.archive.errors import ArchiveError
from kitbash.archive.skipped import Skipped
from tests.integration.test_archive_append import DAY, archive, entry, numbers

REPOSITORY: Final = Path(__file__).parents[2]
NAMESPACE: Final = ("unshare", "--user", "--map-root-user", "--mount")

APPEND_TWICE: Final = """
import json, resource, sys
from pathlib import Path
from kitbash.archive.entry import Entry, Kind
from kitbash.archive.errors import ArchiveError
from tests.integration.test_archive_append import archive, entry

root, limit = Path(sys.argv[1]), int(sys.argv[2])
ours = archive(root)
ours.append([entry(1)])
sizes = lambda: {path.name: path.stat().st_size for path in (root / "logs").rglob("*.jsonl")}
before = sizes()
batch = [entry(n, size=1000) for n in range(2, 202)]
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
told = []
for _ in range(2):
    try:
        ours.append(batch)
    except ArchiveError as error:
        told.append(str(error))
after = sizes()
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    ours.append(batch)
else:
    ours.append(batch[:2])
print(json.dumps([before, after, told]))
"""


def ran(command: Sequence[str]) -> Any:
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("limit", [2_000, 100_000, 300_000])
def test_a_write_that_is_cut_short_is_taken_away_again(tmp_path: Path, limit: int) -> None:
    """By a limit on the size of files: up to it bytes are written, then it is an error."""
    before, after, told = ran([sys.executable, "-c", APPEND_TWICE, str(tmp_path), str(limit)])
    assert after == before
    assert len(told) == 2
    assert told[0].startswith(f"the archive cannot write {tmp_path}/logs/{DAY}/")
    assert told[0].endswith(": File too large; free some space or raise the quota, then call again")
    skipped = Skipped()
    assert numbers(tmp_path, skipped=skipped) == list(range(1, 202))
    assert skipped.total == 0


def may_mount() -> bool:
    try:
        done = subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0


@pytest.fixture(scope="module")
def _namespace() -> None:
    """Need a mount that only one process and its children see, and that ends with them."""
    if not may_mount():
        pytest.skip("mounting in a namespace of its own is not permitted here")


@pytest.mark.usefixtures("_namespace")
def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    mounted = 'mount -t tmpfs -o size=256k none "$0" && exec "$@"'
    command = [*NAMESPACE, "sh", "-c", mounted, str(tmp_path), sys.executable, "-c", APPEND_TWICE, str(tmp_path), "0"]
    before, after, told = ran(command)
    assert after == before
    assert len(told) == 2
    assert told[0].endswith(": No space left on device; free some space or raise the quota, then call again")


@pytest.mark.usefixtures("_namespace")
def test_a_disk_that_is_read_only_is_told(tmp_path: Path) -> None:
    archive(tmp_path).append([entry(1)])
    script = """
import json, sys
from pathlib import Path
from kitbash.archive.entry import Entry, Kind
from kitbash.archive.errors import ArchiveError
from tests.integration.test_archive_append import archive, entry, numbers
told = []
for act in (lambda ours: ours.append([entry(2)]), lambda ours: ours.tidy(1 << 41)):
    try:
        act(archive(Path(sys.argv[1])))
    except ArchiveError as error:
        told.append(str(error))
print(json.dumps([told, numbers(Path(sys.argv[1]))]))
"""
    mounted = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
    command = [*NAMESPACE, "sh", "-c", mounted, str(tmp_path), sys.executable, "-c", script, str(tmp_path)]
    told, read = ran(command)
    assert len(told) == 2
    assert all("Read-only file system; let this user write there" in message for message in told)
    assert read == [1]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_this_user_may_not_write_to_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ArchiveError, match=r"Permission denied; let this user write there"):
            archive(tmp_path / "a").append([entry(1)])
    finally:
        tmp_path.chmod(0o700)
