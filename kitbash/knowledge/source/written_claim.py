"""A claim as a source writes it: `subject ; attribute ; value`.

The value is `yes` or `no`, or a quantity as in a sentence (`3 s`, `99-101 °C`, `60±5 °C`, `about 100 m`, `at least 3
months`), or `not` before a quantity that is denied. `none` instead of a claim says that the statement claims nothing.
"""

from collections.abc import Iterable
from typing import Any, Final, cast

from pydantic import ValidationError

from kitbash.domain.claim import Claim
from kitbash.errors import KnowledgeError
from kitbash.knowledge.claim_record import MAX_CLAIMS, ClaimRecord, checked, reason
from kitbash.knowledge.source import quantity
from kitbash.knowledge.source.wording import attribute_of, subject_of

_MAX_CHARS: Final = 400
_NONE: Final = "none"
_ANSWERS: Final = {"yes": True, "no": False}
_NOT: Final = "not "
_PARTS: Final = 3
_SHAPE: Final = "write `subject ; attribute ; value` with yes, no or a quantity such as 99-101 °C as its value"


def claims_of(written: Iterable[object], place: str) -> tuple[Claim, ...]:
    """Return the claims a source writes, as texts or as records. Raises KnowledgeError naming the place."""
    found = tuple(dict.fromkeys(claim for it in written for claim in _claims(it, place)))
    if len(found) > MAX_CLAIMS:
        message = f"{place}: {len(found)} claims; a fact has at most {MAX_CLAIMS}"
        raise KnowledgeError(message)
    return found


def _claims(written: object, place: str) -> tuple[Claim, ...]:
    if isinstance(written, str):
        return () if written.strip().casefold() == _NONE else (_parsed(written, place),)
    try:
        record = ClaimRecord.model_validate(cast("Any", written)).claim
    except ValidationError as error:
        message = f"{place}: a claim is not as it should be: {reason(error)}"
        raise KnowledgeError(message) from error
    return (record,)


def _parsed(text: str, place: str) -> Claim:
    parts = [part.strip() for part in text.split(";")]
    if len(text) > _MAX_CHARS or len(parts) != _PARTS:
        message = f"{place}: the claim {text[:80]!r} is not in three parts; {_SHAPE}"
        raise KnowledgeError(message)
    subject, attribute, value = subject_of(parts[0]), attribute_of(parts[1]), parts[2]
    if not subject or not attribute:
        message = f"{place}: the claim {text!r} has no {'attribute' if subject else 'subject'}; {_SHAPE}"
        raise KnowledgeError(message)
    answer = _ANSWERS.get(value.casefold())
    if answer is not None:
        return checked(Claim(subject, attribute, answer), place)
    denied = value.casefold().startswith(_NOT)
    read = quantity.read(value[len(_NOT) :].strip() if denied else value)
    if read is None or read[1].strip() or (denied and not read[0].affirmed):
        message = f"{place}: {value!r} is not a value of a claim; {_SHAPE}"
        raise KnowledgeError(message)
    measure = read[0]
    affirmed = measure.affirmed and not denied
    return checked(Claim(subject, attribute, affirmed, measure.low, measure.high, measure.unit), place)
