"""What is trained, in full precision, and how it is stepped: Adam, its rate raised and then let fall."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from kitbash.models.ternary.quantising import Floats

_RATE: Final = 0.006
_WARM_STEPS: Final = 100
_KEEP_MEAN: Final = 0.9
_KEEP_SQUARE: Final = 0.99
_TINY: Final = 1e-8
_SPREAD: Final = 0.05


@dataclass(slots=True)
class Parameters:
    """The latent weights of both layers by name, with Adam's running moments. Changed in place."""

    values: dict[str, Floats]
    means: dict[str, Floats] = field(init=False)
    squares: dict[str, Floats] = field(init=False)
    steps: int = 0

    def __post_init__(self) -> None:
        """Begin with moments of 0."""
        self.means = {name: np.zeros_like(value) for name, value in self.values.items()}
        self.squares = {name: np.zeros_like(value) for name, value in self.values.items()}

    def step(self, gradients: Mapping[str, Floats], total: int) -> None:
        """Have every value moved against its gradient, as step number `steps` + 1 of `total`."""
        self.steps += 1
        rate = _RATE * min(1.0, self.steps / _WARM_STEPS) * (1 - 0.98 * self.steps / total)
        for name, gradient in gradients.items():
            mean, square = self.means[name], self.squares[name]
            mean += np.float32(1 - _KEEP_MEAN) * (gradient - mean)
            square += np.float32(1 - _KEEP_SQUARE) * (gradient * gradient - square)
            rise = rate / (1 - _KEEP_MEAN**self.steps)
            spread = np.sqrt(square / np.float32(1 - _KEEP_SQUARE**self.steps)) + np.float32(_TINY)
            self.values[name] -= np.float32(rise) * mean / spread


def begun(seen: Floats, hidden: int, outputs: int, chance: np.random.Generator) -> Parameters:
    """Return parameters to start from; the weights of buckets that no question of training reaches are 0."""
    first = chance.normal(0, _SPREAD, (len(seen), hidden)).astype(np.float32) * seen[:, None]
    second = chance.normal(0, 1 / np.sqrt(hidden), (hidden, outputs)).astype(np.float32)
    zeros = {"first_bias": np.zeros(hidden, np.float32), "second_bias": np.zeros(outputs, np.float32)}
    return Parameters({"first": first, "second": second, **zeros})
