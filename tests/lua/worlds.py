"""Random spotlights: what a query may come to think about, and much that it hardly would."""

from dataclasses import dataclass
from random import Random
from typing import Final

from hypothesis import strategies as st

from kitbash.domain.claim import Claim
from kitbash.domain.item import Item
from kitbash.domain.level import Level

KAPPAS: Final = (
    0.1,
    0.1 + 0.2,
    0.3,
    0.30000000000000004,
    0.5,
    0.6,
    1 - 2**-53,
    1.0,
    1 + 2**-52,
    1.5,
    2.0,
    3.0,
    10.0,
    1e-300,
    5e-324,
    1e300,
)
# The first five lie on the threshold from 100 at kappa 1, 0.5 and 2.
ENDS: Final = (
    70.0,
    130.0,
    40.0,
    85.0,
    100.0,
    0.0,
    -0.0,
    1.0,
    -1.0,
    -70.0,
    -100.0,
    1e-9,
    5e-324,
    -5e-324,
    1e308,
    -1e308,
    0.1 + 0.2,
    0.3,
)
ODD: Final = ("it's", 'a "b"', "a\\b", "a/b", "100 %s %d %%", "\n\t\r\0\x1b\x7f", "ü—𝄞\u2028", "[[x]]", "d1", "")
SUBJECTS: Final = ("water", 'the "sea"', "a\\/b %s", "\x01\n𝄞")
MANY: Final = 60


@dataclass(frozen=True, slots=True)
class World:
    """What is posted, with which kappa, and how many bad contradictions are still coherent."""

    items: tuple[Item, ...]
    kappa: float
    threshold: int


def _claim(subject: str, attribute: str, ends: tuple[float, float] | None, unit: str, *, affirmed: bool) -> Claim:
    low, high = ends or (None, None)
    return Claim(subject, attribute, affirmed, low, high, unit)


END: Final = st.one_of(st.sampled_from(ENDS), st.floats(allow_nan=False, allow_infinity=False))
RANGE: Final = st.one_of(
    st.none(),
    END.map(lambda end: (end, end)),
    st.tuples(END, END).map(lambda ends: (min(ends), max(ends))),
    st.tuples(END, END),
)
CLAIM: Final = st.builds(
    _claim,
    st.sampled_from(SUBJECTS[:2]),
    st.sampled_from(("boil", "")),
    RANGE,
    st.sampled_from(("", "degC")),
    affirmed=st.booleans(),
)
TEXT: Final = st.one_of(st.sampled_from(ODD), st.text(max_size=8))
ITEM: Final = st.builds(
    Item,
    level=st.sampled_from(Level),
    ident=TEXT,
    text=TEXT,
    claims=st.lists(CLAIM, max_size=4).map(tuple),
    is_fiction=st.booleans(),
    allows_folk_wisdom=st.booleans(),
    allows_speculation=st.booleans(),
    character_context=TEXT,
)
KAPPA: Final = st.one_of(st.sampled_from(KAPPAS), st.floats(0.1, 10))


def _crowd(seed: int) -> World:
    """Return many items at once; drawing each from Hypothesis would take longer than coupling them."""
    random = Random(seed)

    def ends() -> tuple[float, float] | None:
        drawn = [random.choice(ENDS) if random.random() < 0.7 else random.uniform(-200, 200) for _ in range(2)]
        if random.random() < 0.9:
            drawn.sort()
        return None if random.random() < 0.2 else (drawn[0], drawn[random.randrange(2)])

    def item(number: int) -> Item:
        claims = (
            _claim(random.choice(SUBJECTS), "be", ends(), random.choice(("m", "")), affirmed=random.random() < 0.7)
            for _ in range(random.randrange(4))
        )
        return Item(
            random.choice(tuple(Level)),
            random.choice(ODD) + str(number if random.random() < 0.9 else 1),
            random.choice(ODD),
            round(random.random(), 3),
            random.choice(("", "sky")),
            round(random.random(), 4),
            random.random() < 0.1,
            tuple(claims),
            is_fiction=random.random() < 0.2,
            allows_folk_wisdom=random.random() < 0.8,
            allows_speculation=random.random() < 0.8,
        )

    items = tuple(item(number) for number in range(random.randrange(MANY + 1)))
    return World(items, random.choice((*KAPPAS[:13], random.uniform(0.1, 10))), random.randrange(4))


FEW: Final = st.builds(World, st.lists(ITEM, max_size=8).map(tuple), KAPPA, st.integers(0, 4))
CROWD: Final = st.integers(0, 2**32).map(_crowd)
WORLDS: Final = st.one_of(FEW, CROWD, CROWD)
