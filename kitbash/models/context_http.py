"""What remembers a user's questions, on a server of its own: an extra that may be away and keeps nobody waiting.

POST <url>/context with {user_id, query_type, shares, mode}, where mode is visit, look or forget. The reply is a
snapshot as JSON, or 204 or 404 for nothing remembered.
"""

import json
import math
import socket
import threading
from contextlib import suppress
from typing import Any, Final

import httpx

from kitbash.domain import context
from kitbash.domain.context import Saliences, Snapshot
from kitbash.errors import ConfigError
from kitbash.models.breaker import Breaker
from kitbash.observe import logs

DEADLINE_S: Final = 0.2
MAX_REPLY_BYTES: Final = 65_536
_OK: Final = 200
_NOTHING: Final = frozenset({204, 404})

_log: Final = logs.logger(__name__)


class HttpContext:
    """A `TemporalContext` behind HTTP. Safe to share between threads.

    Whatever goes wrong with the server is nothing remembered, counts to the breaker, and is told in the log when that
    opens; while it is open nothing is sent. Only the caller's own mistakes raise.
    """

    def __init__(self, url: str, *, deadline_s: float = DEADLINE_S, breaker: Breaker) -> None:
        """Prepare for a server at `http://host:port`; nothing is sent yet. `deadline_s` is for a call as a whole.

        Raises ConfigError for an address that cannot be used, or a deadline that is none.
        """
        self._name = _name_of(url)
        if not 0 < deadline_s < math.inf:
            message = f"the deadline of the context server is {deadline_s} s; allow it some time"
            raise ConfigError(message)
        self._deadline_s = deadline_s
        self._breaker = breaker
        # No redirects and no proxies: the configured server answers, or nobody does. A connection a request: a
        # connection is what the deadline cuts.
        self._http = httpx.Client(
            base_url=url.rstrip("/"),
            headers={"Content-Type": "application/json", "Accept-Encoding": "identity"},
            timeout=deadline_s,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def __str__(self) -> str:
        """Return what stands behind, without secrets."""
        return f"context server at {self._name}"

    def close(self) -> None:
        """Close the connections; nothing is remembered or returned afterwards."""
        self._http.close()

    def visit(self, user: str, query_type: str, shares: Saliences) -> Snapshot | None:
        """Return what was remembered before this visit and have the visit added, or return None within the deadline."""
        return self._ask(user, query_type, shares, "visit")[1]

    def look(self, user: str, query_type: str) -> Snapshot | None:
        """Return what is remembered, or None within the deadline; nothing is added."""
        return self._ask(user, query_type, {}, "look")[1]

    def forget(self, user: str) -> None:
        """Ask for everything of one user to be dropped; the log tells each time the server did not say that it is."""
        if not self._ask(user, "", {}, "forget")[0]:
            _log.warning("context.not_forgotten", server=self._name)

    def _ask(self, user: str, query_type: str, shares: Saliences, mode: str) -> tuple[bool, Snapshot | None]:
        """Return whether the server answered as it should, and with what."""
        given = context.named(context.checked(query_type, shares))
        if not self._breaker.allows():
            return False, None
        sent = json.dumps({"user_id": user, "query_type": query_type, "shares": given, "mode": mode}).encode()
        call = _Call(self._http, sent)
        try:
            found = _read(*call.reply(self._deadline_s), query_type, mode)
        # An extra never stops whom it serves, whatever a server, a library or a library's thread comes up with.
        except Exception as error:  # noqa: BLE001
            if self._breaker.failed():
                # The words of other errors may hold what the server sent.
                why = str(error) if type(error) is ValueError else type(error).__name__
                _log.warning("context.away", server=self._name, why=why, mode=mode)
            return False, None
        self._breaker.succeeded()
        return True, found


class _Call:
    """One request in a thread of its own, so that its caller can leave it.

    The library's own timeout starts anew with every piece that arrives, and looking up a name has none.
    """

    def __init__(self, http: httpx.Client, sent: bytes) -> None:
        self._http = http
        self._sent = sent
        self._lock = threading.Lock()
        self._stream: Any = None
        self._is_cut = False
        self._outcome: tuple[int, bytes] | Exception = TimeoutError()

    def reply(self, deadline_s: float) -> tuple[int, bytes]:
        """Return status and body, or raise what went wrong; after the deadline the connection is cut."""
        thread = threading.Thread(target=self._run, name="context-call", daemon=True)
        thread.start()
        thread.join(deadline_s)
        if thread.is_alive():
            self._cut()
            raise TimeoutError
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome

    def _run(self) -> None:
        try:
            with self._http.stream(
                "POST", "/context", content=self._sent, extensions={"trace": self._follow}
            ) as response:
                self._outcome = response.status_code, _body(response)
        except Exception as error:  # noqa: BLE001 - it is raised to whoever waits
            self._outcome = error

    def _follow(self, event: str, about: dict[str, Any]) -> None:
        """Note the connection when the HTTP library tells that it is made."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            with self._lock:
                self._stream = about.get("return_value")
                is_cut = self._is_cut
            if is_cut:
                self._cut()

    def _cut(self) -> None:
        """Shut the connection down in both directions, now or as soon as there is one: its reader sees the end."""
        with self._lock:
            self._is_cut = True
            wire: socket.socket | None = self._stream.get_extra_info("socket") if self._stream else None
        if wire is not None:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)


def _body(response: httpx.Response) -> bytes:
    """Return the body as it came, within the size limit; only a good reply's is read."""
    body = b""
    if response.status_code == _OK:
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > MAX_REPLY_BYTES:
                message = f"the reply is larger than {MAX_REPLY_BYTES:,} bytes"
                raise ValueError(message)
    return body


def _read(status: int, body: bytes, query_type: str, mode: str) -> Snapshot | None:
    """Return what a reply tells, or raise ValueError for one that is not what the protocol promises."""
    if status in _NOTHING or (status == _OK and mode == "forget"):
        return None
    if status != _OK:
        message = f"HTTP status {status}"
        raise ValueError(message)
    snapshot = Snapshot.from_json(body)
    if snapshot.query_type != query_type:
        message = "the reply is about another query type"
        raise ValueError(message)
    return snapshot


def _name_of(url: str) -> str:
    """Return how a server is called in messages, without a password. Raises ConfigError if it is no HTTP address."""
    try:
        address = httpx.URL(url)
        host = address.host.encode("idna").decode()
    except (httpx.InvalidURL, UnicodeError, TypeError) as error:
        message = f"the URL of the context server is not an address ({type(error).__name__}); use http://host:port"
        # The error behind it may quote a password.
        raise ConfigError(message) from None
    if address.scheme not in {"http", "https"} or not host or address.query or address.fragment:
        message = "the URL of the context server must be http:// or https://, a host and no more than a path"
        raise ConfigError(message)
    return f"{address.scheme}://{host}:{address.port}" if address.port else f"{address.scheme}://{host}"
