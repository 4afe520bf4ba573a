"""A simulated month: the same questions come back in other words, some votes are wrong, and Kitbash sleeps each night.

`python -m bench.month [DAYS]` prints one JSON object a day and one for the whole, and draws docs/figures/month.png. The
starter knowledge answers, in this process, on a private server. What is asked: wordings by rule of the starter
questions, a few of these word for word, and questions that no fact answers; how often each comes is Zipf's law.
"""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any, Final

from bench import surroundings
from bench.figures import print_value
from bench.rewording import rewordings
from kitbash.blackboard.metabolism import Running
from kitbash.cascade.feedback import Asked, Judgement, give
from kitbash.cascade.grains import BY_GRAIN
from kitbash.cascade.training.small_talk import SMALL_TALK
from kitbash.client import Client
from kitbash.domain.answer import AskMode, Result, Status
from kitbash.domain.fact import Fact
from kitbash.domain.ids import QueryId
from kitbash.domain.layer import Layer
from kitbash.domain.metabolism import CycleKind
from kitbash.errors import UsageError

DAYS: Final = 30
QUERIES_A_DAY: Final = 300
WORDINGS: Final = 300
"""How many different questions are in use."""
WRITTEN: Final = 0.1
OFF_TOPIC: Final = 0.15
VOTED: Final = 0.15
"""How many of the answers somebody judges."""
FLIPPED: Final = 0.05
"""How many of those judgements are wrong."""
ZIPF: Final = 1.0
SEED: Final = 20_260_401
FIGURE: Final = Path(__file__).parent.parent / "docs" / "figures" / "month.png"
_PACE: Final = 100
_FACTIONS: Final = frozenset({"general"})
_TABLE_S: Final = 0.6
"""After a night each process looks for new grains at most half a second later."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and the fact that answers it; None when none does."""

    text: str
    fact: Fact | None


@dataclass(slots=True)
class Day:
    """What one day came to."""

    queries: int = 0
    at_layer_0: int = 0
    by_grain: int = 0
    by_grain_right: int = 0
    answered: int = 0
    right: int = 0
    votes: int = 0
    changed: list[str] = field(default_factory=list[str])

    def count(self, result: Result, *, is_right: bool) -> None:
        """Count one answer."""
        is_grain = by_grain(result)
        self.queries += 1
        self.at_layer_0 += result.answer.layer is Layer.REFLEX
        self.by_grain += is_grain
        self.by_grain_right += is_grain and is_right
        self.answered += result.answer.status is Status.ANSWERED
        self.right += is_right


def pool(client: Client, random: Random) -> list[Question]:
    """Return the questions in use, in the order of how often they are asked."""
    library = client.runtime.library
    facts = [fact for it in library.visible(_FACTIONS) for fact in it.index.facts() if fact.level.states_facts]
    written = [(fact, alias) for fact in facts for alias in fact.aliases]
    random.shuffle(written)
    found = [Question(alias, fact) for fact, alias in written[: round(WORDINGS * WRITTEN)]]
    found += [Question(text, None) for text in SMALL_TALK[: round(WORDINGS * OFF_TOPIC)]]
    for fact, alias in written[len(found) :]:
        for text in rewordings(alias, 1, random, lambda form: bool(library.with_form(form))):
            if len(found) < WORDINGS:
                found.append(Question(text, fact))
    random.shuffle(found)
    return found


def days(client: Client, count: int) -> Iterator[Day]:
    """Yield each day when its night is over."""
    random = Random(SEED)
    questions = pool(client, random)
    weights = list(accumulate(1 / rank**ZIPF for rank in range(1, len(questions) + 1)))
    for _ in range(count):
        day = Day()
        asked = random.choices(questions, cum_weights=weights, k=QUERIES_A_DAY)
        for at in range(0, len(asked), _PACE):
            for question in asked[at : at + _PACE]:
                one(client, question, day, random)
            settle(client)
            run(client, CycleKind.BACKGROUND)
        run(client, CycleKind.IDLE)
        day.changed = run(client, CycleKind.SLEEP)
        time.sleep(_TABLE_S)
        yield day


def one(client: Client, question: Question, day: Day, random: Random) -> None:
    """Ask one question, and have its answer judged by some."""
    result = client.ask(question.text, mode=AskMode.DIRECT)
    is_answered = result.answer.status is Status.ANSWERED
    is_right = is_answered and same(result.answer.sources, question.fact)
    day.count(result, is_right=is_right)
    if not is_answered or random.random() >= VOTED:
        return
    said = is_right if random.random() >= FLIPPED else not is_right
    runtime = client.runtime
    asked = Asked(QueryId(result.query_id), question.text, result.answer)
    try:
        give(asked, Judgement.RIGHT if said else Judgement.WRONG, runtime.grains, runtime.library)
    except UsageError:
        # Composed answers are not one fact's to earn.
        return
    day.votes += 1


