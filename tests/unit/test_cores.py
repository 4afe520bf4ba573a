"""How many threads a model may use."""

from types import SimpleNamespace
from typing import Any

import pytest
from celery.concurrency import prefork, solo

from kitbash.models import cores
from kitbash.models.cores import Cores, available_cores


@pytest.mark.parametrize(
    ("processes", "wanted", "cores", "threads"),
    [(1, 0, 1, 1), (1, 0, 2, 1), (1, 0, 8, 7), (2, 0, 8, 3), (8, 0, 8, 1), (0, 0, 4, 3), (4, 6, 8, 6)],
)
def test_a_process_has_its_share_of_all_cores_but_one(processes: int, wanted: int, cores: int, threads: int) -> None:
    assert Cores(processes).threads(wanted, cores) == threads


def test_there_is_a_core() -> None:
    assert available_cores() >= 1


@pytest.mark.parametrize(
    ("pool", "concurrency", "processes"),
    [
        ("prefork", 6, 6),
        (prefork.TaskPool, 6, 6),
        ("prefork", "auto", available_cores()),
        ("solo", 6, 1),
        (solo.TaskPool, 6, 1),
        ("threads", 4, 1),
    ],
)
def test_a_worker_tells_how_many_processes_share_the_cores(
    pool: object, concurrency: object, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.worker import share_cores

    shared = Cores()
    monkeypatch.setattr(cores, "SHARED", shared)
    sender: Any = SimpleNamespace(pool_cls=pool, concurrency=concurrency)
    share_cores(sender)
    assert shared.processes == processes
