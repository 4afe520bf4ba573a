"""A quantity read where it stands in a sentence: numbers, ranges, how exactly they are meant, and their unit.

"About" widens by a twentieth on both sides; an exact value has two equal ends. "At least 3 months" has no upper end, so
it is held as what it rules out: a denied range from nothing to a tenth below 3 months ("at most" likewise from a tenth
above). So "5 years" agrees with it, and "3 seconds" does not.
"""

import math
import re
from dataclasses import dataclass, replace
from typing import Final

from kitbash.knowledge.source import units
from kitbash.knowledge.source.units import Unit

ABOUT: Final = 0.05
LEEWAY: Final = 0.1
ENDLESS: Final = 1e300
"""Where a denied range ends that has no upper end."""

_WORDS: Final = {
    "one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0, "seven": 7.0, "eight": 8.0, "nine": 9.0,
    "ten": 10.0, "eleven": 11.0, "twelve": 12.0,
}  # fmt: skip
_SCALES: Final = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_SUPERSCRIPTS: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_GAP: Final = r"[,\u00a0\u2009\u202f]"
_NUMBER: Final = re.compile(
    rf"(?P<minus>minus |[-−](?=\d))?(?:(?P<digits>\d{{1,3}}(?:{_GAP}\d{{3}})+(?!\d)|\d+)(?P<decimals>\.\d+)?"
    r"(?:e(?P<e>[+-]?\d{1,2})(?!\w)| ?[×·*x] ?10(?:\^(?P<power>[-−+]?\d{1,2})|(?P<super>[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2}))(?!\w)"
    r"| times 10 to the power of (?P<spoken>(?:minus |[-−])?\d{1,2})(?!\w))?(?![.,/:]?\d)"
    rf"|(?P<word>{'|'.join(_WORDS)})(?= [a-zA-Z]))(?: (?P<scale>{'|'.join(_SCALES)})(?!\w))?"
)
_BOUND: Final = re.compile(
    r"(?:(?P<least>at least|no less than|not less than|more than|over)|(?P<most>at most|no more than|not more than|"
    r"less than|fewer than|under|up to)) "
)
_MANNER: Final = re.compile(
    r"(?:(?P<about>about|around|roughly|approximately|approx\.?|nearly|almost|some|circa|ca\.|close to|~|≈)|"
    r"exactly|precisely|only)\s?"
)
_OPENING: Final = re.compile("between |from ")
_JOINT: Final = re.compile(r"\s?(?:[-–—]|to|and)\s?")
_SPREAD: Final = re.compile(r"\s?(?:±|\+/-|plus or minus)\s?")
_WORD: Final = re.compile(r"\s?[^\s,;:()]+")
_BARE: Final = re.compile(r"\s*\Z|,? \(|, | (?:at|in|on|because|which)(?!\w)")
_ENDING: Final = frozenset((
    "and", "or", "but", "at", "in", "on", "from", "to", "of", "for", "per", "by", "under", "above", "below",
    "around", "through", "after", "before", "during", "with", "within", "across", "because", "which", "that", "who",
    "as", "long", "wide", "tall", "high", "deep", "old", "thick", "away", "times", "than", "more", "less",
    "between", "over", "into",
))  # fmt: skip
_MOST_WORDS: Final = 3


@dataclass(frozen=True, slots=True)
class Quantity:
    """A range in a canonical unit, and whether it is held or ruled out."""

    low: float
    high: float
    unit: str
    affirmed: bool = True


@dataclass(frozen=True, slots=True)
class _Number:
    value: float
    scale: float | None
    end: int


def read(text: str) -> tuple[Quantity, str] | None:
    """Return the quantity a text begins with and what follows it, or None if it does not begin with one."""
    bound = _BOUND.match(text)
    at = bound.end() if bound else 0
    manner = _MANNER.match(text, at)
    at = manner.end() if manner else at
    sign = units.currency(text[at : at + 1])
    opening = _OPENING.match(text, at)
    at = opening.end() if opening else at + (sign is not None)
    first = _number(text, at)
    if first is None:
        return None
    found = _range(text, first, opening is not None, sign)
    if found is None:
        return None
    quantity, rest = found
    if bound:
        return (ruled, rest) if (ruled := _ruled_out(quantity, least=bound["least"] is not None)) else None
    if manner and manner["about"]:
        quantity = replace(
            quantity,
            low=units.rounded(quantity.low - ABOUT * abs(quantity.low)),
            high=units.rounded(quantity.high + ABOUT * abs(quantity.high)),
        )
    return quantity, rest


