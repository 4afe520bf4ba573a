"""The network without numpy says what the network with numpy says, to the last bit."""

import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kitbash import assets
from kitbash.models.ternary import file, parts
from kitbash.models.ternary.plain import PlainNetwork
from kitbash.models.ternary.shipped import FIRST, NAME, ShippedNetwork
from tests.unit.ternary_kit import small_network

SHIPPED = parts.load(assets.path(NAME))
WORDS = st.sampled_from(["why", "is", "the", "sea", "salt", "how", "far", "moon", "compare", "iron", "Ångström", "42"])


@example("")
@example("?!")
@example("why " * 60)
@given(st.one_of(st.lists(WORDS, max_size=30).map(" ".join), st.text(max_size=80)))
def test_both_networks_of_the_shipped_file_say_the_same(question: str) -> None:
    assert PlainNetwork(SHIPPED).read(question) == file.network_of(SHIPPED).read(question)


@pytest.mark.parametrize("seed", range(6))
def test_both_networks_say_the_same_where_rows_begin_within_a_byte(seed: int) -> None:
    made = parts.read(file.encode(small_network(seed)))
    assert made.header.hidden % 5
    for question in ("Why is the sea salt?", "sky", "How far is it to the moon and back again?"):
        assert PlainNetwork(made).read(question) == file.network_of(made).read(question)


def test_a_process_reads_its_first_questions_without_numpy_and_then_imports_it() -> None:
    code = (
        "import sys; from kitbash.models.ternary.shipped import FIRST, ShippedNetwork\n"
        "network = ShippedNetwork(); said = set()\n"
        "for at in range(FIRST + 3):\n"
        "    said.add(str(network.read('How far is the moon?')))\n"
        "    assert ('numpy' in sys.modules) == (at >= FIRST), at\n"
        "assert len(said) == 1"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_where_numpy_is_there_already_it_is_used_at_once() -> None:
    network = ShippedNetwork()
    assert FIRST > 1
    assert network.read("How far is the moon?") == file.network_of(SHIPPED).read("How far is the moon?")
