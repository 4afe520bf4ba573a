"""What measurements run in: a data folder of their own, a private server, a worker."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from kitbash.client import Client
from kitbash.domain.layer import Queue

ALL_QUEUES = ",".join(queue.value for queue in Queue)


@contextmanager
def client() -> Generator[Client]:
    """Give a client on a private server in a fresh data folder, stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="kitbash-bench-", ignore_cleanup_errors=True) as folder:
        os.environ["KITBASH_DATA_DIR"] = folder
        os.environ["KITBASH_LOG_LEVEL"] = "WARNING"
        with Client() as made:
            made.ask("What is the speed of light?")
            lease = made.runtime.at.lease
            yield made
        if lease is not None:
            lease.wait_stopped(10)


@contextmanager
def worker(arguments: list[str], environment: dict[str, str] | None = None) -> Generator["subprocess.Popen[bytes]"]:
    """Run `celery` with some arguments until the end of the block."""
    command = [sys.executable, "-m", "celery", *arguments]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), **(environment or {})}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def kitbash_worker(made: Client) -> Generator["subprocess.Popen[bytes]"]:
    """Run one worker for all queues, ready when the block begins."""
    with worker(["-A", "kitbash", "worker", "-Q", ALL_QUEUES, "-n", "bench@%h"]) as process:
        ends_s = time.monotonic() + 60
        while not all(made.runtime.board.workers().values()):
            if time.monotonic() > ends_s or process.poll() is not None:
                message = "the worker did not become ready"
                raise RuntimeError(message)
            time.sleep(0.05)
        yield process


def resident_mb(pid: int) -> float:
    """Return a process's resident memory with that of its children, in MB (Linux)."""
    kilobytes = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:
            continue
        if pid in {int(fields["Pid"]), int(fields["PPid"])}:
            kilobytes += int(fields.get("VmRSS", "0 kB").split()[0])
    return kilobytes / 1024
