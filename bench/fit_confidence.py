"""Fit the weights of `config/confidence.json` to the starter questions. `python bench/fit_confidence.py [--write]`.

Each question alias is asked against its fact without that alias (is the best candidate the right fact?), each alias
with a word left out against its fact with all aliases, and both again with the fact taken out, as are small talk and
questions on nothing Kitbash knows (then every candidate is wrong). Nine facts
in ten are fitted to, the tenth is reported on. Deterministic: the same starter knowledge gives the same file.
"""

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from kitbash import assets
from kitbash.cascade.confidence import NAMES, Weights, strength
from kitbash.cascade.features import Asked, features
from kitbash.cascade.triage import idf
from kitbash.domain.candidate import Features
from kitbash.domain.fact import Fact
from kitbash.domain.words import content_stems
from kitbash.knowledge import starter
from kitbash.knowledge.index import indexed_stems
from kitbash.knowledge.library import Library

SMALL_TALK = (
    "How are you today?", "Tell me a joke", "Set an alarm for seven", "What should I cook tonight?",
    "Play some music", "What time is it?", "Book a table for two", "How much money is in my account?",
    "Who won the match last night?", "What is the weather like in Berlin tomorrow?", "Do you love me?",
    "Turn off the light in the kitchen", "What is the share price of the bank?", "When is my next meeting?",
    "Who is the best guitarist of all time?", "What does my sister like?", "How do I reset my password?",
    "Translate good morning into Japanese", "What is the plot of the film?", "Where did I park the car?",
    "How long is the flight to Tokyo?", "Which phone should I buy?", "Remind me to water the plants",
    "Who directed the film about the shark?", "What is the meaning of my dream?", "Is the shop open on Sunday?",
    "How many points did the team score?", "What is the recipe for pancakes?", "Call my mother",
    "Which song was number one in the charts in May?", "Why is my computer so slow today?",
    "Can I return the shoes I bought?", "What is the dress code at the club?", "How tall is the singer?",
    "Who plays the detective in the series?", "When does the train to the coast leave?", "Add milk to my list",
    "What is the tax rate for a small company?", "How do I change a tyre?", "What is the name of his first wife?",
)  # fmt: skip
RIDGE = 1.0

Row = tuple[list[float], bool]


class Questions:
    """Asks questions against the starter facts as they are, or as if an alias or a whole fact were not there."""

    def __init__(self, library: Library) -> None:
        """Read all facts of the general and self cartridges."""
        self.cartridges = library.visible(("general", "self"))
        self.facts = [fact for cartridge in self.cartridges for fact in cartridge.index.facts()]
        self.holders: dict[str, int] = {}
        for fact in self.facts:
            for stem in set(indexed_stems(fact)):
                self.holders[stem] = self.holders.get(stem, 0) + 1

    def best(self, question: str, own: Fact | None, *, keep: bool) -> tuple[list[float], Fact] | None:
        """Return the features and margin of the best candidate; `own` stands for the fact of its id, or is left out."""
        stems = tuple(dict.fromkeys(content_stems(question)))
        left = dict(self.holders)
        if own is not None:
            before = next(fact for fact in self.facts if _same(fact, own))
            for stem in set(indexed_stems(before)) - (set(indexed_stems(own)) if keep else set()):
                left[stem] -= 1
        weights = {stem: idf(len(self.facts), left.get(stem, 0)) for stem in stems}
        unknown = frozenset(stem for stem in stems if not left.get(stem))
        asked = Asked.of(question, weights, unknown)
        known = [stem for stem in stems if stem not in unknown]
        proposed = [fact for cartridge in self.cartridges for fact in cartridge.index.propose(known, 5)]
        others = [fact for fact in proposed if own is None or not _same(fact, own)]
        own_again = [own] if own is not None and keep and len(others) < len(proposed) else []
        found = [(features(asked, fact), fact) for fact in (*others, *own_again)]
        found.sort(key=lambda it: -strength(it[0]))
        if not found:
            return None
        margin = strength(found[0][0]) - (strength(found[1][0]) if len(found) > 1 else 0.0)
        return [*found[0][0], margin], found[0][1]


def _same(one: Fact, other: Fact) -> bool:
    return (one.cartridge, one.fact_id) == (other.cartridge, other.fact_id)


