"""NWP assertions: what is held, in a few signs that a program can compare and a person can read."""

from kitbash.domain.nwp.assertion import CONTRADICTION, claim_of, contradicts, of_claim, of_level
from kitbash.domain.nwp.reading import parse
from kitbash.domain.nwp.syntax import Braces, Bracket, Mark, Statement, Term
from kitbash.domain.nwp.value import Around, Range, Spread

__all__ = [
    "CONTRADICTION",
    "Around",
    "Braces",
    "Bracket",
    "Mark",
    "Range",
    "Spread",
    "Statement",
    "Term",
    "claim_of",
    "contradicts",
    "of_claim",
    "of_level",
    "parse",
]
