"""What turns texts into vectors whose angle tells how near they are in meaning."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    """One row a text, float32."""


class Encoder(Protocol):
    """A sentence encoder that is open."""

    @property
    def name(self) -> str:
        """Return what it is called, for people."""
        ...

    @property
    def digest(self) -> str:
        """Return what its vectors depend on, as SHA-256 in hex: two encoders with one digest give the same vectors."""
        ...

    @property
    def dimension(self) -> int:
        """Return how many numbers a vector has."""
        ...

    def encode(self, texts: Sequence[str]) -> "Vectors":
        """Return one unit vector a text: float32, shape (texts, dimension). Raises EncoderError."""
        ...


class EncoderSource(Protocol):
    """Where an encoder comes from when one is first needed."""

    def open(self) -> Encoder | None:
        """Return the encoder, the same each time, or None if there is none that can be used. Raises nothing."""
        ...
