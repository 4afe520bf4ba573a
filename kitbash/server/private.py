"""A private server, shared by all Kitbash processes of one data folder, gone when the last of them is.

Durability: appended to disk once a second (`appendfsync everysec`); a kill loses nothing, a power loss up to a second.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kitbash.errors import ConfigError, Unavailable
from kitbash.server import binary, keeper

WAIT_S: Final = 65.0
SILENT_S: Final = 4.0
_POLL_S: Final = 0.01


@dataclass(slots=True)
class Lease:
    """The right to use the private server; it runs at least until this is closed or the process ends."""

    url: str
    folder: Path
    _users: int

    def close(self) -> None:
        """Leave the server; it is stopped a moment after the last one has left."""
        if self._users >= 0:
            os.close(self._users)
            self._users = -1

    def wait_stopped(self, within_s: float) -> bool:
        """Return True as soon as the server has stopped, False if somebody still uses it after the time given."""
        ends_s = time.monotonic() + within_s
        while _state(self.folder) is not None or keeper.answers(_address(self.url)):
            if time.monotonic() > ends_s:
                return False
            time.sleep(_POLL_S)
        return True


def acquire(data_dir: Path) -> Lease:
    """Return a lease on the private server of a data folder, having started it if it does not run.

    Raises Unavailable with the end of the server's log if it does not start, ConfigError if the folder cannot be used.
    """
    folder = data_dir.expanduser() / "server"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        users = os.open(folder / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        message = f"the data folder {data_dir} cannot be used: {error}; name another with KITBASH_DATA_DIR"
        raise ConfigError(message) from error
    try:
        _share(users, folder)
        url = running(folder) or _started(folder)
    except BaseException:
        os.close(users)
        raise
    return Lease(url, folder, users)


def running(folder: Path) -> str | None:
    """Return the URL of the server that runs in a folder, or None; one that lost its keeper is stopped first.

    Raises Unavailable if it has a keeper and does not answer: another must not be started on the same data.
    """
    ends_s = time.monotonic() + SILENT_S
    while (state := _state(folder)) is not None:
        if not _is_kept(folder):
            _end(state["server"])
            (folder / "server.json").unlink(missing_ok=True)
            return None
        if keeper.answers(_address(state["url"])):
            return state["url"]
        if time.monotonic() > ends_s:
            message = (
                f"the private server (process {state['server']}) in {folder} does not answer; end it and try again"
            )
            raise Unavailable(message)
        time.sleep(_POLL_S)
    return None


def _share(users: int, folder: Path) -> None:
    """Take the shared lock; while a keeper is stopping its server this waits until it is gone."""
    ends_s = time.monotonic() + WAIT_S
    while True:
        try:
            fcntl.flock(users, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > ends_s:
                message = f"the server in {folder} does not stop; end the process that holds {folder / 'users.lock'}"
                raise Unavailable(message) from None
            time.sleep(_POLL_S)
        else:
            return


def _started(folder: Path) -> str:
    with _alone(folder / "start.lock"):
        url = running(folder)
        if url is not None:
            return url
        server = binary.find()
        program = Path(keeper.__file__)
        process = subprocess.Popen(
            [sys.executable, "-I", program, folder, server.path, folder / f"data-{server.flavour}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        # Not waited for when it ends later: it outlives this process on purpose.
        ends_s = time.monotonic() + WAIT_S
        while time.monotonic() < ends_s and process.poll() is None:
            state = _state(folder)
            if state is not None and state["keeper"] == process.pid:
                process.returncode = 0
                return state["url"]
            time.sleep(_POLL_S)
        message = f"{server.path} did not start: {_log_end(folder / 'server.log')}"
        raise Unavailable(message)


@contextmanager
def _alone(path: Path) -> Generator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _state(folder: Path) -> dict[str, Any] | None:
    try:
        return json.loads((folder / "server.json").read_text())
    except (OSError, ValueError):
        return None


def _address(url: str) -> Path:
    return Path(url.removeprefix("redis+socket://").partition("?")[0])


def _is_kept(folder: Path) -> bool:
    """Return whether a keeper lives: it holds a lock that no dead process can hold, not even one nobody waited for."""
    lock = os.open(folder / "keeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(lock)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _end(pid: int) -> None:
    """Have a process ended, asked first. Raises Unavailable if it cannot be."""
    for number, wait_s in ((signal.SIGTERM, keeper.STOP_S), (signal.SIGKILL, 1.0)):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        ends_s = time.monotonic() + wait_s
        while _lives(pid) and time.monotonic() < ends_s:
            time.sleep(0.05)
    if _lives(pid):
        message = f"the server without a keeper (process {pid}) does not end; end it yourself"
        raise Unavailable(message)


def _log_end(path: Path) -> str:
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return "it left no log"
    return " / ".join(lines[-3:]) or "its log is empty"
