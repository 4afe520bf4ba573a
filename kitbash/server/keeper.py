"""Keeps one private server for as long as anybody uses it, and no longer. Run as a program, standard library only.

Users hold a shared lock on `users.lock`; the operating system lets go of it however a user dies. The keeper tries for
the exclusive lock: when it gets it nobody is left, and it stops the server. On Linux the server dies with the keeper.

Arguments: the folder, the server program, the data folder.
"""

import ctypes
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

POLL_S = 0.2
READY_S = 60.0
STOP_S = 10.0
LOCK_S = 2.0
MOST_RESTARTS = 5
LONGEST_SOCKET = 100
PR_SET_PDEATHSIG = 1


def die_with_parent(number: int = signal.SIGTERM) -> None:
    """Have the kernel send this process a signal when its parent ends, where the kernel can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number))


def start(program: str, data: Path, address: Path, log: Path) -> "subprocess.Popen[bytes]":
    """Start the server on a socket that only this user can open, appending every write to disk once a second."""
    data.mkdir(parents=True, exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(address),
        "unixsocketperm": "700",
        "dir": str(data),
        "appendonly": "yes",
        "appendfsync": "everysec",
        # A query's event stream takes what it holds, not the 4 KB a server sets aside for each.
        "stream-node-max-bytes": "512",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "logfile": str(log),
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return subprocess.Popen(
        [program, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=die_with_parent,
    )


def answers(address: Path) -> bool:
    """Return whether a server answers PING on a socket."""
    try:
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(1)
            wire.connect(str(address))
            wire.sendall(b"PING\r\n")
            return wire.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def wait_ready(server: "subprocess.Popen[bytes]", address: Path) -> bool:
    """Return True as soon as the server answers, False if it ends or takes too long."""
    ends_s = time.monotonic() + READY_S
    while time.monotonic() < ends_s and server.poll() is None:
        if answers(address):
            return True
        time.sleep(0.01)
    return False


def stop(server: "subprocess.Popen[bytes]") -> None:
    """End the server, giving it time to write what it holds."""
    server.terminate()
    try:
        server.wait(STOP_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def leave(_number: int, _frame: object) -> None:
    """End in order, so that the server is stopped too."""
    sys.exit(0)


def keep(folder: Path, program: str, data: Path) -> int:
    """Start the server and watch until nobody uses it. Returns the exit code."""
    address = folder / "redis.sock"
    short = Path(tempfile.mkdtemp(prefix="kitbash-")) if len(str(address)) > LONGEST_SOCKET else None
    if short is not None:
        address = short / "redis.sock"
    state, log = folder / "server.json", folder / "server.log"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, leave)
    if not hold(folder / "keeper.lock"):
        return 2
    server = start(program, data, address, log)
    try:
        if not wait_ready(server, address):
            return 1
        restarts = 0
        while True:
            written = state.with_suffix(".new")
            about = {"url": f"redis+socket://{address}?virtual_host=0", "server": server.pid, "keeper": os.getpid()}
            written.write_text(json.dumps(about))
            written.replace(state)
            if watch(server, folder / "users.lock"):
                return 0
            restarts += 1
            if restarts > MOST_RESTARTS:
                return 1
            server = start(program, data, address, log)
            if not wait_ready(server, address):
                return 1
    finally:
        state.unlink(missing_ok=True)
        stop(server)
        address.unlink(missing_ok=True)
        if short is not None:
            short.rmdir()


def hold(path: Path) -> bool:
    """Hold a lock until this process ends, so that others see that it lives; False if another keeper does."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    ends_s = time.monotonic() + LOCK_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Somebody may be looking at this moment whether there is a keeper.
            if time.monotonic() > ends_s:
                os.close(lock)
                return False
            time.sleep(0.01)
        else:
            return True


def watch(server: "subprocess.Popen[bytes]", users: Path) -> bool:
    """Return True once nobody uses the server, still holding the lock, or False if the server ended by itself."""
    lock = os.open(users, os.O_RDWR | os.O_CREAT, 0o600)
    while server.poll() is None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(POLL_S)
        else:
            # The lock is held until this process ends: a new user waits for the server to be gone.
            return True
    os.close(lock)
    return False


if __name__ == "__main__":
    sys.exit(keep(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
