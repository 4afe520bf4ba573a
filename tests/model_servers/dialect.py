"""One protocol as the contract needs it spoken: how a reply, an event, a refusal looks on the wire."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.integration import kobold_server as server
from tests.integration.kobold_server import Behaviour


@dataclass(frozen=True, slots=True)
class Dialect:
    """A protocol. `said` makes an event of a token; `ended` the last events, for a reason; `busy` a 503's body."""

    path: str
    head: bytes
    said: Callable[[str], bytes]
    ended: Callable[[str], bytes]
    busy: str
    prompt_in: Callable[[dict[str, Any]], str]

    def reply(self, *tokens: str, reason: str = "stop", every_s: float = 0.0) -> Behaviour:
        """Say these tokens and end."""
        return self.stream(*(self.said(token) for token in tokens), self.ended(reason), every_s=every_s)

    def stream(self, *pieces: bytes, every_s: float = 0.0) -> Behaviour:
        """Open an event stream, send pieces, and close; without an end it is cut."""

        def behave(call: server.Call) -> None:
            call.send(self.head)
            for at, piece in enumerate(pieces):
                if at and every_s and not call.stays(every_s):
                    return
                call.send(piece)

        return behave

    def stall(self, *pieces: bytes) -> Behaviour:
        """Open an event stream, send pieces, then say nothing more."""

        def behave(call: server.Call) -> None:
            call.send(self.head + b"".join(pieces))
            server.silent(call)

        return behave

    def echo(self, call: server.Call) -> None:
        """Say the prompt."""
        self.reply(self.prompt_in(call.body))(call)

    def refuse_as_busy(self, *, retry_after: str = "") -> Behaviour:
        """Answer that there is no room."""
        more = f"Retry-After: {retry_after}\r\n" if retry_after else ""
        return server.answer("503 Service Unavailable", self.busy, more=more)
