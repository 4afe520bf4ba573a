"""Examples as numbers: hashed n-grams and the places of their labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kitbash.domain.impression import FORMS
from kitbash.models.ternary.hashing import features
from kitbash.models.ternary.network import unit
from kitbash.models.ternary.quantising import Floats
from kitbash.models.ternary.training.examples import Example
from kitbash.models.ternary.training.templates import OUTSIDE

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Encoded:
    """Questions as rows of (buckets, values); `form` is -1 where it is not known, `domain` the last for outside."""

    rows: Sequence[tuple[Places, Floats]]
    form: Places
    domain: Places
    buckets: int

    def dense(self, chosen: Places, dropped: float, chance: np.random.Generator) -> Floats:
        """Return the chosen rows in full, each feature left out with the probability `dropped`."""
        found = np.zeros((len(chosen), self.buckets), np.float32)
        for row, which in enumerate(int(it) for it in chosen):
            at, values = self.rows[which]
            kept = chance.random(len(at)) >= dropped if dropped else np.ones(len(at), np.bool_)
            found[row, at[kept]] = values[kept]
        return found

    def seen(self) -> Floats:
        """Return 1 for each bucket that some row reaches, else 0."""
        found = np.zeros(self.buckets, np.float32)
        for at, _ in self.rows:
            found[at] = 1
        return found


def encoded(examples: Sequence[Example], domains: Sequence[str], buckets: int) -> Encoded:
    """Return examples as numbers; `domains` are the names of cartridges in the order of the network's outputs."""
    places = {name: at for at, name in enumerate((*domains, OUTSIDE))}
    rows: list[tuple[Places, Floats]] = []
    for example in examples:
        found = features(example.text, buckets)
        at = np.fromiter(found, dtype=np.intp, count=len(found))
        rows.append((at, unit(np.fromiter(found.values(), dtype=np.float32, count=len(found)))))
    form = [-1 if example.form is None else FORMS.index(example.form) for example in examples]
    domain = [places[example.domain] for example in examples]
    return Encoded(tuple(rows), np.array(form, np.intp), np.array(domain, np.intp), buckets)
