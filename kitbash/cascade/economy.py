"""What one query cost in tokens, and what a plain pipeline would have spent on it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from kitbash.cascade import plain_rag
from kitbash.domain.fact import Fact
from kitbash.domain.layer import Layer, Stage
from kitbash.domain.tokens import Tokens
from kitbash.domain.written import written_from
from kitbash.models.generator import estimate_tokens

_WRITES: Final = (Stage.SYNTHESISE, Stage.GENERATE)


def economy(question: str, proposed: Sequence[Fact], work: Mapping[str, str], layer: Layer | None) -> Tokens:
    """Return the tokens of a query that ends at a layer, or unanswered (None).

    `proposed` are the facts that search found, or what was answered from: a plain pipeline is taken to hand over twenty
    passages of their mean length. `work` holds what models wrote on the way.
    """
    written = [written_from(work[stage.value]) for stage in _WRITES if work.get(stage.value)]
    prompt = sum(it.prompt_tokens for it in written)
    plain = plain_rag.tokens(question, [fact.text for fact in proposed], estimate_tokens)
    is_below = layer is not None and layer < Layer.KOBOLD
    return Tokens(
        prompt=prompt,
        reply=sum(it.reply_tokens for it in written),
        plain=plain,
        avoided=max(0, plain - prompt) if is_below else 0,
    )
