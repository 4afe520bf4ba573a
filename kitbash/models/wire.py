"""Talking HTTP to a model's server, which is trusted with a prompt and with nothing else.

The configured server answers or nobody does: no redirects, no proxies, no cookies, no compression, no address that is
link-local or a metadata service's. A call ends at its deadline whatever the server does, and so does its connection:
most servers go on generating until their client has left.
"""

import base64
import json
import ssl
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, cast
from urllib.parse import quote, unquote, urlsplit

import httpcore
from pydantic import SecretStr

from kitbash.errors import ConfigError, EngineBadReply, EngineTimeout, EngineUnavailable
from kitbash.models.addresses import ForbiddenAddress
from kitbash.models.connection import DeadlinedBackend
from kitbash.models.deadline import Deadline

MAX_JSON_BYTES: Final = 1_000_000
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is, as its URL says."""

    scheme: str
    host: str
    port: int
    path: str
    userinfo: str

    @property
    def name(self) -> str:
        """Return how the server is called in messages, without a password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def place(url: str, setting: str) -> Place:
    """Return where a URL leads. Raises ConfigError, which names the setting, if it is no plain HTTP address."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
        port = parts.port
    except ValueError as error:
        message = f"{setting} is not an address ({type(error).__name__}); use http://host:port"
        # The error behind it may quote a password.
        raise ConfigError(message) from None
    if not url.isprintable() or parts.scheme not in _PORTS or not host or parts.query or parts.fragment:
        message = f"{setting} must be http:// or https://, a host and no more than a path"
        raise ConfigError(message)
    userinfo = parts.netloc.rpartition("@")[0]
    return Place(
        parts.scheme, host, port or _PORTS[parts.scheme], quote(unquote(parts.path)).rstrip("/"), unquote(userinfo)
    )


class Exchange:
    """One request's response: its status and headers, and its body as it comes."""

    def __init__(self, response: httpcore.Response, name: str) -> None:
        """Read from a response whose body has not been read."""
        self._response = response
        self._name = name

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        return self._response.status

    def header(self, name: str) -> str:
        """Return a header's value, or nothing; `name` in lower case."""
        wanted = name.encode()
        return next((value.decode("latin-1") for key, value in self._response.headers if key.lower() == wanted), "")

    def chunks(self, limit_bytes: int) -> Iterator[bytes]:
        """Yield the body as it comes. Raises EngineBadReply once it is larger than the limit."""
        size_bytes = 0
        for chunk in self._response.iter_stream():
            size_bytes += len(chunk)
            if size_bytes > limit_bytes:
                message = f"the model's reply is larger than {limit_bytes:,} bytes"
                raise EngineBadReply(message)
            yield chunk

    def json(self, limit_bytes: int = MAX_JSON_BYTES) -> dict[str, Any]:
        """Return the body, a JSON object. Raises EngineBadReply if it is none."""
        return parsed(b"".join(self.chunks(limit_bytes)), self._name)


class Server:
    """One configured server. Safe to share between threads: each call has a connection of its own."""

    def __init__(self, url: str, *, setting: str, api_key: SecretStr | None = None) -> None:
        """Prepare for a server; nothing is sent yet. `setting` begins the names that messages tell to mend.

        Raises ConfigError for an address or a key that cannot be used.
        """
        self._place = place(url, f"{setting}__URL")
        self.name = self._place.name
        self._api_key = api_key
        if api_key is not None and not _fits_a_header(api_key.get_secret_value()):
            message = f"the API key of the model holds characters that no header can carry; check {setting}__API_KEY"
            raise ConfigError(message)

    @contextmanager
    def exchange(
        self, method: str, path: str, body: Mapping[str, object] | None, deadline: Deadline
    ) -> Generator[Exchange]:
        """Send a request and yield its response; afterwards the connection is closed, so that the server stops.

        Raises EngineTimeout at the deadline, EngineUnavailable for whatever else is wrong with the connection, within
        the block too.
        """
        if deadline.is_over:
            raise self._late(deadline)
        at = self._place
        content = None if body is None else json.dumps(body).encode()
        headers = [*self._headers(), (b"Content-Length", str(len(content or b"")).encode())]
        connection = httpcore.HTTPConnection(
            httpcore.Origin(at.scheme.encode(), at.host.encode(), at.port),
            ssl_context=self._tls if at.scheme == "https" else None,
            network_backend=DeadlinedBackend(deadline),
        )
        target = httpcore.URL(
            scheme=at.scheme.encode(), host=at.host.encode(), port=at.port, target=(at.path + path).encode()
        )
        try:
            with connection.stream(method, target, headers=headers, content=content) as response:
                yield Exchange(response, self.name)
        except ForbiddenAddress as error:
            message = f"the model at {self.name} is not asked: {error}; name another server in the settings"
            raise EngineUnavailable(message) from error
        except httpcore.TimeoutException as error:
            if not deadline.is_over:
                message = f"the model at {self.name} did not accept a connection; check that it runs"
                raise EngineUnavailable(message) from error
            raise self._late(deadline) from error
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            if deadline.is_over:
                raise self._late(deadline) from error
            message = f"the model at {self.name} cannot be reached: {type(error).__name__}; check that it runs"
            raise EngineUnavailable(message) from error
        finally:
            connection.close()

    def _headers(self) -> list[tuple[bytes, bytes]]:
        at = self._place
        host = at.name.partition("://")[2]
        headers = [
            (b"Host", host.encode()),
            (b"Accept", b"text/event-stream, application/json"),
            (b"Accept-Encoding", b"identity"),
            (b"Content-Type", b"application/json"),
            (b"Connection", b"close"),
        ]
        if self._api_key is not None and self._api_key.get_secret_value():
            headers.append((b"Authorization", b"Bearer " + self._api_key.get_secret_value().encode()))
        elif at.userinfo:
            headers.append((b"Authorization", b"Basic " + base64.b64encode(at.userinfo.encode())))
        return headers

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return httpcore.default_ssl_context()

    def _late(self, deadline: Deadline) -> EngineTimeout:
        return EngineTimeout(f"the model at {self.name} did not finish within {deadline.allowed_s:.1f} s")


def parsed(data: bytes, name: str) -> dict[str, Any]:
    """Return a JSON object. Raises EngineBadReply, which does not quote what came, if it is none."""
    try:
        value: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        message = f"the model at {name} sent what is not JSON ({type(error).__name__})"
        raise EngineBadReply(message) from error
    if not isinstance(value, dict):
        message = f"the model at {name} sent a {type(value).__name__} instead of an object"
        raise EngineBadReply(message)
    return cast("dict[str, Any]", value)


def _fits_a_header(text: str) -> bool:
    return text.isascii() and text.isprintable()
