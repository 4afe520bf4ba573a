"""What a query cost in tokens, and what it would have cost without a cascade."""

from dataclasses import dataclass
from typing import TypedDict


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of one query.

    `prompt` and `reply` went to models and came from them, over all layers. `plain` is what the prompt of a plain
    pipeline with twenty passages would have had, estimated. `avoided` is what answering below Layer 4 spared of it.
    """

    prompt: int
    reply: int
    plain: int
    avoided: int


class TokensJson(TypedDict):
    """Tokens as they are printed and kept."""

    prompt: int
    reply: int
    plain: int
    avoided: int


def tokens_json(tokens: Tokens) -> TokensJson:
    """Return tokens as JSON values."""
    return {"prompt": tokens.prompt, "reply": tokens.reply, "plain": tokens.plain, "avoided": tokens.avoided}
