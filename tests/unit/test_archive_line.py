"""A line is one JSON object on one line of UTF-8, whatever the fields hold, and no other is taken for one."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.archive import line
from kitbash.archive.entry import Entry, Kind
from kitbash.archive.errors import ArchiveError
from kitbash.errors import UsageError

ID = "0" * 31 + "f"
FILE = Path("somewhere.jsonl")


def encoded(fields: Mapping[str, object], kind: Kind = Kind.QUERY_TRACES) -> bytes:
    ((of, data),) = line.encode(Entry(0, ID, {kind: [fields]}))
    assert of is kind
    return data


def decoded(data: bytes) -> dict[str, Any] | None:
    return line.decode(data, FILE, 7)


def test_a_line_begins_with_its_version_and_query_and_has_no_spare_space() -> None:
    data = encoded({"text": "Ünlösbar?", "n": [1, 2.5, None]})
    assert data.startswith(b'{"v":1,"query_id":"' + ID.encode() + b'","append":"')
    assert data.endswith(',"text":"Ünlösbar?","n":[1,2.5,null]}\n'.encode())


def test_a_line_without_fields_is_whole() -> None:
    value = decoded(encoded({}))
    assert value is not None
    assert list(value) == ["v", "query_id", "append"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), _JSON))
def test_fields_read_back_as_they_were(fields: dict[str, Any]) -> None:
    for ours in ("v", "query_id", "append", "amends"):
        fields.pop(ours, None)
    data = encoded(fields)
    assert data.count(b"\n") == 1
    value = decoded(data)
    assert value is not None
    assert {name: value[name] for name in list(value)[3:]} == fields


def test_a_lone_surrogate_is_written_escaped_and_the_rest_as_it_is() -> None:
    data = encoded({"text": "ä\ud800z", "\udfff": 1})
    assert "ä\\ud800z".encode() in data
    value = decoded(data)
    assert value is not None
    assert value["text"] == "ä\ud800z"
    assert value["\udfff"] == 1


def test_fields_may_be_any_mapping() -> None:
    assert decoded(encoded(MappingProxyType({"a": 1}))) is not None


def test_lines_of_one_entry_carry_one_token_and_those_of_another_a_different_one() -> None:
    entry = Entry(0, ID, {Kind.QUERY_TRACES: [{}], Kind.COUPLING_CHECKS: [{}, {}]})
    tokens = [json.loads(data)["append"] for _ in range(2) for _, data in line.encode(entry)]
    assert [tokens.index(token) for token in tokens] == [0, 0, 0, 3, 3, 3]


def test_lines_without_a_trace_amend() -> None:
    assert b',"amends":true,"a":1}' in encoded({"a": 1}, Kind.STRUCTURAL_DELTAS)
    assert b"amends" not in encoded({"a": 1})


@pytest.mark.parametrize("name", ["v", "query_id", "append", "amends"])
def test_a_field_the_archive_sets_itself_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"sets {name}"):
        encoded({name: 1})


@pytest.mark.parametrize("value", [math.nan, math.inf, b"bytes", object(), {1, 2}, {(1, 2): 3}])
def test_what_is_not_json_is_refused_by_kind_and_query(value: object) -> None:
    with pytest.raises(UsageError, match=f"query_traces of query {ID} cannot be written as JSON"):
        encoded({"a": value})


def test_what_holds_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(UsageError, match="cannot be written"):
        encoded({"a": loop})


def test_a_line_too_long_to_be_read_again_is_refused() -> None:
    with pytest.raises(UsageError, match="bytes long"):
        encoded({"a": "x" * line.MAX_BYTES})


@pytest.mark.parametrize("query_id", ["", "../x", "Q" * 32, ID + "\n"])
def test_an_id_kitbash_did_not_make_is_refused(query_id: str) -> None:
    with pytest.raises(UsageError, match="not a query id"):
        list(line.encode(Entry(0, query_id, {Kind.QUERY_TRACES: [{}]})))


@pytest.mark.parametrize(
    "data",
    [
        b"\n",
        b"{\n",
        b"[]\n",
        b"1\n",
        b"{}\n",
        b'{"v":1}\n',
        b'{"v":1,"query_id":5}\n',
        b'{"query_id":"x"}\n',
        b'{"v":1,"query_id":"x"}{"v":1,"query_id":"x"}\n',
        b"\x00" * 40 + b"\n",
        b'{"v":1,"query_id":"\xff"}\n',
        b"[" * 100_000 + b"\n",
    ],
)
def test_what_was_never_written_whole_is_no_line(data: bytes) -> None:
    assert decoded(data) is None


@pytest.mark.parametrize("version", ["2", "0", '"1"', "null", "true", "1.0"])
def test_another_version_is_refused_with_file_and_line(version: str) -> None:
    with pytest.raises(ArchiveError, match=r"somewhere\.jsonl, line 7, is of version"):
        decoded(b'{"v":%s,"query_id":"x"}' % version.encode())
