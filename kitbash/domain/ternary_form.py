"""The ternary form of a fact: what it asserts (1), what it denies (-1) and what it leaves open (0), packed.

The first Kitbash guessed these sets from words such as "not", which also stands in "another", and left nearly all of
them empty. Here they are the fact's claims, its relations to others, and what others claim of the same subject.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from kitbash.domain.claim import SAME, Claim, apart
from kitbash.domain.fact import Fact

MOST_ENTRIES: Final = 16
"""How many entries a set has at most, the fact's own before those of others."""
TRITS_PER_BYTE: Final = 5
BITS_PER_TRIT: Final = round(math.log2(3), 3)

_PLUS: Final = frozenset({"requires", "depends_on", "dependency", "extends", "refines", "supports", "enables"})
_MINUS: Final = frozenset({"contradicts", "conflicts_with", "negation", "inverse", "excludes"})


@dataclass(frozen=True, slots=True)
class Relation:
    """What a cartridge says of two facts: `kind`, and the other one by name."""

    kind: str
    target: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A claim that another fact, by name, makes of the same subject."""

    ident: str
    claim: Claim


@dataclass(frozen=True, slots=True)
class TernaryForm:
    """The entries of the three sets, each in one only."""

    plus: tuple[str, ...]
    minus: tuple[str, ...]
    void: tuple[str, ...]

    @property
    def trits(self) -> tuple[int, ...]:
        """Return the value of each entry, in the order plus, minus, void."""
        return (1,) * len(self.plus) + (-1,) * len(self.minus) + (0,) * len(self.void)

    @property
    def weight_bits(self) -> float:
        """Return what the entries weigh: 1.585 bits each."""
        return round(BITS_PER_TRIT * len(self.trits), 3)

    @property
    def packed(self) -> bytes:
        """Return the trits, five to a byte, the first as the lowest digit; the last byte is filled up with 0."""
        return pack(self.trits)


def ternary_form(fact: Fact, relations: Sequence[Relation] = (), neighbours: Sequence[Neighbour] = ()) -> TernaryForm:
    """Return a fact's ternary form. `neighbours` are what other facts claim of the subjects of its claims.

    Of a relation whose kind says neither, such as "analogous", the other fact is left open. Facts that contradict it
    are denied; those that claim something else of its subject are left open.
    """
    plus: dict[str, None] = {}
    minus: dict[str, None] = {}
    void: dict[str, None] = {}
    for claim in fact.claims:
        (plus if claim.affirmed else minus)[words_of(claim)] = None
    for relation in relations:
        kind = relation.kind.strip().casefold()
        at = plus if kind in _PLUS else minus if kind in _MINUS else void
        at[f"{relation.kind}:{relation.target}"] = None
    for neighbour in neighbours:
        same = [claim for claim in fact.claims if claim.key == neighbour.claim.key]
        if not same:
            void[words_of(neighbour.claim)] = None
        elif any(apart(claim, neighbour.claim) > SAME for claim in same):
            minus[f"contradicts:{neighbour.ident}"] = None
        else:
            plus[f"agrees:{neighbour.ident}"] = None
    return TernaryForm(_first(plus, ()), _first(minus, plus), _first(void, (*plus, *minus)))


def words_of(claim: Claim) -> str:
    """Return a claim in words: its subject and attribute, and the range of a quantity."""
    if claim.low is None or claim.high is None:
        return f"{claim.subject} {claim.attribute}"
    low, high = f"{claim.low:.12g}", f"{claim.high:.12g}"
    ends = low if low == high else f"{low} to {high}"
    return f"{claim.subject} {claim.attribute} {ends} {claim.unit}".rstrip()


def pack(trits: Sequence[int]) -> bytes:
    """Return trits as bytes from 0 to 242. Raises ValueError for what is not -1, 0 or 1."""
    if not {-1, 0, 1}.issuperset(trits):
        message = f"{sorted(set(trits))} are not trits; those are -1, 0 and 1"
        raise ValueError(message)
    parts = (trits[at : at + TRITS_PER_BYTE] for at in range(0, len(trits), TRITS_PER_BYTE))
    return bytes(
        sum((value + 1) * 3**place for place, value in enumerate((*part, *(0,) * (TRITS_PER_BYTE - len(part)))))
        for part in parts
    )


def unpack(data: bytes, count: int) -> tuple[int, ...]:
    """Return so many trits. Raises ValueError unless the bytes are just those that `pack` makes of them."""
    digits = tuple(byte // 3**place % 3 - 1 for byte in data for place in range(TRITS_PER_BYTE))
    if pack(digits[:count]) != data or len(digits) < count:
        message = f"{len(data)} bytes do not hold {count} trits"
        raise ValueError(message)
    return digits[:count]


def _first(entries: Iterable[str], elsewhere: Iterable[str]) -> tuple[str, ...]:
    taken = set(elsewhere)
    return tuple(entry for entry in entries if entry not in taken)[:MOST_ENTRIES]
