"""The values of NWP and how names and units are spelled so that nothing in them breaks a statement."""

import math
import re
from dataclasses import dataclass
from typing import Final

from kitbash.errors import UsageError

PREFIXES: Final = "⊢□◊¬Δ?"
OPERATORS: Final = "∈∉⊂⊃⊆∩⇒→=,"
MARKS: Final = "⊥?Δ"

NUMBER: Final = r"-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?"
LIKE_A_VALUE: Final = re.compile(rf"±?{NUMBER}|±")
_STRUCTURE: Final = frozenset("[]{}:,\\" + PREFIXES + OPERATORS + MARKS)
_PLAIN: Final = 1e15
_LIKE_A_NUMBER: Final = frozenset("0123456789.+-±eE")


def escaped(text: str, special: frozenset[str]) -> str:
    """Return the text with a backslash before what is special and codes for what does not print or is at an end."""
    last = len(text) - 1
    return "".join(
        f"\\u{{{ord(char):x}}}"
        if not char.isprintable() or (char.isspace() and (char != " " or at in {0, last}))
        else f"\\{char}"
        if char in special
        else char
        for at, char in enumerate(text)
    )


IN_BRACKETS: Final = frozenset("[]:\\")


def escaped_name(text: str) -> str:
    """Return a name for between brackets, which is not read as a value even if it looks like one."""
    spelled = escaped(text, IN_BRACKETS)
    return f"\\u{{{ord(text[0]):x}}}{spelled[1:]}" if LIKE_A_VALUE.match(text) else spelled


def _unit(text: str) -> str:
    """Return a unit such that it ends where it ends, in brackets and out of them."""
    spaced = "".join("\\u{20}" if char == " " else escaped(char, _STRUCTURE) for char in text)
    if text and text[0] in _LIKE_A_NUMBER:
        return f"\\u{{{ord(text[0]):x}}}{spaced[1:]}"
    return spaced


def _number(value: float) -> str:
    exact = float(value)
    return str(int(exact)) if exact.is_integer() and abs(exact) < _PLAIN else repr(exact)


def _finite(*values: float) -> None:
    if not all(math.isfinite(value) for value in values):
        message = f"NWP has no sign for {values}; use finite numbers"
        raise UsageError(message)


@dataclass(frozen=True, slots=True)
class Range:
    """`40-80°C`, or `100°C` when both ends are the same."""

    low: float
    high: float
    unit: str = ""

    def __post_init__(self) -> None:
        """Refuse ends that are not finite."""
        _finite(self.low, self.high)

    def __str__(self) -> str:
        """Return the canonical spelling."""
        ends = (self.low,) if self.low == self.high else (self.low, self.high)
        return "-".join(map(_number, ends)) + _unit(self.unit)


@dataclass(frozen=True, slots=True)
class Around:
    """`60±5°C`."""

    middle: float
    spread: float
    unit: str = ""

    def __post_init__(self) -> None:
        """Refuse numbers that are not finite."""
        _finite(self.middle, self.spread)

    def __str__(self) -> str:
        """Return the canonical spelling."""
        return f"{_number(self.middle)}±{_number(self.spread)}{_unit(self.unit)}"


@dataclass(frozen=True, slots=True)
class Spread:
    """`±2-5°C`, or `±5°C` when both ends are the same."""

    low: float
    high: float
    unit: str = ""

    def __post_init__(self) -> None:
        """Refuse ends that are not finite."""
        _finite(self.low, self.high)

    def __str__(self) -> str:
        """Return the canonical spelling."""
        return f"±{Range(self.low, self.high, self.unit)}"


Value = Range | Around | Spread
