"""What a language model is to the cascade, whichever runtime stands behind it."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Prompt:
    """What to generate from, and within which bounds. `deadline_s` counts from the call."""

    text: str
    max_tokens: int
    temperature: float
    deadline_s: float
    stop: tuple[str, ...] = ()
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Generated:
    """A model's reply. `is_complete` is False when the token budget cut it."""

    text: str
    model: str
    is_complete: bool


class Generator(Protocol):
    """A language model. Calls raise EngineError's family, and nothing else that is expected."""

    def generate(self, prompt: Prompt) -> Generated:
        """Return the model's reply within the deadline."""
        ...

    def close(self) -> None:
        """Release connections or memory; the generator cannot be used afterwards."""
        ...
