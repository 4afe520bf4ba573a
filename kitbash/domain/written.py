"""What a model wrote for one stage of a query, as the trace keeps it."""

import json
from dataclasses import dataclass
from typing import Any

from kitbash.domain.checked import Checked, checked_from, checked_to
from kitbash.domain.codec import dumps


@dataclass(frozen=True, slots=True)
class Written:
    """Who wrote, at what cost in tokens, and what became of it sentence by sentence.

    `is_kept` says whether the answer is made of it; a composed answer may be the rules' instead.
    """

    model: str
    prompt_tokens: int
    reply_tokens: int
    sentences: tuple[Checked, ...] = ()
    is_kept: bool = True


def written_to(written: Written) -> str:
    """Return what was written as JSON."""
    return dumps(
        {
            "model": written.model,
            "prompt_tokens": written.prompt_tokens,
            "reply_tokens": written.reply_tokens,
            "is_kept": written.is_kept,
            "sentences": checked_to(written.sentences),
        }
    )


def written_from(text: str) -> Written:
    """Return what `written_to` wrote."""
    value: dict[str, Any] = json.loads(text)
    return Written(
        model=value["model"],
        prompt_tokens=value["prompt_tokens"],
        reply_tokens=value["reply_tokens"],
        sentences=checked_from(value["sentences"]),
        is_kept=value["is_kept"],
    )
