"""Judgements on engines: counted once a query, on every implementation."""

from collections.abc import Generator
from contextlib import closing

import pytest

from kitbash.blackboard.engines import Engines, JudgeCode, Judged
from kitbash.blackboard.redis_engines import RedisEngines
from kitbash.domain.ids import new_query_id
from kitbash.domain.layer import Layer
from tests.servers import Server
from tests.twins.memory_engines import MemoryEngines


@pytest.fixture(params=["memory", "plain", "cluster"])
def engines(request: pytest.FixtureRequest) -> Generator[Engines]:
    if request.param == "memory":
        yield MemoryEngines()
        return
    server: Server = request.getfixturevalue(f"fresh_{request.param}")
    with closing(server.connect()) as client:
        yield RedisEngines(client, server.url)


def test_nobody_was_judged_at_first(engines: Engines) -> None:
    assert engines.judged() == {}


def test_each_query_counts_for_the_engine_that_answered_it(engines: Engines) -> None:
    for layer, is_right in ((Layer.KOBOLD, True), (Layer.KOBOLD, False), (Layer.CARTRIDGE, True)):
        assert engines.judge(new_query_id(), layer, is_right=is_right) is JudgeCode.COUNTED
    assert engines.judged() == {Layer.CARTRIDGE: Judged(1, 0), Layer.KOBOLD: Judged(1, 1)}


def test_a_query_counts_once_and_the_last_judgement_stands(engines: Engines) -> None:
    query_id = new_query_id()
    said = [engines.judge(query_id, Layer.KOBOLD, is_right=it) for it in (True, True, False, False, True)]
    assert said == [JudgeCode.COUNTED, JudgeCode.BEFORE, JudgeCode.MOVED, JudgeCode.BEFORE, JudgeCode.MOVED]
    assert engines.judged() == {Layer.KOBOLD: Judged(1, 0)}
