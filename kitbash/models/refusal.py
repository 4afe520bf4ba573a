"""What an HTTP status of a model's server means to whoever asked."""

import math
from contextlib import suppress
from typing import Any, Final, cast

import httpcore

from kitbash.domain.question import printable
from kitbash.errors import (
    EngineBadReply,
    EngineBusy,
    EngineError,
    EngineRejected,
    EngineUnavailable,
)
from kitbash.models.wire import Exchange, parsed

RETRY_AFTER_S: Final = 1.0
LONGEST_RETRY_S: Final = 60.0
_OK: Final = 200
_BUSY: Final = frozenset({429, 503})
_ASK_AGAIN: Final = frozenset({408, 425})
_EXPLAINED: Final = frozenset({400, 404, 413, 422, 501})
"""Refusals whose reason helps; that of a wrong key may quote the key."""
_REASON_BYTES: Final = 4096
_REASON_CHARS: Final = 200


def check(exchange: Exchange, name: str, *, content: str) -> None:
    """Raise the error a response stands for, unless it is a good one of the wanted content type.

    The body of an error is not trusted to be short, to end or to be JSON: of a refusal at most 4 KB are looked at.
    """
    status = exchange.status
    if status in _BUSY:
        message = f"the model at {name} is busy"
        raise EngineBusy(message, retry_after_s=_retry_after_s(exchange.header("retry-after")))
    if status != _OK:
        is_refusal = 400 <= status < 500 and status not in _ASK_AGAIN  # noqa: PLR2004 - the class of client errors
        kind: type[EngineError] = EngineRejected if is_refusal else EngineUnavailable
        reason = _reason(exchange, name) if status in _EXPLAINED else ""
        message = f"the model at {name} answered with HTTP status {status}{reason}"
        raise kind(message)
    if not exchange.header("content-type").lower().startswith(content):
        message = f"the model at {name} did not answer with {content}; is it the kind of server that is configured?"
        raise EngineBadReply(message)


def told(value: dict[str, Any]) -> str:
    """Return the reason in an error's JSON as every server words it, on one short line, or nothing."""
    for key in ("error", "detail"):
        found = value.get(key)
        if isinstance(found, dict):
            about = cast("dict[str, Any]", found)
            found = about.get("message") or about.get("msg")
        if isinstance(found, str) and found:
            return printable(found)[:_REASON_CHARS]
    return ""


def _reason(exchange: Exchange, name: str) -> str:
    # A connection that fails now changes nothing: the status is known.
    with suppress(EngineError, httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        text = told(parsed(_start(exchange), name))
        return f": {text}" if text else ""
    return ""


def _start(exchange: Exchange) -> bytes:
    data = b""
    for chunk in exchange.chunks(_REASON_BYTES):
        data += chunk
    return data


def _retry_after_s(header: str) -> float:
    """Return when to ask again; a date, and what is out of all reason, becomes the usual pause."""
    try:
        wait_s = float(header)
    except ValueError:
        return RETRY_AFTER_S
    return min(max(wait_s, 0.1), LONGEST_RETRY_S) if math.isfinite(wait_s) else RETRY_AFTER_S
