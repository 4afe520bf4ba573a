"""A server with the Hugging Face hub's paths: it holds an encoder's folder, and may redirect, lie or break off."""

import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from typing_extensions import override


@dataclass(eq=False, slots=True)
class Reply:
    """What is sent: `length` is what the header claims, the body's own if None."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    length: int | None = None


Answering = Callable[[str], Reply]


@dataclass(frozen=True, slots=True)
class Hub:
    """A server that runs, and the paths it was asked for."""

    url: str
    asked: list[str]


def holding(folder: Path, prefix: str = "/someone/tiny/resolve/main/") -> Answering:
    """Return how a hub answers that holds a folder as a model."""

    def answer(path: str) -> Reply:
        file = folder / path.removeprefix(prefix)
        return Reply(body=file.read_bytes()) if path.startswith(prefix) and file.is_file() else Reply(404)

    return answer


@contextmanager
def hub(answer: Answering) -> Generator[Hub]:
    """Run a hub for a block."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            reply = answer(self.path)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body) if reply.length is None else reply.length))
            self.end_headers()
            self.wfile.write(reply.body)
            self.close_connection = True

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Hub(f"http://127.0.0.1:{server.server_address[1]}", asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
