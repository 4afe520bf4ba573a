"""What a replay sets otherwise than it was: kappa, and layers' thresholds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from kitbash.cascade import coupling
from kitbash.domain.layer import Layer
from kitbash.errors import UsageError

KAPPA: Final = "kappa"
THRESHOLD: Final = "threshold."


@dataclass(frozen=True, slots=True)
class Overrides:
    """What is set otherwise than it was: kappa, and layers' thresholds."""

    kappa: float | None = None
    thresholds: Mapping[Layer, float] = field(default_factory=dict[Layer, float])


def overrides(settings: Sequence[str]) -> Overrides:
    """Return what `name=value` settings say. Raises UsageError naming what can be set."""
    kappa: float | None = None
    thresholds: dict[Layer, float] = {}
    labels = {layer.label: layer for layer in Layer}
    for setting in settings:
        name, _, value = setting.partition("=")
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if name == KAPPA:
            kappa = coupling.check_kappa(number)
        elif name.startswith(THRESHOLD) and name.removeprefix(THRESHOLD) in labels and 0 <= number <= 1:
            thresholds[labels[name.removeprefix(THRESHOLD)]] = number
        else:
            message = (
                f"{setting!r} sets nothing that is replayed; use kappa=NUMBER or threshold.LAYER=0..1 "
                f"with one of {', '.join(labels)}"
            )
            raise UsageError(message)
    return Overrides(kappa, thresholds)
