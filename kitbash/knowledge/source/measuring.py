"""What a simple clause measures: "boils at 100 °C", "has a diameter of 5 km", "is 3 m long", "has five layers".

Circumstances that are always meant ("at sea level", "on average") are dropped; any other becomes part of the attribute,
so that two statements about different things never get the same key.
"""

import re
from typing import Final

from kitbash.domain.claim import Claim
from kitbash.knowledge.source import quantity
from kitbash.knowledge.source.clause import MEASURES, Clause, Verb, base
from kitbash.knowledge.source.quantity import Quantity
from kitbash.knowledge.source.wording import attribute_of, subject_of

_USUAL: Final = re.compile(
    r"(?:on average|at (?:mean )?sea level|at (?:one|1|1\.0) (?:atmosphere|atm)|(?:at|under) (?:normal|standard|"
    r"atmospheric|ordinary)(?: sea-level)?(?: air| atmospheric)?(?: pressure| conditions)?)(?![\w-])"
)
_RESTATED: Final = re.compile(r"\([^()]*\d[^()]*\)")
_OR: Final = re.compile(r",? or ")
_MEASURED_BY: Final = re.compile(
    r"(?:long|wide|tall|high|deep|old|thick|away|across|in (?:diameter|length|width|height|depth|size))(?![\w-])"
)
_PLACED: Final = re.compile(
    r"(?:at|in|on|from|to|of|per|above|below|around|through|after|before|across|under|for|by)(?: [^\s,;:()]+){1,6}"
)
_HAS: Final = re.compile(r"(?:an? |the )?((?:[^\s,;:()]+ ){1,4}?)of ")
_NUMBERED: Final = re.compile(r"the ((?:[a-z]+ ){1,3})(?=\d)")
_PREPOSITIONS: Final = frozenset(
    ("at", "in", "on", "from", "to", "for", "by", "with", "and", "or", "than", "of", "per")
)
_POINT: Final = re.compile(r"(boil|melt|freez)ing point of (.+)|(.+)['’]s (boil|melt|freez)ing point")
_MEASURE_OF: Final = re.compile(r"((?:\S+ ){0,3}?(\S+)) of (.+)|(.+)['’]s ((?:\S+ ){0,3}(\S+))")
_MEASURABLE: Final = frozenset((
    "mass", "weight", "diameter", "radius", "temperature", "density", "length", "height", "width", "depth", "area",
    "volume", "speed", "age", "population", "period", "number", "circumference", "thickness", "distance",
    "wavelength", "frequency", "pressure", "ph", "span", "lifespan", "capacity", "size", "energy", "gravity",
))  # fmt: skip
_HOLDS: Final = {"is": "has", "was": "had"}
_BEFORE: Final = re.compile(r"(at|for|to) (?!the |least |most )")
_STANDS_FOR_ITSELF: Final = "for"


def measured(found: Clause) -> Claim | None:
    """Return the claim of a clause that gives its subject a quantity, or None."""
    if found.verb is Verb.BE:
        return _being(found)
    if found.verb is Verb.HAVE:
        return _having(found)
    word, rest = found.word, found.rest
    if found.verb in {Verb.DO, Verb.CAN}:
        verb, _, rest = rest.partition(" ")
        if base(verb) not in MEASURES:
            return None
        word = f"{word} {base(verb)}"
    before = _BEFORE.match(rest)
    rest = rest[before.end() :] if before else rest
    joined = "" if before is None or before[1] == _STANDS_FOR_ITSELF else before[1]
    return _claim(found, found.subject, f"{word} {joined}", rest)


def _being(found: Clause) -> Claim | None:
    """Return what "the mass of X is 5 kg" claims, as "X has a mass of 5 kg" would."""
    if point := _POINT.fullmatch(found.subject):
        verb = "freeze" if "freez" in (point[1], point[4]) else point[1] or point[4]
        return _claim(found, point[2] or point[3], f"{verb} at", found.rest)
    named = _MEASURE_OF.fullmatch(found.subject)
    if named and (named[2] or named[6]).lower() in _MEASURABLE:
        return _claim(found, named[3] or named[4], f"{_HOLDS[found.word]} {named[1] or named[5]}", found.rest)
    return _claim(found, found.subject, found.word, found.rest)


def _having(found: Clause) -> Claim | None:
    named = _NUMBERED.match(found.rest) or _HAS.match(found.rest)
    if named and not _PREPOSITIONS.intersection(named[1].split()):
        claim = _claim(found, found.subject, f"{found.word} {named[1]}", found.rest[named.end() :])
        if claim:
            return claim
    return _claim(found, found.subject, found.word, found.rest)


def _claim(found: Clause, subject: str, attribute: str, rest: str) -> Claim | None:
    read = quantity.read(rest)
    if read is None:
        return None
    measure, after = read
    circumstances = _circumstances(after, measure)
    if circumstances is None or (found.denied and not measure.affirmed):
        return None
    return Claim(
        subject_of(subject),
        attribute_of(f"{attribute} {circumstances}"),
        measure.affirmed and not found.denied,
        measure.low,
        measure.high,
        measure.unit,
    )


def _circumstances(after: str, measure: Quantity) -> str | None:
    """Return what follows a quantity as words of the attribute, or None if it is not understood."""
    kept: list[str] = []
    after = after.strip()
    while after:
        other = _OR.match(after)
        again = quantity.read(after[other.end() :]) if other else None
        if again is not None:
            if again[0].unit != measure.unit:
                return None
            after = again[1].strip()
        elif found := _RESTATED.match(after) or _USUAL.match(after):
            after = after[found.end() :].strip()
        elif found := _MEASURED_BY.match(after) or _PLACED.match(after):
            kept.append(found.group())
            after = after[found.end() :].strip()
        else:
            return None
    return " ".join(kept)
