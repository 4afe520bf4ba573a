"""How many threads a model may use."""

import pytest

from kitbash.models.cores import Cores, available_cores


@pytest.mark.parametrize(
    ("processes", "wanted", "cores", "threads"),
    [(1, 0, 1, 1), (1, 0, 2, 1), (1, 0, 8, 7), (2, 0, 8, 3), (8, 0, 8, 1), (0, 0, 4, 3), (4, 6, 8, 6)],
)
def test_a_process_has_its_share_of_all_cores_but_one(processes: int, wanted: int, cores: int, threads: int) -> None:
    assert Cores(processes).threads(wanted, cores) == threads


def test_there_is_a_core() -> None:
    assert available_cores() >= 1
