"""The one sequence of bytes that a JSON value has, after RFC 8785 (JSON Canonicalization Scheme)."""

import re
from typing import Any, Final, cast

import rfc8785

from kitbash.swarm.errors import Invalid

GREATEST_EXACT: Final = 2**53 - 1
"""The greatest integer that every JSON reader keeps as it is (RFC 7493, section 2.2)."""

_MANY_DIGITS: Final = re.compile(rb"\d{16}")
_EXPONENT_FROM: Final = 1e21
"""From here on a float is written with an exponent, and so is read as a float again."""


def canonical_bytes(value: Any) -> bytes:
    """Return the canonical UTF-8 bytes of a JSON value: equal for values that read the same, and unchanged by reading.

    Raises Invalid for what has no such bytes: numbers that are not finite, whole numbers beyond 2^53 - 1 either way
    (also as floats: they are read back as integers), lone surrogates, keys that are not text, other types, and nesting
    beyond what can be walked.
    """
    try:
        written = rfc8785.dumps(value)
        if _MANY_DIGITS.search(written):
            _refuse_large(value)
    except rfc8785.IntegerDomainError as error:
        raise _too_large() from error
    except rfc8785.FloatDomainError as error:
        message = "a number in it is not finite; send it as text, or leave it out"
        raise Invalid(message) from error
    except rfc8785.CanonicalizationError as error:
        message = f"it cannot be signed: {error}; use text, numbers, true, false, null, lists and objects"
        raise Invalid(message) from error
    except RecursionError:
        message = "it is nested too deeply to be signed; flatten it"
        raise Invalid(message) from None
    return written


def _refuse_large(value: Any) -> None:
    match value:
        case float() if value.is_integer() and GREATEST_EXACT < abs(value) < _EXPONENT_FROM:
            raise _too_large()
        case dict():
            for inner in cast("dict[str, Any]", value).values():
                _refuse_large(inner)
        case list() | tuple():
            for inner in cast("list[Any]", value):
                _refuse_large(inner)
        case _:
            pass


def _too_large() -> Invalid:
    return Invalid(f"a whole number in it is beyond {GREATEST_EXACT} (2^53 - 1), where readers differ; send it as text")