def same(sources: Sequence[Fact], fact: Fact | None) -> bool:
    """Return whether an answer stands on the right fact, or on one that says the same."""
    return fact is not None and any(it.text == fact.text for it in sources)


def by_grain(result: Result) -> bool:
    """Return whether a grain answered."""
    return any(it.passed and it.layer is Layer.REFLEX and it.reason.startswith(BY_GRAIN) for it in result.path)


def settle(client: Client) -> None:
    """Have everything that was asked archived and counted."""
    while client.runtime.board.count_ended():
        client.archive()


def run(client: Client, kind: CycleKind) -> list[str]:
    """Run one cycle and return what it changed."""
    done = client.runtime.metabolism.run(kind)
    if isinstance(done, Running) or not done.success:
        message = f"the {kind.value} cycle did not run: {done}"
        raise RuntimeError(message)
    return list(done.changed)


def main() -> None:
    """Print a line a day and one for the month, and draw both curves."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else DAYS
    began_s = time.monotonic()
    # Queries are settled and counted all the same; how fast a disk writes is measured elsewhere.
    os.environ["KITBASH_ARCHIVE__ENABLED"] = "false"
    lived: list[Day] = []
    with surroundings.client() as client:
        target = client.runtime.settings.target_precision
        for number, day in enumerate(days(client, count), 1):
            lived.append(day)
            served = sum(it.is_served(target) for it in client.runtime.grains.crystallised())
            print_value("day", day=number, **figures(day), grains_served=served, votes=day.votes)
    last = lived[-1]
    grains, right = sum(it.by_grain for it in lived), sum(it.by_grain_right for it in lived)
    print_value(
        "month",
        days=count,
        queries=sum(it.queries for it in lived),
        first_day=figures(lived[0]),
        last_day=figures(last),
        grain_answers=grains,
        grain_precision=share(right, grains),
        target_precision=target,
        votes=sum(it.votes for it in lived),
        flipped=FLIPPED,
        took_s=round(time.monotonic() - began_s, 1),
    )
    draw(lived, target, FIGURE)


def figures(day: Day) -> dict[str, float | int | None]:
    """Return the shares of a day; None where nothing is there to take a share of."""
    return {
        "layer_0": share(day.at_layer_0, day.queries),
        "by_grain": share(day.by_grain, day.queries),
        "answered": share(day.answered, day.queries),
        "precision": share(day.right, day.answered),
        "grain_precision": share(day.by_grain_right, day.by_grain),
    }


def share(part: int, whole: int) -> float | None:
    """Return a share in ten-thousandths, or None of nothing."""
    return round(part / whole, 4) if whole else None


def draw(lived: Sequence[Day], target: float, path: Path) -> None:
    """Draw the share answered at Layer 0 and the precision of grains, both by day, to a PNG."""
    # Imported here: only a drawing needs it, and it takes a second.
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("Agg")
    from matplotlib import pyplot  # noqa: ICN001, PLC0415

    # Its stubs know arguments and results only by half.
    plt: Any = pyplot
    numbers = range(1, len(lived) + 1)
    right = list(accumulate(it.by_grain_right for it in lived))
    answers = list(accumulate(it.by_grain for it in lived))
    drawn, (above, below) = plt.subplots(2, 1, figsize=(7, 5), sharex=True, layout="constrained")
    above.plot(numbers, [share(it.at_layer_0, it.queries) for it in lived], color="tab:blue", label="all of Layer 0")
    above.plot(numbers, [share(it.by_grain, it.queries) for it in lived], color="tab:green", label="grains")
    above.set(ylabel="share of questions", ylim=(0, None), title="Answered at Layer 0")
    above.legend(loc="upper left")
    some = [(day, r / n) for day, r, n in zip(numbers, right, answers, strict=True) if n]
    below.plot([day for day, _ in some], [it for _, it in some], color="tab:green", label="since the first day")
    below.axhline(target, color="tab:red", linestyle="--", label=f"target {target:g}")
    below.set(xlabel="day", ylabel="share that is right", ylim=(0.9, 1.002), title="Precision of grains' answers")
    below.legend(loc="lower right")
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn.savefig(path, dpi=110)
    plt.close(drawn)


if __name__ == "__main__":
    main()
