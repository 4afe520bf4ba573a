"""Waiting for something to become so, with a deadline; never sleeping for luck."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

_POLL_S: Final = 0.005

Value = TypeVar("Value")


def until(condition: Callable[[], Value], within_s: float = 10.0) -> Value:
    """Return what the condition returns as soon as that is true. Raises AssertionError after `within_s`."""
    ends_s = time.monotonic() + within_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > ends_s:
            message = f"not so within {within_s} s: the condition last returned {value!r}"
            raise AssertionError(message)
        time.sleep(_POLL_S)
