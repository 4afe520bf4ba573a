"""What a finding asserts, as claims that another finding can contradict.

The claim model of cartridges where the sentence is simple enough, and always the sentence as a whole: its normal form
without negations and with one word of each pair of opposites, so that "the door is open", "the door is not open" and
"the door is closed" are one claim, affirmed or denied.
"""

from functools import lru_cache
from typing import Final

from kitbash.cascade.veto import antonyms
from kitbash.domain.claim import Claim
from kitbash.domain.normal_form import normal_form

_DENYING: Final = frozenset({"not", "no", "never", "without", "neither", "nor"})
_SENTENCE: Final = "said"
MOST_WORDS: Final = 60
"""A longer text is several statements; as a whole it is compared word for word only by itself."""


@lru_cache(maxsize=8192)
def asserted(text: str) -> tuple[Claim, ...]:
    """Return what a text asserts: the claims of its sentence, then the sentence itself; nothing for no words."""
    # Imported here: units of measure take half a second to load, and only conflicts need them.
    from kitbash.knowledge.source.claiming import claims_of  # noqa: PLC0415

    words = normal_form(text).split()
    if not words:
        return ()
    if len(words) > MOST_WORDS:
        return (Claim(" ".join(words), _SENTENCE),)
    return (*claims_of(text), _sentence(words))


def _sentence(words: list[str]) -> Claim:
    affirmed = True
    kept: list[str] = []
    for word in words:
        if word in _DENYING:
            affirmed = not affirmed
            continue
        first = min(word, *antonyms().get(word, ()), key=str) if word in antonyms() else word
        affirmed ^= first != word
        kept.append(first)
    return Claim(" ".join(kept), _SENTENCE, affirmed)
