"""The six levels, by name and by the numbers of older cartridges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.domain.level import Level


@pytest.mark.parametrize("level", Level)
def test_a_level_is_read_back_from_every_way_it_is_written(level: Level) -> None:
    for text in (level.label, level.name, f"L{level.value}", level.label.lower(), f" {level.name.title()} "):
        assert Level.parse(text) is level


@pytest.mark.parametrize("text", ["", "L6", "L-1", "2", "L1_NARRATIVE", "L", "EMPIRICAL L0", "\ud800", "L0\x00"])
def test_anything_else_is_refused_with_the_levels_there_are(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a level.*L0_EMPIRICAL.*L5_MASK"):
        Level.parse(text)


@given(st.text(st.characters(codec=None, categories=None)))
def test_text_that_is_no_level_is_always_refused_the_same_way(text: str) -> None:
    with pytest.raises(ValueError, match="not a level"):
        Level.parse(f"{text}?")


def test_the_numbers_of_older_cartridges_mean_other_names_than_ours() -> None:
    assert [Level.from_legacy(number).name for number in range(4)] == ["EMPIRICAL", "NARRATIVE", "AXIOMATIC", "MASK"]


@pytest.mark.parametrize("number", [-1, 4, 5, 10**30])
def test_a_number_that_older_cartridges_never_had_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="0 to 3"):
        Level.from_legacy(number)


def test_intents_and_masks_are_not_facts() -> None:
    assert [level.name for level in Level if not level.states_facts] == ["INTENT", "MASK"]
