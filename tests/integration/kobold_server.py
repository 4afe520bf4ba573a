"""A server that speaks KoboldCpp's streaming protocol, or fails as one may; what it does is chosen for each test.

Like the original it answers in HTTP/1.0: only the end of the connection ends a body. It notices when a client leaves,
as the original does between two tokens, and then stops generating.
"""

import json
import select
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, cast

from typing_extensions import override

PATH: Final = "/api/extra/generate/stream"
BUSY: Final = '{"detail": {"msg": "Server is busy; please try again later.", "type": "service_unavailable"}}'
UNAUTHORIZED: Final = '{"detail": {"error": "Unauthorized", "msg": "Authentication required", "type": "unauthorized"}}'
BAD_INPUT: Final = '{"detail": {"msg": "Error parsing input.", "type": "bad_input"}}'
NOT_FOUND: Final = "<html><head><title>404</title></head><body>Not found</body></html>"
STREAM_HEAD: Final = (
    b"HTTP/1.0 200 OK\r\nServer: ConcedoLlamaForKoboldServer\r\nX-Accel-Buffering: no\r\ncache-control: no-cache\r\n"
    b"connection: keep-alive\r\nContent-Type: text/event-stream\r\n\r\n"
)
_POLL_S: Final = 0.02
_SEND_S: Final = 5.0
_BLOCK: Final = b"x" * 65_536


@dataclass(eq=False, slots=True)
class Call:
    """One request as it arrived, and the connection to answer it on. `left` is set once the client has closed it."""

    line: str
    headers: dict[str, str]
    body: Any
    connection: socket.socket
    stopping: threading.Event
    left: threading.Event = field(default_factory=threading.Event)

    def send(self, data: bytes) -> None:
        """Send bytes at once. Raises OSError when the client has left."""
        self.connection.sendall(data)

    def stays(self, within_s: float) -> bool:
        """Wait that long and return True, or False as soon as the client leaves or the test ends."""
        ends_s = time.monotonic() + within_s
        while not self.stopping.is_set():
            rest_s = ends_s - time.monotonic()
            readable, _, _ = select.select([self.connection], [], [], max(0.0, min(rest_s, _POLL_S)))
            if readable and not self.connection.recv(1):
                raise ConnectionResetError
            if rest_s <= 0:
                return True
        return False


Behaviour = Callable[[Call], None]


class KoboldServer(socketserver.ThreadingTCPServer):
    """The server. `behaviour` answers each call; a client that only connects makes none."""

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)
        self.behaviour = behaviour
        self.calls: list[Call] = []
        self.errors: list[BaseException] = []
        self.stopping = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def call(self) -> Call:
        """Return the only call there was."""
        (call,) = self.calls
        return call

    @override
    def finish_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: Any) -> None:
        connection = cast("socket.socket", request)
        connection.settimeout(_SEND_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with suppress(ConnectionError):
                call = _read(connection, self.stopping)
                self.calls.append(call)
                try:
                    self.behaviour(call)
                except ConnectionError:
                    call.left.set()
        except BaseException as error:
            self.errors.append(error)
            raise


@contextmanager
def serving(behaviour: Behaviour) -> Generator[KoboldServer]:
    """Run a server; afterwards its threads and sockets are gone. A fault of its own fails the test."""
    with KoboldServer(behaviour) as server:
        thread = threading.Thread(target=server.serve_forever, args=(_POLL_S,))
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            server.shutdown()
            thread.join()
    assert not server.errors


def event(token: object, reason: object = None) -> bytes:
    """Return one event of the stream."""
    return raw_event(json.dumps({"token": token, "finish_reason": reason}))


def raw_event(data: str) -> bytes:
    """Return an event that carries any data."""
    return f"event: message\ndata: {data}\n\n".encode()


def reply(*tokens: str, reason: str = "stop", every_s: float = 0.0) -> Behaviour:
    """Generate these tokens; the last one comes with the reason for stopping."""
    events = [*(event(token) for token in tokens[:-1]), event(tokens[-1], reason)]
    return stream(*events, every_s=every_s)


def stream(*pieces: bytes, every_s: float = 0.0) -> Behaviour:
    """Open an event stream, send pieces, the first at once, and close. Without a finish reason it is cut."""

    def behave(call: Call) -> None:
        call.send(STREAM_HEAD)
        _send_each(call, list(pieces), every_s)

    return behave


def stall(*pieces: bytes, after_s: float = 0.0) -> Behaviour:
    """Open an event stream, send pieces after a while, then say nothing more."""

    def behave(call: Call) -> None:
        call.send(STREAM_HEAD)
        if call.stays(after_s):
            call.send(b"".join(pieces))
            silent(call)

    return behave


def drip(data: bytes, *, every_s: float) -> Behaviour:
    """Send data, which may hold the status line and headers, a byte at a time."""
    return lambda call: _send_each(call, [data[at : at + 1] for at in range(len(data))], every_s)


def answer(status: str, body: str, kind: str = "application/json", *, more: str = "") -> Behaviour:
    """Answer with a status and a body, as no stream."""
    return lambda call: call.send(f"HTTP/1.0 {status}\r\nContent-Type: {kind}\r\n{more}\r\n{body}".encode())


def redirect(url: str, status: str) -> Behaviour:
    """Send the client elsewhere."""
    return answer(status, "", "text/html", more=f"Location: {url}{PATH}\r\n")


def endless(start: bytes, block: bytes = _BLOCK) -> Behaviour:
    """Send the start, then the same block as fast as the client takes it, until it leaves."""

    def behave(call: Call) -> None:
        call.send(start)
        while call.stays(0):
            call.send(block)

    return behave


def drop(call: Call) -> None:
    """Close the connection without a reply, as for JSON that is not an object."""


def silent(call: Call) -> None:
    """Take the request and never answer."""
    while call.stays(1.0):
        pass


def reset(call: Call) -> None:
    """Break the connection in the middle of the body, without an orderly end."""
    call.send(STREAM_HEAD + event("Par"))
    if call.stays(0.05):
        call.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        call.connection.close()


def echo(call: Call) -> None:
    """Generate the prompt."""
    stream(event(call.body["prompt"]), event("", "stop"))(call)


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Behave in a different way for each call, in order."""
    left = iter(behaviours)

    def behave(call: Call) -> None:
        next(left)(call)

    return behave


def _send_each(call: Call, pieces: list[bytes], every_s: float) -> None:
    for at, piece in enumerate(pieces):
        if at and every_s and not call.stays(every_s):
            return
        call.send(piece)


def _read(connection: socket.socket, stopping: threading.Event) -> Call:
    got = b""
    while b"\r\n\r\n" not in got:
        got += _some(connection)
    head, _, body = got.partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += _some(connection)
    return Call(line, headers, json.loads(body or b"null"), connection, stopping)


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        raise ConnectionAbortedError
    return data
