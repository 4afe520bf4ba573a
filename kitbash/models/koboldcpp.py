"""A KoboldCpp server as a generator.

Replies are read from the event stream, since only a closed stream makes the server stop (model-runtimes note, 3):
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
    EngineBadReply,
    EngineBusy,
    EngineError,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
)
from kitbash.models.generator import Generated, Prompt

CONNECT_S: Final = 2.0
RETRY_AFTER_S: Final = 1.0
MAX_REPLY_BYTES: Final = 1_000_000
_STREAM: Final = "/api/extra/generate/stream"
_BUSY: Final = 503
_OK: Final = 200


class KoboldCpp:
    """A client of one server. Safe to share between threads."""

    def __init__(self, url: str, *, api_key: str | None = None) -> None:
        """Prepare for a server at `http://host:port`; nothing is sent yet."""
        self._url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        # No redirects and no proxies: the configured server answers, or nobody does.
        self._http = httpx.Client(base_url=self._url, headers=headers, follow_redirects=False, trust_env=False)

    def close(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        self._http.close()

    def generate(self, prompt: Prompt) -> Generated:
        """Return the model's reply within the deadline, or raise one of EngineError's family."""
        ends_s = time.monotonic() + prompt.deadline_s
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
        try:
            with self._http.stream("POST", _STREAM, json=body, timeout=timeout) as response:
                self._check(response)
                with _cut_at(ends_s, response):
                    for event in _events(response, ends_s):
                        pieces.append(_token(event))
                        reason = event.get("finish_reason") or reason
        except httpx.TimeoutException as error:
            message = f"the model at {self._url} did not answer within {prompt.deadline_s:.1f} s"
            raise EngineTimeout(message) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            if time.monotonic() >= ends_s:
                message = f"the model at {self._url} did not finish within {prompt.deadline_s:.1f} s"
                raise EngineTimeout(message) from error
            message = f"the model at {self._url} cannot be reached: {error or type(error).__name__}"
            raise EngineUnavailable(message) from error
        text = _trimmed("".join(pieces), prompt.stop)
        if not text:
            message = f"the model at {self._url} returned no text"
            raise EngineBadReply(message)
        if reason is None:
            message = f"the model at {self._url} broke off in the middle of its reply"
            raise EngineUnavailable(message)
        return Generated(text, f"koboldcpp at {self._url}", is_complete=reason == "stop")

    def _check(self, response: httpx.Response) -> None:
        """Raise the error a status stands for; the body of an error is not trusted to be short or JSON."""
        status = response.status_code
        if status == _BUSY:
            message = f"the model at {self._url} is busy"
            raise EngineBusy(message, retry_after_s=RETRY_AFTER_S)
        if status != _OK:
            kind: type[EngineError] = EngineRejected if 400 <= status < 500 else EngineUnavailable  # noqa: PLR2004
            message = f"the model at {self._url} answered with HTTP status {status}"
            raise kind(message)
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            message = f"the model at {self._url} did not answer with an event stream; is it a KoboldCpp server?"
            raise EngineBadReply(message)


@contextmanager
def _cut_at(ends_s: float, response: httpx.Response) -> Generator[None]:
    """Shut the connection down at a moment: the client's own timeout starts anew with every piece that arrives."""

    def cut() -> None:
        stream: Any = response.extensions["network_stream"]
        wire: socket.socket | None = stream.get_extra_info("socket")
        if wire is not None:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, ends_s - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


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
