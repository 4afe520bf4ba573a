"""A server that remembers as the protocol says; its faults are those of any server of `kobold_server`."""

import json
import math
from typing import Any, Final

from kitbash.domain.level import Level
from kitbash.models.context_http import MAX_REPLY_BYTES
from tests.boards import TTL_S
from tests.integration import kobold_server as faults
from tests.integration.kobold_server import Behaviour, Call
from tests.twins.memory_context import MemoryContext

LEVELS: Final = [f"L{level.value}" for level in Level]
SNAPSHOT: Final[dict[str, Any]] = {
    "snapshot_id": "one",
    "query_type": "sky",
    "layer_salience": dict.fromkeys(LEVELS, 0.5),
    "recency_decay": 0.25,
    **{
        window: dict.fromkeys(LEVELS, 0.125)
        for window in ("context_1hour", "context_1day", "context_72hours", "context_1week")
    },
    "visits": 3,
}
"""A snapshot as another program writes it."""
GOOD: Final = json.dumps(SNAPSHOT)
HEAD: Final = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"


def says(value: object) -> Behaviour:
    """Answer with any value as JSON, which may be NaN as in Python's."""
    return faults.answer("200 OK", json.dumps(value))


def status(line: str) -> Behaviour:
    """Answer with a status and no body."""
    return faults.answer(line, "")


def changed(**fields: object) -> Behaviour:
    """Answer with a snapshot some of whose fields are others."""
    return says({**SNAPSHOT, **fields})


def without(name: str) -> Behaviour:
    """Answer with a snapshot that lacks a field."""
    return says({key: value for key, value in SNAPSHOT.items() if key != name})


def salience(value: object) -> dict[str, object]:
    """Return saliences one of which is of another value."""
    return {**dict.fromkeys(LEVELS, 0.5), "L3": value}


def healthy() -> Behaviour:
    """Remember."""
    remembered = MemoryContext(ttl_s=TTL_S)

    def behave(call: Call) -> None:
        asked = call.body
        shares = {Level.parse(name): share for name, share in asked["shares"].items()}
        match asked["mode"]:
            case "visit":
                found = remembered.visit(asked["user_id"], asked["query_type"], shares)
            case "look":
                found = remembered.look(asked["user_id"], asked["query_type"])
            case _:
                found = remembered.forget(asked["user_id"])
        answer = status("204 No Content") if found is None else faults.answer("200 OK", found.to_json())
        answer(call)

    return behave


NOTHING: Final = status("204 No Content")
BROKEN: Final = status("500 Internal Server Error")
FAULTS: Final[dict[str, Behaviour]] = {
    "stall": faults.silent,
    "stall-after-the-head": faults.stall(),
    "drip-from-the-start": faults.drip(HEAD + GOOD.encode(), every_s=1.0),
    "fast-drip": faults.drip(HEAD + GOOD.encode(), every_s=0.05),
    "drop": faults.drop,
    "reset": faults.reset,
    "cut-in-the-middle": faults.answer("200 OK", GOOD[:100], more=f"Content-Length: {len(GOOD)}\r\n"),
    "cut-without-a-length": faults.answer("200 OK", GOOD[:100]),
    "not-http": faults.drip(b"not HTTP\r\n\r\n", every_s=0),
    "endless-head": faults.endless(b"HTTP/1.0 200 OK\r\n"),
    "endless-body": faults.endless(HEAD),
    "megabyte": faults.answer("200 OK", GOOD + " " * 1_000_000),
    "a-byte-too-many": faults.answer("200 OK", GOOD.ljust(MAX_REPLY_BYTES + 1)),
    "redirect": faults.answer("307 Temporary Redirect", "", more="Location: /other\r\n"),
    "fault": BROKEN,
    "endless-fault": faults.endless(b"HTTP/1.0 500 Fault\r\n\r\n"),
    "not-allowed": status("401 Unauthorized"),
    "empty": status("200 OK"),
    "garbage": faults.answer("200 OK", "{garbage"),
    "not-text": faults.drip(HEAD + b"\xff\xfe", every_s=0),
    "deep": faults.answer("200 OK", "[" * 60_000),
    "long-number": faults.answer("200 OK", GOOD.replace("0.25", "9" * 5000)),
    "huge-number": faults.answer("200 OK", GOOD.replace("0.25", "9" * 400)),
    "list": says([SNAPSHOT]),
    "nothing": says(None),
    "nan": changed(layer_salience=salience(math.nan)),
    "inf": changed(context_1day=salience(math.inf)),
    "too-much": changed(context_1week=salience(1.0001)),
    "too-little": changed(layer_salience=salience(-0.0001)),
    "text-for-a-number": changed(layer_salience=salience("0.5")),
    "truth-for-a-number": changed(recency_decay=True),
    "no-levels": changed(context_1hour={}),
    "seven-levels": changed(context_1hour={**dict.fromkeys(LEVELS, 0.5), "L6": 0.5}),
    "no-salience": without("layer_salience"),
    "no-window": without("context_72hours"),
    "half-a-visit": changed(visits=1.5),
    "fewer-than-no-visits": changed(visits=-1),
    "another-type": changed(query_type="sea"),
}
"""Each way in which a server may fail, by name."""
