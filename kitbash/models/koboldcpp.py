"""A KoboldCpp server as a generator.

Replies are read from the event stream, since only a closed stream makes the server stop:
whatever ends the call early, a deadline, an error or an oversized reply, also ends the generation.
"""

import json
import socket
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, cast

import httpx

from kitbash.errors import (
    ConfigError,
    EngineBadReply,
    EngineBusy,
    EngineError,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
)
from kitbash.models.generator import Finish, Generated, Prompt

CONNECT_S: Final = 2.0
RETRY_AFTER_S: Final = 1.0
MAX_REPLY_BYTES: Final = 1_000_000
_STREAM: Final = "/api/extra/generate/stream"
_BUSY: Final = 503
_OK: Final = 200


class KoboldCpp:
    """A client of one server. Safe to share between threads."""

    def __init__(self, url: str, *, api_key: str | None = None) -> None:
        """Prepare for a server at `http://host:port`; nothing is sent yet. Raises ConfigError for a bad URL or key."""
        self._name = _name_of(url)
        if api_key is not None and not (api_key.isascii() and api_key.isprintable()):
            message = (
                "the API key of the model holds characters that no header can carry; check KITBASH_KOBOLD__API_KEY"
            )
            raise ConfigError(message)
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        # No redirects and no proxies: the configured server answers, or nobody does. A connection a request: a
        # connection is what the deadline cuts.
        self._http = httpx.Client(
            base_url=url.rstrip("/"),
            headers=headers,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def __str__(self) -> str:
        """Return what stands behind, without secrets."""
        return f"koboldcpp at {self._name}"

    def close(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        self._http.close()

    def generate(self, prompt: Prompt) -> Generated:
        """Return the model's reply within the deadline, or raise one of EngineError's family."""
        ends_s = time.monotonic() + prompt.deadline_s
        late = EngineTimeout(f"the model at {self._name} did not finish within {prompt.deadline_s:.1f} s")
        if prompt.deadline_s <= 0:
            raise late
        try:
            with _cut_at(ends_s) as watch:
                text, reason = self._reply(prompt, ends_s, watch)
        except httpx.TimeoutException as error:
            raise late from error
        except (httpx.HTTPError, httpx.StreamError, UnicodeError) as error:
            if time.monotonic() >= ends_s:
                raise late from error
            message = f"the model at {self._name} cannot be reached: {type(error).__name__}"
            raise EngineUnavailable(message) from error
        if reason is None:
            if time.monotonic() >= ends_s:
                raise late
            message = f"the model at {self._name} broke off in the middle of its reply"
            raise EngineUnavailable(message)
        if not text:
            message = f"the model at {self._name} returned no text"
            raise EngineBadReply(message)
        return Generated(text, f"koboldcpp at {self._name}", Finish.STOP if reason == "stop" else Finish.LENGTH)

    def _reply(self, prompt: Prompt, ends_s: float, watch: "_Watch") -> tuple[str, str | None]:
        """Return the text and why it ended, None if the stream broke off."""
        body = {
            "prompt": prompt.text,
            "max_length": prompt.max_tokens,
            "temperature": prompt.temperature,
            "stop_sequence": list(prompt.stop),
            "trim_stop": True,
            **({} if prompt.seed is None else {"sampler_seed": prompt.seed}),
        }
        timeout = httpx.Timeout(prompt.deadline_s, connect=min(CONNECT_S, prompt.deadline_s))
        pieces: list[str] = []
        reason: str | None = None
        with self._http.stream(
            "POST", _STREAM, json=body, timeout=timeout, extensions={"trace": watch.follow}
        ) as response:
            self._check(response)
            for event in _events(response, ends_s):
                pieces.append(_token(event))
                reason = event.get("finish_reason") or None
                if reason is not None:
                    break
        whole = "".join(pieces)
        text = _trimmed(whole, prompt.stop)
        # The server calls a stop sequence "length"; a reply that one ended is complete.
        return text, "stop" if reason is not None and len(text) < len(whole.strip()) else reason

    def _check(self, response: httpx.Response) -> None:
        """Raise the error a status stands for; the body of an error is not trusted to be short or JSON."""
        status = response.status_code
        if status == _BUSY:
            message = f"the model at {self._name} is busy"
            raise EngineBusy(message, retry_after_s=RETRY_AFTER_S)
        if status != _OK:
            kind: type[EngineError] = EngineRejected if 400 <= status < 500 else EngineUnavailable  # noqa: PLR2004
            message = f"the model at {self._name} answered with HTTP status {status}"
            raise kind(message)
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            message = f"the model at {self._name} did not answer with an event stream; is it a KoboldCpp server?"
            raise EngineBadReply(message)


class _Watch:
    """Knows the connection of one request, so that a deadline can cut it."""

    def __init__(self) -> None:
        self._stream: Any = None

    def follow(self, event: str, about: dict[str, Any]) -> None:
        """Note the connection when the HTTP library tells that it is made."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._stream = about.get("return_value")

    def cut(self) -> None:
        """Shut the connection down in both directions; whoever reads from it sees its end."""
        wire: socket.socket | None = self._stream.get_extra_info("socket") if self._stream else None
        if wire is not None:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)


@contextmanager
def _cut_at(ends_s: float) -> Generator[_Watch]:
    """Cut a request's connection at a moment: the library's own timeout starts anew with every piece that arrives."""
    watch = _Watch()
    timer = threading.Timer(max(0.0, ends_s - time.monotonic()), watch.cut)
    timer.daemon = True
    timer.start()
    try:
        yield watch
    finally:
        timer.cancel()
        timer.join()


def _name_of(url: str) -> str:
    """Return how a server is called in messages, without a password. Raises ConfigError if it is no HTTP address."""
    try:
        address = httpx.URL(url)
        host = address.host.encode("idna").decode()
    except (httpx.InvalidURL, UnicodeError, TypeError) as error:
        message = f"KITBASH_KOBOLD__URL is not an address ({type(error).__name__}); use http://host:port"
        raise ConfigError(message) from error
    if address.scheme not in {"http", "https"} or not host:
        message = "KITBASH_KOBOLD__URL must begin with http:// or https:// and name a host"
        raise ConfigError(message)
    return f"{address.scheme}://{host}:{address.port}" if address.port else f"{address.scheme}://{host}"


def _events(response: httpx.Response, ends_s: float) -> Iterator[dict[str, Any]]:
    """Yield the JSON of each `data:` line, within the deadline and the size limit."""
    size_bytes = 0
    rest = b""
    for chunk in response.iter_bytes():
        if time.monotonic() > ends_s:
            message = "the model did not finish before the deadline"
            raise EngineTimeout(message)
        size_bytes += len(chunk)
        if size_bytes > MAX_REPLY_BYTES:
            message = f"the model's reply is larger than {MAX_REPLY_BYTES:,} bytes"
            raise EngineBadReply(message)
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                yield _parsed(line[5:])


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        value: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        message = f"the model sent an event that is not JSON: {error}"
        raise EngineBadReply(message) from error
    if not isinstance(value, dict):
        message = f"the model sent a {type(value).__name__} instead of an event"
        raise EngineBadReply(message)
    return cast("dict[str, Any]", value)


def _token(event: dict[str, Any]) -> str:
    token = event.get("token", "")
    if not isinstance(token, str):
        message = "the model sent an event without text"
        raise EngineBadReply(message)
    return token


def _trimmed(text: str, stop: tuple[str, ...]) -> str:
    for mark in stop:
        text = text.partition(mark)[0]
    return text.strip()
