"""The shipped calibrations, read once a process from `config/confidence.json`."""

import json
from functools import cache
from hashlib import sha256
from typing import Any, Final

from kitbash import assets
from kitbash.cascade.scales import Scales
from kitbash.errors import ConfigError, KnowledgeError
from kitbash.knowledge.calibration_record import from_record

FILE: Final = "config/confidence.json"
OTHER_WEIGHTS: Final = "it was made for the weights of another release; make it again: kitbash cartridge calibrate"
_MODEL: Final = ("order", "weights", "bias")
_DIGEST_CHARS: Final = 16


def load(target: float) -> Scales:
    """Return the shipped calibrations for a precision. Raises ConfigError if the file is not what it should be."""
    aliases, texts, model = _shipped()
    return Scales(aliases, texts, target, model)


@cache
def _shipped() -> tuple[Any, Any, str]:
    path = assets.path(FILE)
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    try:
        return from_record(record["aliases"]), from_record(record["texts"]), model_of(record)
    except (KeyError, TypeError, KnowledgeError) as error:
        message = f"{path} does not hold the shipped calibrations: {error}; kitbash calibrate --train makes them"
        raise ConfigError(message) from error


def model_of(record: dict[str, Any]) -> str:
    """Return a digest of the weights in what `kitbash calibrate --train` writes."""
    said = json.dumps([record[name] for name in _MODEL], sort_keys=True)
    return sha256(said.encode()).hexdigest()[:_DIGEST_CHARS]
