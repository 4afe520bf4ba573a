"""What a network's file says of itself before its weights: sizes, scales, labels and figures, all within bounds."""

from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from kitbash.domain.impression import FORMS

MAX_DOMAINS: Final = 256

Scale = Annotated[FiniteFloat, Field(gt=0, lt=1e6)]
Figure = Annotated[FiniteFloat, Field(ge=-1e9, le=1e9)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,63}$")]


class Header(BaseModel):
    """The header; `figures` are what the network and its twin reached on held-out questions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    buckets: Annotated[int, Field(ge=1, le=1 << 16)]
    hidden: Annotated[int, Field(ge=1, le=1024)]
    first_scale: Scale
    second_scale: Scale
    forms: Annotated[list[Name], Field(max_length=64)]
    domains: Annotated[list[Name], Field(max_length=MAX_DOMAINS)]
    figures: Annotated[dict[Name, Figure], Field(max_length=64)]

    @model_validator(mode="after")
    def labels_are_known(self) -> Self:
        """Refuse forms of another release, and a domain that stands there twice."""
        if self.forms != list(FORMS):
            message = "its forms are not those of this release"
            raise ValueError(message)
        if len(set(self.domains)) != len(self.domains):
            message = "a domain stands there twice"
            raise ValueError(message)
        return self

    @property
    def outputs(self) -> int:
        """Return how many outputs the second layer has: the forms, the domains, and outside everything."""
        return len(self.forms) + len(self.domains) + 1
