"""Kitbash's programs as processes of their own: run to their end, or kept for as long as a test needs them."""

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from kitbash.blackboard import keys
from kitbash.domain.layer import Queue
from kitbash.knowledge import starter
from tests.servers import Server
from tests.waiting import until

BIN: Final = Path(sys.executable).parent
ALL: Final = tuple(Queue)
_OURS: Final = ("KITBASH_", "REDIS_", "KOBOLD_", "BITNET_", "LAYER", "PYTHONUNBUFFERED")
_STOP_S: Final = 10.0
_READY_S: Final = 45.0

Env = dict[str, str]


@dataclass(frozen=True, slots=True)
class Ran:
    """A program that has ended: its exit code and what it wrote."""

    code: int
    raw_out: bytes
    raw_err: bytes

    @property
    def out(self) -> str:
        return self.raw_out.decode(errors="replace")

    @property
    def err(self) -> str:
        return self.raw_err.decode(errors="replace")

    @property
    def json(self) -> Any:
        return json.loads(self.raw_out)

    @property
    def is_clean(self) -> bool:
        """Return whether nothing a terminal might obey was written, and no traceback."""
        both = self.raw_out + self.raw_err
        return b"\x1b" not in both and b"Traceback" not in both


@cache
def _built() -> Path:
    where = Path(tempfile.mkdtemp(prefix="kb-"))
    atexit.register(shutil.rmtree, where, ignore_errors=True)
    starter.ensure(where)
    return where


def home(where: Path) -> Path:
    """Return a new data folder that has the starter cartridges built already."""
    data = where / "data"
    shutil.copytree(_built(), data / "starter")
    return data


def environment(data: Path, url: str | None = None, **more: str) -> Env:
    """Return the environment of a Kitbash with this data folder, and this server or else a private one."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    env |= {"KITBASH_DATA_DIR": str(data), **more}
    return env if url is None else env | {"KITBASH_REDIS_URL": url}


def program(env: Env, *command: str | bytes | Path, stdin: bytes = b"", within_s: float = 60.0) -> Ran:
    """Run a program to its end in its data folder, or beside it if it is none."""
    data = Path(env["KITBASH_DATA_DIR"])
    where = data if data.is_dir() else data.parent
    done = subprocess.run(command, env=env, cwd=where, input=stdin, capture_output=True, timeout=within_s, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)


def kitbash(env: Env, *arguments: str | bytes, stdin: bytes = b"", within_s: float = 60.0) -> Ran:
    """Run `kitbash` to its end."""
    return program(env, BIN / "kitbash", *arguments, stdin=stdin, within_s=within_s)


def ask_all(env: Env, mode: str, questions: Sequence[str]) -> list[dict[str, Any]]:
    """Return what one client makes of these questions, each as `ask --json` prints it; see `asking.py`."""
    asking = Path(__file__).with_name("asking.py")
    done = program(env, sys.executable, asking, mode, stdin=json.dumps(questions).encode())
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


@contextmanager
def running(env: Env, log: Path, *command: str | Path) -> Generator["subprocess.Popen[bytes]"]:
    """Have a program run for the length of the block, all it writes in `log`; none of its group outlives it."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            env=env,
            cwd=env["KITBASH_DATA_DIR"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a program: asked first, then killed with its whole group."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_S)
    kill(process)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """End a program and its group at once, as a crash would."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(_STOP_S)


@contextmanager
def worker(
    env: Env, server: Server, log: Path, *options: str, queues: Sequence[Queue] = ALL, name: str = "all@test"
) -> Generator["subprocess.Popen[bytes]"]:
    """Have a worker serve queues for the length of the block, which begins when it has announced itself."""
    served = ",".join(queue.value for queue in queues)
    command = (BIN / "celery", "-A", "kitbash", "worker", "-Q", served, "-n", name, *options)
    with running(env, log, *command) as process:
        wait_announced(server, process, log, queues, name)
        yield process


@contextmanager
def worker_a_queue(env: Env, server: Server, where: Path) -> Generator[None]:
    """Have a worker of its own serve each queue."""
    with ExitStack() as all_of_them:
        started = [
            (queue, log, all_of_them.enter_context(running(env, log, *command)))
            for queue in Queue
            for log in [where / f"{queue.value}.log"]
            for command in [(BIN / "celery", "-A", "kitbash", "worker", "-Q", queue.value, "-n", f"{queue.value}@test")]
        ]
        for queue, log, process in started:
            wait_announced(server, process, log, [queue], f"{queue.value}@test")
        yield
        for _, _, process in started:
            process.terminate()


def wait_announced(
    server: Server, process: "subprocess.Popen[bytes]", log: Path, queues: Sequence[Queue], name: str
) -> None:
    """Wait until the blackboard knows that a worker serves these queues."""
    with closing(server.node()) as node:

        def announced() -> bool:
            assert process.poll() is None, log.read_text(errors="replace")[-2000:]
            return all(node.zscore(keys.workers(queue), name) for queue in queues)

        until(announced, _READY_S)


def mentioning(data: Path) -> dict[int, str]:
    """Return the processes that have this data folder in their environment or command, but this one (Linux)."""
    wanted, found = str(data).encode(), dict[int, str]()
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal() or int(process.name) == os.getpid():
            continue
        try:
            command = (process / "cmdline").read_bytes()
            if wanted in command or wanted in (process / "environ").read_bytes():
                found[int(process.name)] = command.replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
    return found


def gone(pid: int) -> Callable[[], bool]:
    """Return a condition: that a process has ended, whether or not somebody has asked for its exit code yet."""

    def has_ended() -> bool:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return True
        return stat.rpartition(")")[2].split()[0] == "Z"

    return has_ended
