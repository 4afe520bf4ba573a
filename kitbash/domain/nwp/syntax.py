r"""The parts of an NWP statement, each printed in its one canonical spelling.

    statement  term (operator term)*            ⊢ [MAT:PLA] ⇒ [TEMP:60±5°C]
    term       prefix* operand                  ◊ [SYS:L2_NARRATIVE]
    prefix     ⊢ held  □ necessary  ◊ possible  ¬ not  Δ only the change  ? unknown
    operator   ∈ ∉ ⊂ ⊃ ⊆ ∩ ⇒ → = ,
    operand    [NAMESPACE:NAME]  [NAME]  [NAMESPACE:VALUE]  VALUE  {operand, ...}  ⊥  ?  Δ
    value      100°C  40-80°C  60±5°C  ±5°C  ±2-5°C

`?` and `Δ` are prefixes where an operand follows and operands where none does. In names and units a backslash makes
the next character ordinary, and `\u{hex}` is the character of that code; so a name may hold anything.
"""

from dataclasses import dataclass

from kitbash.domain.nwp.value import IN_BRACKETS, MARKS, OPERATORS, PREFIXES, Value, escaped, escaped_name
from kitbash.errors import UsageError


@dataclass(frozen=True, slots=True)
class Bracket:
    """`[NAMESPACE:CONTENT]`, or `[CONTENT]`; the content is a name that is not empty, or a value."""

    content: "str | Value"
    namespace: str = ""

    def __post_init__(self) -> None:
        """Refuse an empty name."""
        if self.content == "":
            message = "an NWP operand needs a name between its brackets"
            raise UsageError(message)

    def __str__(self) -> str:
        """Return the canonical spelling."""
        content = escaped_name(self.content) if isinstance(self.content, str) else str(self.content)
        return f"[{escaped(self.namespace, IN_BRACKETS)}:{content}]" if self.namespace else f"[{content}]"


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign that stands alone: `⊥` contradiction, `?` unknown, `Δ` the change."""

    sign: str

    def __post_init__(self) -> None:
        """Refuse any other sign."""
        if self.sign not in tuple(MARKS):
            message = f"{self.sign!r} is no operand of NWP; use one of {' '.join(MARKS)}"
            raise UsageError(message)

    def __str__(self) -> str:
        """Return the sign."""
        return self.sign


@dataclass(frozen=True, slots=True)
class Braces:
    """An explicit set, `{[MAT:A], [MAT:B]}`; sets do not nest."""

    members: "tuple[Bracket | Mark | Value, ...]" = ()

    def __str__(self) -> str:
        """Return the canonical spelling, members in their order."""
        return "{" + ", ".join(map(str, self.members)) + "}"


Operand = Bracket | Braces | Mark | Value


@dataclass(frozen=True, slots=True)
class Term:
    """An operand with the prefixes before it, outermost first."""

    operand: Operand
    prefixes: str = ""

    def __post_init__(self) -> None:
        """Refuse signs that are no prefixes."""
        if not set(self.prefixes) <= set(PREFIXES):
            message = f"{self.prefixes!r} are not all prefixes of NWP; use {' '.join(PREFIXES)}"
            raise UsageError(message)

    def __str__(self) -> str:
        """Return the canonical spelling."""
        return " ".join((*self.prefixes, str(self.operand)))


@dataclass(frozen=True, slots=True)
class Statement:
    """A term and what follows it: pairs of an operator and a term."""

    first: Term
    rest: tuple[tuple[str, Term], ...] = ()

    def __post_init__(self) -> None:
        """Refuse signs that are no operators."""
        for operator, _ in self.rest:
            if operator not in tuple(OPERATORS):
                message = f"{operator!r} is no operator of NWP; use one of {' '.join(OPERATORS)}"
                raise UsageError(message)

    def __str__(self) -> str:
        """Return the canonical spelling, which `parse` reads back as an equal statement."""
        return str(self.first) + "".join(
            f", {term}" if operator == "," else f" {operator} {term}" for operator, term in self.rest
        )
