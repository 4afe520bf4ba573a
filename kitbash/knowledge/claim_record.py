"""Claims as cartridges store them: checked when read, since a file may hold anything."""

from collections.abc import Iterable
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from kitbash.domain.claim import Claim
from kitbash.errors import KnowledgeError

MAX_CLAIMS: Final = 16
MAX_CHARS: Final = 200

_End = Annotated[float, Field(strict=True, allow_inf_nan=False)]
_Words = Annotated[str, Field(max_length=MAX_CHARS)]


class ClaimRecord(BaseModel):
    """One claim as an object: polarity 1 or -1, and both ends of its range or none."""

    model_config = ConfigDict(extra="ignore")

    subject: _Words
    attribute: _Words
    polarity: Literal[1, -1] = 1
    low: _End | None = None
    high: _End | None = None
    unit: _Words = ""

    @model_validator(mode="after")
    def _is_a_claim(self) -> Self:
        if not self.subject or not self.attribute:
            message = "a claim needs a subject and an attribute"
            raise ValueError(message)
        if not (self.subject + self.attribute + self.unit).isprintable():
            message = "the words of a claim are not on one line, or hold signs that do not print"
            raise ValueError(message)
        if (self.low is None) != (self.high is None):
            message = "low and high belong together; give both or none"
            raise ValueError(message)
        if self.low is not None and self.high is not None and self.low > self.high:
            message = f"low {self.low} is above high {self.high}"
            raise ValueError(message)
        return self

    @classmethod
    def of(cls, claim: Claim) -> Self:
        """Return what is stored of a claim. Raises ValueError if it is none that may be stored."""
        return cls(
            subject=claim.subject,
            attribute=claim.attribute,
            polarity=1 if claim.affirmed else -1,
            low=claim.low if claim.low is None else float(claim.low),
            high=claim.high if claim.high is None else float(claim.high),
            unit=claim.unit,
        )

    @property
    def claim(self) -> Claim:
        """Return the claim."""
        return Claim(self.subject, self.attribute, self.polarity == 1, self.low, self.high, self.unit)


Claims = Annotated[list[ClaimRecord], Field(max_length=MAX_CLAIMS)]
_CLAIMS: Final = TypeAdapter[list[ClaimRecord]](Claims)
_NONE: Final = "[]"


def to_json(claims: Iterable[Claim]) -> str:
    """Return claims as one JSON list."""
    records = [ClaimRecord.of(claim) for claim in claims]
    return _CLAIMS.dump_json(records).decode() if records else _NONE


def from_json(text: str) -> tuple[Claim, ...]:
    """Return the claims of one JSON list. Raises ValueError if they are not what `to_json` writes."""
    return () if text == _NONE else tuple(record.claim for record in _CLAIMS.validate_json(text))


def reason(error: ValidationError) -> str:
    """Return what is wrong first, and where, in one line."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    said = first["msg"].removeprefix("Value error, ")
    return f"{place}: {said}" if place else said


def checked(claim: Claim, place: str) -> Claim:
    """Return a claim that may be stored. Raises KnowledgeError naming the place."""
    try:
        return ClaimRecord.of(claim).claim
    except ValidationError as error:
        message = f"{place}: {reason(error)}"
        raise KnowledgeError(message) from error
