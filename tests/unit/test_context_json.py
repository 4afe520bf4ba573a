"""Snapshots as JSON: what is written can be read, and what cannot be is refused by the field's name."""

import json
import math
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.domain.context import Snapshot, Window, snapshot
from kitbash.domain.level import Level

NUMBERS: Final = st.floats(0, 1)
SALIENCES: Final = st.fixed_dictionaries(dict.fromkeys(Level, NUMBERS))
SNAPSHOTS: Final = st.builds(
    Snapshot,
    st.text(),
    st.text(),
    SALIENCES,
    NUMBERS,
    st.fixed_dictionaries(dict.fromkeys(Window, SALIENCES)),
    st.integers(min_value=0),
)
NUMBER: Final[dict[str, Any]] = {f"L{number}": 0.5 for number in range(6)}
JSON: Final[dict[str, Any]] = {
    "snapshot_id": "one",
    "query_type": "sky",
    "layer_salience": NUMBER,
    "recency_decay": 0.25,
    "context_1hour": NUMBER,
    "context_1day": NUMBER,
    "context_72hours": NUMBER,
    "context_1week": NUMBER,
    "visits": 3,
}


@given(SNAPSHOTS)
def test_what_is_written_is_read_again(one: Snapshot) -> None:
    assert Snapshot.from_json(one.to_json()) == one


def test_the_names_on_the_wire() -> None:
    state = {window: dict.fromkeys(Level, 0.5) for window in Window}
    written = json.loads(snapshot("sky", state, elapsed_s=0, visits=3).to_json())
    assert list(written) == list(JSON)
    assert {**written, "snapshot_id": "one", "recency_decay": 0.25} == JSON


def test_fields_that_are_not_known_are_passed_over() -> None:
    assert Snapshot.from_json(json.dumps({**JSON, "more": [1]})) == Snapshot.from_json(json.dumps(JSON).encode())


def test_whole_numbers_are_numbers() -> None:
    read = Snapshot.from_json(json.dumps({**JSON, "recency_decay": 1, "layer_salience": dict.fromkeys(NUMBER, 0)}))
    assert (read.recency_decay, list(read.layer_salience.values())) == (1.0, [0.0] * 6)


@pytest.mark.parametrize(("recency_decay", "visits"), [(0.0, 0), (1e-9, 1), (1.0, 1)])
def test_visits_that_are_not_told_are_seen_by_the_recency(recency_decay: float, visits: int) -> None:
    told = {key: value for key, value in JSON.items() if key != "visits"}
    assert Snapshot.from_json(json.dumps({**told, "recency_decay": recency_decay})).visits == visits


@pytest.mark.parametrize("name", [name for name in JSON if name != "visits"])
def test_a_field_that_is_missing_is_named(name: str) -> None:
    text = json.dumps({key: value for key, value in JSON.items() if key != name})
    with pytest.raises(ValueError, match=f"^{name} "):
        Snapshot.from_json(text)


@pytest.mark.parametrize("value", [None, True, "x", [], {}, 1.5, -1, math.nan, math.inf, 10**400])
@pytest.mark.parametrize("name", JSON)
def test_a_field_that_cannot_be_is_named(name: str, value: object) -> None:
    if value == "x" and isinstance(JSON[name], str):
        return
    if name == "visits" and value == 10**400:
        return
    with pytest.raises(ValueError, match=f"^{name} "):
        Snapshot.from_json(json.dumps({**JSON, name: value}))


@pytest.mark.parametrize("value", [None, True, "0.5", [], 1.0000001, -1e-9, math.nan, -math.inf, 10**400])
@pytest.mark.parametrize("window", ["layer_salience", *Window])
def test_a_number_that_cannot_be_is_named(window: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"^{window}\.L4 "):
        Snapshot.from_json(json.dumps({**JSON, window: {**NUMBER, "L4": value}}))


@pytest.mark.parametrize("levels", [{**NUMBER, "L6": 0.5}, {name: 0.5 for name in NUMBER if name != "L2"}])
def test_levels_are_exactly_six(levels: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"^layer_salience .*L0 to L5"):
        Snapshot.from_json(json.dumps({**JSON, "layer_salience": levels}))


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '"x"', b"\xff", "[" * 100_000, "9" * 5000])
def test_what_is_no_object_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has words of its own
        Snapshot.from_json(text)
