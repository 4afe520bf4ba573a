"""Trains the ternary network and its twin in full precision, from the same start on the same batches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kitbash.domain.impression import FORMS
from kitbash.models.ternary.network import BitLinear, Network
from kitbash.models.ternary.quantising import Floats, ternary
from kitbash.models.ternary.training import passes, scoring
from kitbash.models.ternary.training.encoded import Encoded, encoded
from kitbash.models.ternary.training.examples import Examples
from kitbash.models.ternary.training.parameters import begun

_BATCH: Final = 256


@dataclass(frozen=True, slots=True)
class Size:
    """How large a network is and how long it is trained; every weight is read `rounds` times."""

    buckets: int = 8192
    hidden: int = 80
    rounds: int = 10
    dropped: float = 0.5


@dataclass(frozen=True, slots=True)
class Trained:
    """The network, with its figures and its twin's in it."""

    network: Network
    figures: dict[str, float]
    twin: dict[str, float]


def train(
    examples: Examples, domains: Sequence[str], seed: int, size: Size, tell: Callable[[str], object] = lambda _: None
) -> Trained:
    """Return the network; the same seed, examples and numpy give the same one. `tell` hears of every round."""
    sets = [encoded(it, domains, size.buckets) for it in (examples.train, examples.of_templates, examples.of_aliases)]
    trained, templates, aliases = sets
    found: dict[bool, dict[str, Floats]] = {}
    figures: dict[bool, dict[str, float]] = {}
    for is_ternary in (False, True):
        name = "ternary" if is_ternary else "twin"
        values = found[is_ternary] = _fitted(trained, len(domains), seed, size, is_ternary=is_ternary, tell=tell)
        outs = [_outputs(it, values, is_ternary=is_ternary) for it in (templates, aliases)]
        figures[is_ternary] = scoring.figures(outs[0], templates, outs[1], aliases)
        tell(f"{name}: {figures[is_ternary]}")
    both = figures[True] | {f"twin_{name}": value for name, value in figures[False].items()}
    counts = {"trained_on": len(trained.rows), "held_out": len(templates.rows), "held_out_aliases": len(aliases.rows)}
    network = _network(found[True], tuple(domains), both | {name: float(it) for name, it in counts.items()})
    return Trained(network, figures[True], figures[False])


def _fitted(
    data: Encoded, domains: int, seed: int, size: Size, *, is_ternary: bool, tell: Callable[[str], object]
) -> dict[str, Floats]:
    chance = np.random.default_rng(seed)
    seen = data.seen()
    parameters = begun(seen, size.hidden, len(FORMS) + domains + 1, chance)
    batches = max(1, len(data.rows) // _BATCH)
    for number in range(size.rounds):
        order = chance.permutation(len(data.rows))
        for at in range(batches):
            chosen = order[at * _BATCH : (at + 1) * _BATCH]
            went = passes.forward(parameters.values, data.dense(chosen, size.dropped, chance), is_ternary=is_ternary)
            wrong = passes.loss_gradient(went.out, data.form[chosen], data.domain[chosen], len(FORMS))
            gradients = passes.backward(went, wrong)
            gradients["first"] *= seen[:, None]
            parameters.step(gradients, size.rounds * batches)
        tell(f"{'ternary' if is_ternary else 'twin'}: round {number + 1} of {size.rounds}")
    return parameters.values


def _outputs(data: Encoded, values: dict[str, Floats], *, is_ternary: bool) -> Floats:
    chance = np.random.default_rng(0)
    parts = [np.arange(at, min(at + _BATCH, len(data.rows))) for at in range(0, len(data.rows), _BATCH)]
    outs = [passes.forward(values, data.dense(it, 0.0, chance), is_ternary=is_ternary).out for it in parts]
    return np.concatenate(outs) if outs else np.zeros((0, len(values["second_bias"])), np.float32)


def _network(values: dict[str, Floats], domains: tuple[str, ...], figures: dict[str, float]) -> Network:
    first, second = ternary(values["first"]), ternary(values["second"])
    return Network(
        BitLinear(*first, values["first_bias"]), BitLinear(*second, values["second_bias"]), FORMS, domains, figures
    )
