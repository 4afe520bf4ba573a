"""Units as people write them, made comparable: SI base units, temperatures in degrees Celsius, other things as words.

Only units named here are converted; a word that is none of them counts things of its kind ("layer", "people"). The
conversion is pint's, which is loaded when the first unit is met: building needs it, answering never does.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from kitbash.domain.normal_form import normal_form
from kitbash.knowledge.source.unit_names import NAMES, PREFIXED, PREFIXES, SIGNS, SYMBOLS

CELSIUS: Final = "degC"
PERCENT: Final = "%"
MAX_WORDS: Final = 6

_CURRENCIES: Final = {"$": "dollar", "€": "euro", "£": "pound sterl", "¥": "yen"}
_OFFSET: Final = {"celsius": "kelvin", "fahrenheit": "delta_degree_Fahrenheit"}
_TOGETHER: Final = (
    (re.compile(r"\bdegrees? (?=(?:celsius|centigrade|fahrenheit)\b)", re.IGNORECASE), ""),
    (re.compile(r"\bdegrees? kelvin\b", re.IGNORECASE), "kelvin"),
    (re.compile(r"\bper cents?\b"), "percent"),
    (re.compile(r"\blight[ -]years?\b"), "light-year"),
    (re.compile(r"\bastronomical units?\b"), "astronomical-unit"),
    (re.compile(r"° (?=[CF]\b)"), "°"),
)
_POWERS: Final = str.maketrans({"²": "^2", "³": "^3"})
_FACTOR: Final = re.compile(r"([^\s\d^]+?)(?:\^?([23]))?")
_DIGITS: Final = 12
_SHORTEST: Final = 3


@dataclass(frozen=True, slots=True)
class Unit:
    """A canonical unit, and how a magnitude in the written one becomes one in it: times `scale`, plus `offset`."""

    name: str
    scale: float = 1.0
    offset: float = 0.0

    def magnitude(self, value: float) -> float:
        """Return a magnitude in the canonical unit, to twelve digits, so that 212 °F is 100 °C exactly."""
        return rounded(value * self.scale + self.offset)


def rounded(value: float) -> float:
    """Return a number to twelve digits."""
    return float(f"{value:.{_DIGITS}g}")


def currency(sign: str) -> Unit | None:
    """Return the unit of a sign that stands before an amount of money."""
    return Unit(_CURRENCIES[sign]) if sign in _CURRENCIES else None


def counted(text: str) -> Unit | None:
    """Return the unit that counts things of a kind, or None if the text names no kind."""
    words = text.split()
    form = normal_form(text)
    plain = all(word.replace("-", "").isalpha() and (word.islower() or word.istitle()) for word in words)
    return Unit(form) if form and plain and len(words[-1]) >= _SHORTEST else None


@lru_cache(maxsize=4096)
def known(text: str) -> Unit | None:
    """Return the unit a text names, such as `km/h` or `kilograms per cubic metre`, or None if it names none."""
    expression = _expression(text)
    if expression is None:
        return None
    if expression == "percent":
        return Unit(PERCENT)
    return _converted(expression)


def _expression(text: str) -> str | None:
    """Return what pint is to read, made only of names from this module."""
    for pattern, name in _TOGETHER:
        text = pattern.sub(name, text)
    words = text.translate(_POWERS).replace("/", " / ").replace("·", " ").split()
    parts: list[str] = []
    power = ""
    for word in words:
        lower = word.lower()
        if lower in {"per", "/"}:
            parts.append("/")
        elif lower in {"square", "cubic"}:
            power = "**2" if lower == "square" else "**3"
        elif lower in {"squared", "cubed"} and parts and parts[-1] not in {"*", "/"}:
            parts[-1] += "**2" if lower == "squared" else "**3"
        else:
            factor = _factor(word)
            if factor is None:
                return None
            if parts and parts[-1] not in {"*", "/"}:
                parts.append("*")
            parts.append(factor + power)
            power = ""
    if power or not parts or parts[0] == "/" or parts[-1] == "/" or "//" in "".join(parts):
        return None
    if len(parts) == 1:
        return parts[0]
    return "".join(_OFFSET.get(part, part) for part in parts)


def _factor(word: str) -> str | None:
    found = _FACTOR.fullmatch(word)
    if found is None:
        return None
    name = _name(found.group(1))
    return name and (f"{name}**{found.group(2)}" if found.group(2) else name)


def _name(word: str) -> str | None:
    if word in SIGNS:
        return SIGNS[word]
    if word in SYMBOLS:
        return word
    lower = word.lower()
    for single in (lower, lower.removesuffix("s")):
        if single in NAMES:
            return NAMES[single]
        for prefix in PREFIXES:
            if single.startswith(prefix) and single.removeprefix(prefix) in PREFIXED:
                return single
    return None


def _converted(expression: str) -> Unit | None:
    pint, registry = _registry()
    try:
        zero, one = (registry.Quantity(value, expression) for value in (0.0, 1.0))
        if one.check("[temperature]"):
            zero, one = zero.to(CELSIUS), one.to(CELSIUS)
            return Unit(CELSIUS, one.magnitude - zero.magnitude, zero.magnitude)
        base = one.to_base_units()
    except (pint.errors.PintError, ValueError, ArithmeticError):
        return None
    return Unit(f"{base.units:~C}", base.magnitude)


@lru_cache(maxsize=1)
def _registry() -> tuple[Any, Any]:
    import pint  # noqa: PLC0415 - building needs it, answering does not

    library: Any = pint
    return library, library.UnitRegistry()
