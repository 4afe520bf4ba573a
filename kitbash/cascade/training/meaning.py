"""The same questions asked by meaning as well, to fit how much an encoder's cosines are worth."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from kitbash.cascade.confidence import DENSE_FEATURES, DENSE_NAMES
from kitbash.cascade.search import DEPTH
from kitbash.cascade.training.examples import Questions, Row, examples, small_talk
from kitbash.cascade.training.train import weighed, written
from kitbash.domain.encoder import Encoder
from kitbash.domain.fact import Fact
from kitbash.knowledge.cartridge import Cartridge
from kitbash.knowledge.vectors import Floats, told

_NOTHING: Final = -1.0


class AskedByMeaning(Questions):
    """Asks questions by words and by meaning; a row is what search judges by: the features and two cosines."""

    def __init__(self, cartridges: Sequence[Cartridge], encoder: Encoder) -> None:
        """Read and encode all facts."""
        super().__init__(cartridges)
        self._encoder = encoder
        self._of_text: dict[str, Floats] = {}
        self._remember(told(it) for it in self.facts)
        self._remember(alias for it in self.facts for alias in it.aliases)
        self._rows = [(at, text) for at, it in enumerate(self.facts) for text in (told(it), *it.aliases)]
        self._places = np.array([at for at, _ in self._rows])
        self._matrix = np.stack([self._of_text[text] for _, text in self._rows])

    def ask(self, question: str, own: Fact | None, *, keep: bool) -> tuple[Sequence[Row], list[Fact], int | None]:
        """Return what a question proposes by its words and by meaning."""
        self._remember((question,))
        vector = self._of_text[question]
        shared, facts, right = self.beside(self._nearest(vector, own, keep=keep), question, own, keep=keep)
        return [(*it, *self._closeness(vector, fact)) for it, fact in zip(shared, facts, strict=True)], facts, right

    def _nearest(self, question: Floats, own: Fact | None, *, keep: bool) -> list[Fact]:
        nearest = np.full(len(self.facts), _NOTHING, dtype=np.float32)
        np.maximum.at(nearest, self._places, self._matrix @ question)
        place = None
        if own is not None:
            place = next(at for at, it in enumerate(self.facts) if _key(it) == _key(own))
            # By what is left of it, or not at all: its own alias must not bring it back.
            nearest[place] = max(self._closeness(question, own)) if keep else _NOTHING
        found = sorted(range(len(self.facts)), key=lambda at: (-nearest[at], at))[:DEPTH]
        return [own if own is not None and at == place else self.facts[at] for at in found if nearest[at] > _NOTHING]

    def _closeness(self, question: Floats, fact: Fact) -> tuple[float, float]:
        text = float(self._of_text[told(fact)] @ question)
        return text, max((float(self._of_text[it] @ question) for it in fact.aliases), default=text)

    def _remember(self, texts: Iterable[str]) -> None:
        new = [it for it in dict.fromkeys(texts) if it not in self._of_text]
        if new:
            self._of_text |= dict(zip(new, self._encoder.encode(new), strict=True))


def train_dense(cartridges: Sequence[Cartridge], bare: Sequence[Cartridge], encoder: Encoder, seed: int) -> str:
    """Return the text of `config/confidence_dense.json`: on one machine the same for the same facts, encoder and seed.

    `bare` are the same cartridges without a single alias. Takes a minute or two. Raises EncoderError.
    """
    asked, plain = AskedByMeaning(cartridges, encoder), AskedByMeaning(bare, encoder)
    found = [*examples(asked, asked.facts, seed, with_shorter=True), *small_talk(asked)]
    found += [*examples(plain, asked.facts, seed, with_shorter=True), *small_talk(plain)]
    weights = weighed(found, seed, features=DENSE_FEATURES, names=DENSE_NAMES)
    return written({"encoder": {"name": encoder.name, "digest": encoder.digest}, **weights})


def _key(fact: Fact) -> tuple[str, int]:
    return fact.cartridge, fact.fact_id
