"""Weights fitted to a set of cartridges, and what they reach on the tenth of the facts that they were not fitted to."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from kitbash.cascade.confidence import NAMES
from kitbash.cascade.training.examples import Example, Questions, examples, small_talk
from kitbash.cascade.training.figures import calibration_error
from kitbash.cascade.training.judging import Judged, fitted, judged
from kitbash.cascade.training.promises import SLIP
from kitbash.cascade.training.scoring import calibration, scored_apart
from kitbash.domain.candidate import FEATURE_NAMES
from kitbash.knowledge.calibration_record import to_record
from kitbash.knowledge.cartridge import Cartridge

_DIGITS: Final = 4


def train(cartridges: Sequence[Cartridge], bare: Sequence[Cartridge], seed: int) -> str:
    """Return the text of `config/confidence.json`: the same bytes for the same facts and seed.

    `bare` are the same cartridges without a single alias: most facts of other people have none.
    """
    asked, plain = Questions(cartridges), Questions(bare)
    whole = [*examples(asked, asked.facts, seed, with_shorter=True), *small_talk(asked)]
    texts = [*examples(plain, asked.facts, seed, with_shorter=True), *small_talk(plain)]
    scored = scored_apart(whole, texts)
    record = {
        **weighed([*whole, *texts], seed),
        "aliases": to_record(calibration(scored.aliases, slip=SLIP)),
        "texts": to_record(calibration(scored.texts)),
        "scored": scored.to_record(),
    }
    return written(record)


def weighed(
    found: Sequence[Example], seed: int, *, features: Sequence[str] = FEATURE_NAMES, names: Sequence[str] = NAMES
) -> dict[str, object]:
    """Return weights for such features, fitted to nine tenths of the facts, and what they reach on the others."""
    held_out = [it for it in found if not it.fold]
    fit_on = [it for it in found if it.fold]
    weights = fitted(fit_on, names)
    return {
        "order": dict(zip(features, weights.order, strict=True)),
        "weights": dict(zip(names, weights.values, strict=True)),
        "bias": weights.bias,
        "seed": seed,
        "fitted_on": sum(not it.is_short for it in fit_on),
        "held_out": report(judged(it, weights) for it in held_out if not it.is_short),
    }


def written(record: Mapping[str, object]) -> str:
    """Return the text of a file of weights, one line a subject: thousands of scores are not thousands of lines."""
    lines = (f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in record.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def report(found: Iterable[Judged]) -> dict[str, float]:
    """Return coverage and precision at a few thresholds, and the expected calibration error in ten bins."""
    scored = list(found)
    figures: dict[str, float] = {"questions": len(scored)}
    for threshold in (0.5, 0.6, 0.7, 0.8, 0.9):
        said = [it.is_right for it in scored if it.probability >= threshold]
        figures[f"answered_at_{threshold}"] = round(len(said) / max(1, len(scored)), _DIGITS)
        figures[f"precision_at_{threshold}"] = round(sum(said) / len(said), _DIGITS) if said else 1.0
    figures["ece"] = round(calibration_error([(it.probability, it.is_right) for it in scored]), _DIGITS)
    return figures
