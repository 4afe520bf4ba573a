"""How values of the bus become text in Redis and come back: JSON for what has parts, ISO 8601 for times."""

import json
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from json.encoder import encode_basestring
from typing import Any, Final, TypeVar, cast

from kitbash.errors import KitbashError
from kitbash.swarm.errors import Invalid

MAX_JSON_CHARS: Final = 65_536
Fields = Mapping[str, str]
Value = TypeVar("Value")
Held = TypeVar("Held")

quoted: Final[Callable[[str], str]] = encode_basestring
"""Return a text as JSON writes it."""
_compact: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def dumps(value: object) -> str:
    """Return compact JSON. Raises ValueError for numbers that are not finite, TypeError for what JSON has not."""
    return _compact(value)


def dumps_texts(texts: Iterable[str]) -> str:
    """Return texts as a compact JSON list; what `dumps` returns, several times as fast."""
    return f"[{','.join(map(quoted, texts))}]"


def dumps_flat(values: Mapping[str, object]) -> str:
    """Return a mapping as a compact JSON object; what `dumps` returns, twice as fast if its values are texts."""
    pairs = [f"{quoted(name)}:{quoted(it) if isinstance(it, str) else dumps(it)}" for name, it in values.items()]
    return f"{{{','.join(pairs)}}}"


def json_fits(value: Any, field: str) -> Any:
    """Return a value as it is. Raises Invalid unless JSON holds it, in no more than 64 K characters."""
    if not value:
        return value
    try:
        size_chars = len(dumps(value))
    except (TypeError, ValueError, RecursionError) as error:
        message = f"{field} cannot be written as JSON: {str(error)[:100]}; use texts, numbers, lists and objects"
        raise Invalid(message) from error
    if size_chars > MAX_JSON_CHARS:
        message = f"{field} takes {size_chars:,} characters as JSON, at most {MAX_JSON_CHARS:,} are taken"
        raise Invalid(message)
    return value


def mapping(text: str) -> dict[str, Any]:
    """Return the JSON object of a text. Raises ValueError for anything else."""
    value = json.loads(text)
    if not isinstance(value, dict):
        message = "not a JSON object"
        raise ValueError(message)  # noqa: TRY004 - what was read is wrong, not the call
    return cast("dict[str, Any]", value)


def texts_from(text: str) -> list[str]:
    """Return the JSON list of texts of a text. Raises ValueError for anything else."""
    value = json.loads(text)
    if not isinstance(value, list) or not all(isinstance(it, str) for it in cast("list[object]", value)):
        message = "not a JSON list of texts"
        raise ValueError(message)
    return cast("list[str]", value)


def flat(fields: Fields) -> list[str]:
    """Return names and values in turn, as HSET takes them."""
    return list(chain.from_iterable(fields.items()))


def read(key: str, fields: Held, of_fields: Callable[[Held], Value]) -> Value:
    """Return the value that a hash or a string holds. Raises Invalid naming the key if it holds something else.

    An error that stands for what one of several commands replied is raised as it is.
    """
    if isinstance(fields, KitbashError):
        raise fields
    try:
        return of_fields(fields)
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        message = f"{key} does not hold what it should ({type(error).__name__}: {str(error)[:120]}); DEL it"
        raise Invalid(message) from error
