"""Each starter question scored by weights that never saw its fact: what thresholds are chosen on, and stay checkable.

With aliases: each alias asked as if nobody had written it down, and small talk. Without: the same questions to the same
facts without a single alias, and each once more with its fact taken out: nothing says what such a cartridge is asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kitbash.cascade.confidence import Weights
from kitbash.cascade.training.examples import Example
from kitbash.cascade.training.figures import Scored, calibration_error
from kitbash.cascade.training.judging import fitted, judged
from kitbash.cascade.training.promises import paired, promises
from kitbash.domain.calibration import Calibration

_FOLDS: Final = 5
_DIGITS: Final = 4
_TALK: Final = "small talk"


@dataclass(frozen=True, slots=True)
class One:
    """One question: its text, the cartridge it was written for, how probable its likeliest fact is, if it is right."""

    text: str
    cartridge: str
    probability: float
    is_right: bool


@dataclass(frozen=True, slots=True)
class Apart:
    """The questions with aliases, and those without."""

    aliases: tuple[One, ...]
    texts: tuple[One, ...]

    def to_record(self) -> dict[str, Any]:
        """Return the scores as JSON has them, in ten thousandths, by cartridge."""
        return {"aliases": _to_record(self.aliases), "texts": _to_record(self.texts)}


def scored_apart(aliases: Sequence[Example], texts: Sequence[Example]) -> Apart:
    """Return every question with the score of weights fitted to the other four fifths of the facts."""
    every = [*aliases, *texts]
    weights = {at: fitted([it for it in every if it.fold % _FOLDS != at]) for at in {it.fold % _FOLDS for it in every}}
    asked = [it for it in aliases if it.is_kept or not it.cartridge]
    return Apart(_scored(asked, weights), _scored(texts, weights))


def calibration(scored: Sequence[One], *, slip: float = 1.0) -> Calibration:
    """Return what scored questions promise of a probability that nothing moves.

    Of two questions at once there are half as many: composed answers are promised without the margin that `slip` is.
    """
    pairs = [(it.probability, it.is_right) for it in scored]
    error = round(calibration_error(pairs), _DIGITS)
    return Calibration(
        alone=promises(pairs, slip=slip),
        composed=promises(paired([(it.text, it.probability, it.is_right) for it in scored])),
        questions=len(pairs),
        right=sum(it.is_right for it in scored),
        ece_before=error,
        ece=error,
    )


def from_record(value: Mapping[str, Any]) -> dict[str, Scored]:
    """Return the scores that `Apart.to_record` wrote of one kind, by cartridge. Raises LookupError or ValueError."""
    unit = 10**_DIGITS
    return {
        name: [
            (int(number) / unit, kind == "right") for kind in ("right", "wrong") for number in str(said[kind]).split()
        ]
        for name, said in value.items()
    }


def _scored(found: Iterable[Example], weights: Mapping[int, Weights]) -> tuple[One, ...]:
    scored = ((it, judged(it, weights[it.fold % _FOLDS])) for it in found if not it.is_short)
    return tuple(
        One(it.question, it.cartridge or _TALK, round(said.probability, _DIGITS), said.is_right) for it, said in scored
    )


def _to_record(scored: Sequence[One]) -> dict[str, dict[str, str]]:
    return {
        name: {
            kind: " ".join(
                str(number)
                for number in sorted(
                    round(it.probability * 10**_DIGITS)
                    for it in scored
                    if it.cartridge == name and it.is_right is (kind == "right")
                )
            )
            for kind in ("right", "wrong")
        }
        for name in sorted({it.cartridge for it in scored})
    }
