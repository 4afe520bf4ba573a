"""What Kitbash asserts in NWP: claims, levels, and that two statements contradict each other.

A claim with a quantity is `⊢ [MAT:WATER] ⇒ [BOIL_AT:100°C]`: the subject, then the attribute as the namespace of its
value. One without is a membership, `⊢ [MAT:GLASS] ∈ [SYS:CONDUCT_ELECTR]`, and `∉` if it is denied; a denied quantity
has `¬` before the subject. Words in normal form are spelled in capitals, with underscores for spaces.
"""

from typing import Final

from kitbash.domain.claim import SAME, Claim, apart
from kitbash.domain.level import Level
from kitbash.domain.nwp.syntax import Bracket, Mark, Statement, Term
from kitbash.domain.nwp.value import Around, Range

CONTRADICTION: Final = Statement(
    Term(Bracket("STRUCTURAL_DELTA", "TSK"), "⊢"),
    (("∩", Term(Bracket("COUPLING", "SYS"))), ("⇒", Term(Mark("⊥")))),
)
_SUBJECT: Final = "MAT"
_CLASS: Final = "SYS"
_CELSIUS: Final = ("degC", "°C")
_ASSIGNS: Final = frozenset("⇒=")
_MEMBER: Final = {"∈": True, "∉": False}


def of_claim(claim: Claim) -> Statement:
    """Return what a claim in normal form asserts; `claim_of` gives it back. Raises UsageError for an empty one."""
    subject = Bracket(_capitals(claim.subject), _SUBJECT)
    attribute = _capitals(claim.attribute)
    if claim.low is None or claim.high is None:
        return Statement(Term(subject, "⊢"), (("∈" if claim.affirmed else "∉", Term(Bracket(attribute, _CLASS))),))
    unit = _CELSIUS[1] if claim.unit == _CELSIUS[0] else claim.unit
    value = Bracket(Range(float(claim.low), float(claim.high), unit), attribute)
    return Statement(Term(subject, "⊢" if claim.affirmed else "⊢¬"), (("⇒", Term(value)),))


def claim_of(statement: Statement) -> Claim | None:
    """Return the claim a statement makes of one `[MAT:...]`, or None if it says something else, or only maybe."""
    subject = statement.first.operand
    if len(statement.rest) != 1 or not isinstance(subject, Bracket) or subject.namespace != _SUBJECT:
        return None
    if not isinstance(subject.content, str):
        return None
    return _claim(_words(subject.content), statement)


def of_level(cartridge: str, fact_id: int, level: Level) -> Statement:
    """Return that a fact is of a level, such as `⊢ [MAT:physics_general#3] ∈ [SYS:L0_EMPIRICAL]`."""
    fact = Term(Bracket(f"{cartridge}#{fact_id}", _SUBJECT), "⊢")
    return Statement(fact, (("∈", Term(Bracket(level.label, _CLASS))),))


def contradicts(one: Statement, other: Statement) -> Statement | None:
    """Return the contradiction `⊢ [TSK:STRUCTURAL_DELTA] ∩ [SYS:COUPLING] ⇒ ⊥` if two statements cannot both hold.

    They cannot if they give one subject, restricted alike, ranges of one attribute that do not meet, or if one denies
    what the other holds. What is only possible, necessary or unknown contradicts nothing.
    """
    first, second = _restricted(one), _restricted(other)
    if first is None or second is None or first.key != second.key:
        return None
    return CONTRADICTION if apart(first, second) > SAME else None


def _restricted(statement: Statement) -> Claim | None:
    """Return the claim a statement makes of whatever stands before its last operator."""
    *before, _ = statement.rest or (("", statement.first),)
    if any(operator != "∩" or term.prefixes for operator, term in before):
        return None
    return _claim(" ∩ ".join((str(statement.first.operand), *(str(term.operand) for _, term in before))), statement)


def _claim(subject: str, statement: Statement) -> Claim | None:
    """Return what is claimed of a subject by the last operator of a statement and what follows it."""
    if not statement.rest or not set(statement.first.prefixes) <= set("⊢¬"):
        return None
    operator, last = statement.rest[-1]
    right = last.operand
    if last.prefixes or not isinstance(right, Bracket):
        return None
    affirmed = statement.first.prefixes.count("¬") % 2 == 0
    if operator in _MEMBER and isinstance(right.content, str) and right.namespace in {_CLASS, ""}:
        return Claim(subject, _words(right.content), affirmed is _MEMBER[operator])
    if operator in _ASSIGNS and isinstance(right.content, Range | Around) and right.namespace:
        low, high = _ends(right.content)
        unit = right.content.unit
        return Claim(
            subject,
            _words(right.namespace),
            affirmed,
            low,
            high,
            _CELSIUS[0] if unit == _CELSIUS[1] else unit,
        )
    return None


def _ends(value: Range | Around) -> tuple[float, float]:
    if isinstance(value, Around):
        return value.middle - abs(value.spread), value.middle + abs(value.spread)
    return min(value.low, value.high), max(value.low, value.high)


def _capitals(text: str) -> str:
    """Return words in capitals with underscores, or as they are where that could not be undone."""
    spelled = text.upper().replace(" ", "_")
    return spelled if _words(spelled) == text else text


def _words(spelled: str) -> str:
    """Return the words that were spelled in capitals."""
    return spelled.casefold().replace("_", " ") if spelled == spelled.upper() else spelled
