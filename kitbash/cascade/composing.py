"""Layer 3 with a small model: the facts that the rules chose, in one flowing text, kept only if nothing was added."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from kitbash.cascade.asking import ask
from kitbash.cascade.generation import prompt_of, written
from kitbash.cascade.policy import Policy
from kitbash.cascade.prompt import STOP, Manner
from kitbash.cascade.telling import Say, Telling
from kitbash.cascade.verification import is_borne_out, verify
from kitbash.domain.fact import Fact
from kitbash.domain.item import Item
from kitbash.domain.verdict import Finding
from kitbash.domain.written import written_to
from kitbash.errors import EngineError
from kitbash.models.generator import Generator, Prompt

MARGIN_S: Final = 1.0
"""Kept back of the time left: what the rules composed must still be recorded."""


def composed(
    question: str,
    found: Finding,
    composer: Generator,
    policy: Policy,
    *,
    time_s: float,
    take_slot: Callable[[], bool],
    say: Say = lambda _: True,
    masks: tuple[Item, ...] = (),
) -> Finding:
    """Return the finding of the rules in the small model's words if facts bear out every sentence, else as it was.

    The reason says whose words they are, and why. Whatever the model does, nothing is lost: never raises for it.
    """
    if found.answer is None:
        return found
    ends_s = time.monotonic() + time_s - MARGIN_S
    if time_s <= MARGIN_S or not take_slot() or time.monotonic() >= ends_s:
        return _by_rule(found, "the small model was not free in time")
    asked = prompt_of(question, found.evidence, composer, policy, manner=Manner(masks=masks, composes=True))
    if len(asked.evidence) < len(found.evidence):
        return _by_rule(found, "the small model has no room for the facts")
    prompt = Prompt(asked.text, policy.max_tokens, policy.temperature, deadline_s=0.0, stop=STOP)
    try:
        reply = ask(composer, prompt, ends_s=ends_s, telling=Telling(say))
    except EngineError as error:
        return _by_rule(found, f"{type(error).__name__}: {error}")
    if reply is None:
        return _by_rule(found, "the query ended while the small model replied")
    checked = verify(reply.text, asked.evidence, question=question)
    is_kept = is_borne_out(reply.text, asked.evidence, question=question) and _uses(checked.sources, found.evidence)
    product = written_to(written(reply, asked, checked.sentences, is_kept=is_kept))
    if not is_kept:
        return _by_rule(replace(found, product=product), f"not every sentence of {reply.model} is borne out")
    reason = f"{found.reason}; in the words of {reply.model}, every sentence borne out by what it cites"
    return replace(found, answer=checked.text(), evidence=checked.sources, reason=reason, product=product)


def _uses(cited: Sequence[Fact], facts: Sequence[Fact]) -> bool:
    """Return whether a text draws on every fact: one that leaves out a part does not answer it."""
    return set(facts) <= set(cited)


def _by_rule(found: Finding, why: str) -> Finding:
    return replace(found, reason=f"{found.reason} by rule: {why}")
