"""Real servers for tests: a plain one, and a cluster of one node, which alone refuses keys of several slots."""

import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import redis
from redis.client import Redis

from kitbash.blackboard.connection import client_url, connect
from kitbash.blackboard.scripts import AnyRedis
from kitbash.server import binary
from tests.waiting import until

_STOP_S: Final = 10.0
_START_S: Final = 20.0
_ATTEMPTS: Final = 5
"""How often another port is tried: a free one may be taken before the server has it."""


class NotStarted(Exception):
    """The server program ended before it answered."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, what it is called, and its process."""

    url: str
    process: subprocess.Popen[bytes]
    is_cluster: bool = False

    def connect(self, *, socket_timeout_s: float = 10.0) -> AnyRedis:
        """Return a client such as Kitbash uses; the caller closes it."""
        return connect(self.url, connect_timeout_s=10.0, socket_timeout_s=socket_timeout_s, cluster=self.is_cluster)

    def node(self) -> Any:
        """Return a client of this one node, whether or not it is a cluster; the caller closes it."""
        return cast("Any", Redis).from_url(client_url(self.url), socket_timeout=_STOP_S, decode_responses=True)

    def flush(self) -> None:
        """Drop every key."""
        with closing(self.node()) as client:
            client.flushall()

    def pause(self) -> None:
        """Let the server hang: connections stay, nothing is answered."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server go on."""
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End the server in good order and wait until it is gone."""
        if self.process.poll() is None:
            self.resume()
            self.process.terminate()
        self.process.wait(_STOP_S)

    def kill(self) -> None:
        """End the server at once, as a crash would, and wait until it is gone."""
        self.process.kill()
        self.process.wait(_STOP_S)


@contextmanager
def plain(*, appendonly: bool = False, folder: Path | None = None) -> Generator[Server]:
    """Run a plain server on a unix socket. In a given folder it finds what was left there, and leaves what it keeps."""
    with _place(folder) as where:
        path = where / "s"
        path.unlink(missing_ok=True)
        url = f"redis+socket://{path}?virtual_host=0"
        server = _start(url, where, ["--port", "0", "--unixsocket", str(path)], appendonly=appendonly)
        try:
            yield server
        finally:
            server.kill()


@contextmanager
def cluster(*, appendonly: bool = False) -> Generator[Server]:
    """Run a cluster of one node, which holds all slots, on a port of this machine."""
    with _place(None) as where:
        server = _start_node(where, appendonly=appendonly)
        try:
            with closing(server.node()) as client:
                client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
                until(lambda: "cluster_state:ok" in str(client.execute_command("CLUSTER", "INFO")), _START_S)
            yield server
        finally:
            server.kill()


def _start_node(where: Path, *, appendonly: bool) -> Server:
    for attempt in range(_ATTEMPTS):
        port, bus_port = _free_ports()
        network = ["--bind", "127.0.0.1", "--port", str(port), "--cluster-port", str(bus_port)]
        node = ["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"]
        try:
            return _start(f"redis://127.0.0.1:{port}", where, [*network, *node], appendonly=appendonly, is_cluster=True)
        except NotStarted:
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError


def _start(url: str, where: Path, arguments: list[str], *, appendonly: bool, is_cluster: bool = False) -> Server:
    log = where / "log"
    keeping = ["--save", "", "--appendonly", "yes" if appendonly else "no"]
    process = subprocess.Popen(
        [program(), "--dir", where, "--logfile", log, "--daemonize", "no", *keeping, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=where,
    )
    server = Server(url, process, is_cluster)
    try:
        until(lambda: _answers(server, log), _START_S)
    except BaseException:
        server.kill()
        raise
    return server


def _answers(server: Server, log: Path) -> bool:
    if server.process.poll() is not None:
        message = f"the server ended: {log.read_text()[-500:] if log.exists() else 'it left no log'}"
        raise NotStarted(message)
    with closing(server.node()) as client:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False


@cache
def program() -> Path:
    return binary.find().path


@contextmanager
def _place(folder: Path | None) -> Generator[Path]:
    """Yield the given folder, or one of our own that goes afterwards. Its path is short: a socket's must be."""
    if folder is not None:
        yield folder
        return
    own = Path(tempfile.mkdtemp(prefix="kb-"))
    try:
        yield own
    finally:
        shutil.rmtree(own)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]
