"""Layer 3 with a small model: the facts that the rules chose, in one flowing text, kept only if nothing was added."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from kitbash.cascade.asking import reply_or_reason
from kitbash.cascade.generation import prompt_of, written
from kitbash.cascade.policy import Policy
from kitbash.cascade.prompt import STOP, Manner
from kitbash.cascade.telling import Say
from kitbash.cascade.verification import is_borne_out, verify
from kitbash.domain.fact import Fact
from kitbash.domain.item import Item
from kitbash.domain.verdict import Finding
from kitbash.domain.written import Written, written_to
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
    """Return an answer of the rules in the small model's words if facts bear out every sentence, else as it was.

    The reason says whose words they are, and why. Whatever the model does, nothing is lost: never raises for it.
    """
    asked = prompt_of(
        question, found.evidence, composer, policy.composer_tokens, manner=Manner(masks=masks, composes=True)
    )
    if len(asked.evidence) < len(found.evidence):
        return _by_rule(found, "the small model has no room for the facts")
    most, temperature = policy.composer_tokens, policy.composer_temperature
    prompt = Prompt(asked.text, most, temperature, deadline_s=time_s - MARGIN_S, stop=STOP)
    reply = reply_or_reason(composer, prompt, take_slot=take_slot, say=say)
    if isinstance(reply, str):
        return _by_rule(found, reply)
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
    # That a model was asked is kept too: a replay knows then that the rules alone did not say this.
    product = found.product or written_to(Written("", 0, 0, is_kept=False))
    return replace(found, reason=f"{found.reason} by rule: {why}", product=product)