def _range(text: str, first: _Number, opened: bool, sign: Unit | None) -> tuple[Quantity, str] | None:  # noqa: FBT001
    """Return what one number, or two with what joins them, measure."""
    inner, after = _known(text, first.end)
    for pattern, spread in ((_SPREAD, True), (_JOINT, False)):
        joint = pattern.match(text, after)
        if joint is None or ("and" in joint.group() and not opened):
            continue
        second = _number(text, joint.end())
        if second is None:
            continue
        unit, end = (sign, second.end) if sign else _unit(text, second.end)
        if unit is None or (inner is not None and inner.name != unit.name):
            return None
        if spread:
            scale = second.scale or 1.0
            ends = (first.value * scale - second.value * scale, first.value * scale + second.value * scale)
            return _quantity(ends, (unit, unit), text[end:])
        # "3 to 5 million km": the word after the second number holds for both.
        ends = (first.value * (first.scale or second.scale or 1.0), second.value * (second.scale or 1.0))
        return _quantity(ends, (inner or unit, unit), text[end:])
    if opened:
        return None
    unit, end = (sign, first.end) if sign else _unit(text, first.end)
    value = first.value * (first.scale or 1.0)
    return None if unit is None else _quantity((value, value), (unit, unit), text[end:])


def _quantity(values: tuple[float, float], of: tuple[Unit, Unit], rest: str) -> tuple[Quantity, str] | None:
    low, high = (unit.magnitude(value) for value, unit in zip(values, of, strict=True))
    if low > high or not (math.isfinite(low) and math.isfinite(high)):
        return None
    return Quantity(low, high, of[1].name), rest


def _ruled_out(quantity: Quantity, *, least: bool) -> Quantity | None:
    """Return the range that "at least" or "at most" leaves no room for."""
    if quantity.low != quantity.high or quantity.low <= 0:
        return None
    if least:
        floor = -273.15 if quantity.unit == units.CELSIUS else 0.0
        return replace(quantity, low=floor, high=units.rounded(quantity.low * (1 - LEEWAY)), affirmed=False)
    return replace(quantity, low=units.rounded(quantity.high * (1 + LEEWAY)), high=ENDLESS, affirmed=False)


def _number(text: str, at: int) -> _Number | None:
    found = _NUMBER.match(text, at)
    if found is None:
        return None
    if found["word"]:
        value = _WORDS[str(found["word"])]
    else:
        value = float(re.sub(_GAP, "", found["digits"]) + (found["decimals"] or ""))
        power = found["e"] or found["power"] or found["super"] or found["spoken"]
        if power:
            exponent = int(power.translate(_SUPERSCRIPTS).replace("minus ", "-").replace("−", "-"))
            value *= 10.0**exponent
    return _Number(-value if found["minus"] else value, _SCALES.get(str(found["scale"])), found.end())


def _known(text: str, at: int) -> tuple[Unit | None, int]:
    """Return the longest unit that begins here and where it ends, or None and where it would have begun."""
    ends: list[int] = []
    end = at
    while len(ends) < units.MAX_WORDS and (word := _WORD.match(text, end)):
        end = word.end()
        ends.append(end)
    for end in reversed(ends):
        if unit := units.known(text[at:end].strip()):
            return unit, end
    return None, at


def _unit(text: str, at: int) -> tuple[Unit | None, int]:
    """Return the unit of a number that ends here: a known one, else what is counted, else none for a bare number."""
    unit, end = _known(text, at)
    if unit is not None:
        return unit, end
    words: list[str] = []
    while (word := _WORD.match(text, end)) and word.group().strip().lower() not in _ENDING:
        if not word.group().startswith(" "):
            return None, at
        words.append(word.group().strip())
        end = word.end()
    if not words:
        return (Unit(""), at) if _BARE.match(text, at) else (None, at)
    return (units.counted(" ".join(words)), end) if len(words) <= _MOST_WORDS else (None, at)
