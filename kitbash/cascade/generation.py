"""Layer 4: a language model answers from the evidence, where one is configured. Its words are its own until checked."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from kitbash.cascade.asking import reply_or_reason
from kitbash.cascade.policy import Policy
from kitbash.cascade.prompt import STOP, Asked, Manner, assemble
from kitbash.cascade.reply import plain
from kitbash.cascade.telling import Say
from kitbash.cascade.verification import verify
from kitbash.domain.checked import Checked
from kitbash.domain.fact import Fact
from kitbash.domain.verdict import Finding
from kitbash.domain.written import Written, written_to
from kitbash.errors import EngineNotConfigured
from kitbash.models.generator import Generated, Generator, Prompt, estimate_tokens

_REFUSAL: Final = re.compile(
    r"\W*(?:sorry,? (?:but )?)?(?:i (?:do not|don't|don’t|cannot|can't) (?:know|tell|say)\b|"
    r"(?:the|these) facts do(?:es)? not (?:tell|say)\b)",
    re.IGNORECASE,
)
MARGIN_S: Final = 0.5
"""Kept back of the time left, so that the verdict is recorded before the deadline."""
BUDGET_TOKENS: Final = 512
"""What a prompt may have at most, however large the model's context is."""

_PLAINLY: Final = Manner()


def generate(
    question: str,
    evidence: Sequence[Fact],
    generator: Generator | None,
    policy: Policy,
    *,
    time_s: float,
    take_slot: Callable[[], bool],
    say: Say = lambda _: True,
    manner: Manner = _PLAINLY,
    factor: float = 1.0,
) -> Finding:
    """Return the model's reply as far as it may be read, or why there is none.

    `evidence` has the likeliest first. `take_slot` waits for the model to be free, and says if it is; `say` is told the
    reply while it grows, and says whether more is wanted. `factor` is what contradictions leave of the confidence.
    """
    shown = tuple(evidence)
    if generator is None:
        reason = str(EngineNotConfigured("no model is configured; set KITBASH_KOBOLD__URL to use one"))
        return Finding(0.0, reason, evidence=shown)
    asked = prompt_of(question, shown, generator, policy.max_tokens, manner=manner)
    prompt = Prompt(asked.text, policy.max_tokens, policy.temperature, deadline_s=time_s - MARGIN_S, stop=STOP)
    reply = reply_or_reason(generator, prompt, take_slot=take_slot, say=say)
    if isinstance(reply, str):
        return Finding(0.0, reply, evidence=shown)
    return replace(judged(question, reply, asked, factor=factor), evidence=shown)


def prompt_of(
    question: str, evidence: Sequence[Fact], generator: Generator, reply_tokens: int, *, manner: Manner
) -> Asked:
    """Return the prompt for a model, no larger than its context leaves room for beside the reply.

    However long a reply may be, half of the context is the prompt's: without facts there is nothing to reply with.
    Tokens are estimated: asking a server to count would keep the reply waiting.
    """
    context = generator.context_tokens
    room = min(BUDGET_TOKENS, max(context // 2, context - reply_tokens))
    return assemble(question, evidence, budget_tokens=room, count=estimate_tokens, manner=manner)


def judged(question: str, reply: Generated, asked: Asked, *, factor: float = 1.0) -> Finding:
    """Return what a reply is worth: its sentences held against the facts it was given, with what it cost."""
    found = verify(reply.text, asked.evidence, question=question)
    product = written_to(written(reply, asked, found.sentences))
    if _REFUSAL.match(plain(reply.text)):
        return Finding(0.0, f"{reply.model} does not know either", product=product)
    text = found.text()
    if not text:
        reason = f"{reply.model}: nothing of the reply may be read; {found.reason()}"
        return Finding(0.0, reason, product=product, deltas=found.deltas())
    reason = f"{reply.model}: {found.reason()}"
    support = found.support * factor
    return Finding(support, reason, text, product=product, sources=found.sources, deltas=found.deltas())


def written(reply: Generated, asked: Asked, sentences: Sequence[Checked], *, is_kept: bool = True) -> Written:
    """Return what a model wrote, with the tokens its runtime told, or estimated where it told none."""
    usage = reply.usage
    return Written(
        model=reply.model,
        prompt_tokens=usage.prompt_tokens or asked.tokens,
        reply_tokens=usage.completion_tokens or estimate_tokens(reply.text),
        sentences=tuple(sentences),
        is_kept=is_kept,
    )
