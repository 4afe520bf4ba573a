"""What a question would cost without a cascade: the prompt of a plain retrieval pipeline, with twenty passages.

The wording is that of the default prompt which LangChain's retrieval chains shipped for years.
"""

from collections.abc import Callable, Sequence
from typing import Final

PASSAGES: Final = 20
_FRAME: Final = (
    "Use the following pieces of context to answer the question at the end. If you don't know the answer, just say "
    "that you don't know, don't try to make up an answer.\n\n{}\n\nQuestion: {}\nHelpful Answer:"
)


def prompt(question: str, passages: Sequence[str]) -> str:
    """Return the prompt of a plain pipeline with these passages."""
    return _FRAME.format("\n\n".join(passages), question)


def tokens(question: str, passages: Sequence[str], count: Callable[[str], int]) -> int:
    """Return about how many tokens that prompt has with twenty passages of the mean length of these; 0 without any."""
    if not passages:
        return 0
    mean = sum(count(f"{passage}\n\n") for passage in passages) / len(passages)
    return count(prompt(question, ())) + round(PASSAGES * mean)
