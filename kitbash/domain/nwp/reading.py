"""An NWP text read into its parts: one pass from left to right, without recursion."""

import re
from typing import Final, NoReturn

from kitbash.domain.nwp.syntax import Braces, Bracket, Mark, Operand, Statement, Term
from kitbash.domain.nwp.value import LIKE_A_VALUE, MARKS, NUMBER, OPERATORS, PREFIXES, Around, Range, Spread, Value
from kitbash.errors import UsageError

MAX_CHARS: Final = 4000

_SPACE: Final = re.compile(r"\s*")
_ESCAPE: Final = re.compile(r"\\(?:u\{([0-9a-f]{1,6})\}|(.))", re.DOTALL)
_INSIDE: Final = re.compile(r"(?:[^\\\[\]]|\\.)*", re.DOTALL)
_COLON: Final = re.compile(r"(?:[^\\:]|\\.)*", re.DOTALL)
_BARE: Final = re.compile(r"(?:[^\\\s\[\]{}:,∈∉⊂⊃⊆∩⇒→=⊢□◊¬Δ?⊥]|\\u\{[0-9a-f]{1,6}\}|\\.)+", re.DOTALL)
_NUMBERS: Final = re.compile(rf"(±)?({NUMBER})(?:([-±])({NUMBER}))?", re.DOTALL)
_LAST_CODE: Final = 0x10FFFF


def parse(text: str) -> Statement:
    """Return the statement in a text. Raises UsageError naming the position of what cannot be read."""
    if len(text) > MAX_CHARS:
        message = f"an NWP statement of {len(text):,} characters; the longest that is read has {MAX_CHARS:,}"
        raise UsageError(message)
    return _Reader(text).statement()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def statement(self) -> Statement:
        first = self._term()
        rest: list[tuple[str, Term]] = []
        while self._next():
            operator = self._next()
            if operator not in OPERATORS:
                self._refuse(f"one of {' '.join(OPERATORS)} or the end")
            self._at += 1
            rest.append((operator, self._term()))
        return Statement(first, tuple(rest))

    def _term(self) -> Term:
        prefixes: list[str] = []
        while (sign := self._next()) and sign in PREFIXES:
            self._at += 1
            following = self._next()
            if sign in MARKS and (not following or following in OPERATORS):
                return Term(Mark(sign), "".join(prefixes))
            prefixes.append(sign)
        return Term(self._operand(), "".join(prefixes))

    def _operand(self) -> Operand:
        if self._next() == "{":
            return self._braces()
        return self._member()

    def _member(self) -> "Bracket | Mark | Value":
        sign = self._next()
        if sign == "[":
            return self._bracket()
        if sign and sign in MARKS:
            self._at += 1
            return Mark(sign)
        found = _BARE.match(self._text, self._at)
        value = _value(found.group()) if found else None
        if found is None or value is None:
            self._refuse("an operand such as [MAT:WATER], a value such as 60±5°C, or ⊥")
        self._at = found.end()
        return value

    def _bracket(self) -> Bracket:
        start = self._at
        found = _INSIDE.match(self._text, start + 1)
        end = found.end() if found else start + 1
        if self._text[end : end + 1] != "]":
            self._refuse("a ] for the [")
        inside = self._text[start + 1 : end].strip()
        cut = _COLON.match(inside)
        colon = cut.end() if cut else 0
        namespace, content = (inside[:colon], inside[colon + 1 :]) if colon < len(inside) else ("", inside)
        if not content.strip() or (colon < len(inside) and not namespace.strip()):
            self._refuse("a name, or a namespace, a colon and a name, between the brackets")
        self._at = end + 1
        read = _value(content.strip())
        return Bracket(_plain(content.strip()) if read is None else read, _plain(namespace.strip()))

    def _braces(self) -> Braces:
        self._at += 1
        members: list[Bracket | Mark | Value] = []
        while self._next() != "}":
            if members:
                if self._next() != ",":
                    self._refuse("a comma or a } in the set")
                self._at += 1
            members.append(self._member())
        self._at += 1
        return Braces(tuple(members))

    def _next(self) -> str:
        """Return the next sign that is no space, empty at the end; the reader then stands at it."""
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._text[self._at : self._at + 1]

    def _refuse(self, expected: str) -> NoReturn:
        found = repr(self._text[self._at]) if self._at < len(self._text) else "the end"
        message = f"NWP, position {self._at + 1}: found {found}, expected {expected}"
        raise UsageError(message)


def _value(text: str) -> "Value | None":
    """Return the value a text is, or None if it is a name."""
    if not LIKE_A_VALUE.match(text):
        return None
    found = _NUMBERS.match(text)
    if found is None:
        return None
    spread, first, joint, second = found.groups()
    unit = text[found.end() :]
    if spread and joint == "±":
        joint, second, unit = None, None, text[found.start(3) :]
    low = float(first)
    high = low if second is None else float(second)
    unit = _plain(unit.lstrip())
    if spread:
        return Spread(low, high, unit)
    return Around(low, high, unit) if joint == "±" else Range(low, high, unit)


def _plain(text: str) -> str:
    """Return what an escaped text stands for."""
    return _ESCAPE.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    code, char = found.groups()
    if code is None:
        return char
    number = int(code, 16)
    if number > _LAST_CODE:
        message = f"\\u{{{code}}} is no character; the last is \\u{{10ffff}}"
        raise UsageError(message)
    return chr(number)
