"""A triage network small enough to write down."""

from typing import Final

import numpy as np

from kitbash.domain.impression import FORMS
from kitbash.models.ternary.network import BitLinear, Network

DOMAINS: Final = ("sea_general", "sky_general")
BUCKETS: Final = 32
HIDDEN: Final = 6
OUTPUTS: Final = len(FORMS) + len(DOMAINS) + 1


def small_network(seed: int = 0) -> Network:
    """Return a network of random weights."""
    chance = np.random.default_rng(seed)
    first = chance.integers(-1, 2, (BUCKETS, HIDDEN)).astype(np.int8)
    second = chance.integers(-1, 2, (HIDDEN, OUTPUTS)).astype(np.int8)
    biases = chance.normal(size=HIDDEN).astype(np.float32), chance.normal(size=OUTPUTS).astype(np.float32)
    return Network(BitLinear(first, 0.25, biases[0]), BitLinear(second, 0.5, biases[1]), FORMS, DOMAINS, {"form": 0.75})