def rows(questions: Questions) -> Iterator[tuple[int, Row]]:
    """Yield a fold (0 to 9) and a row for each question that proposes anything."""
    for fact in questions.facts:
        fold = int(sha256(fact.text.encode()).hexdigest(), 16) % 10
        for alias in fact.aliases if fact.level.states_facts else ():
            without = replace(fact, aliases=tuple(other for other in fact.aliases if other != alias))
            for question, own in ((alias, without), *((shorter, fact) for shorter in shortened(alias))):
                for keep in (True, False):
                    top = questions.best(question, own, keep=keep)
                    if top is not None:
                        yield fold, (top[0], _same(top[1], fact))
    for number, question in enumerate(SMALL_TALK):
        top = questions.best(question, None, keep=True)
        if top is not None:
            yield number % 10, (top[0], False)


def shortened(alias: str) -> Iterator[str]:
    """Yield the alias with one content word left out, as a person might have asked it; none if it has too few."""
    words = alias.split()
    content = [at for at, word in enumerate(words) if content_stems(word)]
    if len(content) > 2:
        out = content[int(sha256(alias.encode()).hexdigest(), 16) % len(content)]
        yield " ".join(word for at, word in enumerate(words) if at != out)


def fit(data: Sequence[Row]) -> Weights:
    """Return the ridge-regularised logistic regression, by Newton's method."""
    size = len(NAMES) + 1
    beta = [0.0] * size
    for _ in range(30):
        gradient = [-RIDGE * value * (at < size - 1) for at, value in enumerate(beta)]
        hessian = [[RIDGE * (at == other and at < size - 1) for other in range(size)] for at in range(size)]
        for values, right in data:
            row = [*values, 1.0]
            p = 1 / (1 + math.exp(-sum(b * x for b, x in zip(beta, row, strict=True))))
            for at in range(size):
                gradient[at] += (right - p) * row[at]
                for other in range(size):
                    hessian[at][other] += p * (1 - p) * row[at] * row[other]
        beta = [b + step for b, step in zip(beta, solve(hessian, gradient), strict=True)]
    return Weights(tuple(beta[:-1]), beta[-1])


def solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Return the solution of a small linear system, by elimination with pivoting."""
    rows_ = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(rows_)
    for at in range(size):
        pivot = max(range(at, size), key=lambda row: abs(rows_[row][at]))
        rows_[at], rows_[pivot] = rows_[pivot], rows_[at]
        for below in range(at + 1, size):
            factor = rows_[below][at] / rows_[at][at]
            rows_[below] = [b - factor * a for a, b in zip(rows_[at], rows_[below], strict=True)]
    found = [0.0] * size
    for at in reversed(range(size)):
        rest = sum(rows_[at][other] * found[other] for other in range(at + 1, size))
        found[at] = (rows_[at][size] - rest) / rows_[at][at]
    return found


def report(weights: Weights, data: Sequence[Row]) -> dict[str, float]:
    """Return coverage and precision at a few thresholds, and the expected calibration error in ten bins."""
    scored = [(weights.probability(Features(*values[:-1]), values[-1]), right) for values, right in data]
    found: dict[str, float] = {"questions": len(scored)}
    for threshold in (0.5, 0.7, 0.8, 0.9):
        said = [right for p, right in scored if p >= threshold]
        found[f"answered_at_{threshold}"] = round(len(said) / len(scored), 4)
        found[f"precision_at_{threshold}"] = round(sum(said) / len(said), 4) if said else 1.0
    bins = [[it for it in scored if at / 10 <= it[0] < (at + 1) / 10 + (at == 9)] for at in range(10)]
    gaps = (abs(sum(p for p, _ in it) - sum(right for _, right in it)) for it in bins if it)
    found["ece"] = round(sum(gaps) / len(scored), 4)
    return found


def main() -> None:
    """Fit, report on the held-out tenth, and write the file if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write config/confidence.json")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        starter.ensure(Path(folder))
        library = Library([Path(folder)], Path(folder) / "cache")
        data = list(rows(Questions(library)))
        library.close()
    weights = fit([row for fold, row in data if fold])
    held_out = report(weights, [row for fold, row in data if not fold])
    record = {
        "weights": {name: round(value, 4) for name, value in zip(NAMES, weights.values, strict=True)},
        "bias": round(weights.bias, 4),
        "fitted_on": sum(fold > 0 for fold, _ in data),
        "held_out": held_out,
    }
    text = json.dumps(record, indent=2) + "\n"
    print(text, end="")
    if arguments.write:
        assets.path("config/confidence.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
