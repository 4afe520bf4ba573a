"""A grain reaches real workers within a second, and answers there as in the caller."""

from contextlib import closing
from typing import Any, Final

from kitbash.blackboard.redis_grains import RedisGrains
from kitbash.domain.fact import content_hash
from kitbash.domain.grain import Grain, GrainState, Subject
from kitbash.domain.ids import new_query_id
from kitbash.domain.normal_form import normal_form
from tests.e2e.processes import Env, ask_all
from tests.servers import Server
from tests.waiting import until

EARNED: Final = "What is the speed of light in the vacuum exactly?"
WITHIN_S: Final = 5.0
"""A second for the grain, and the time a program takes to start and ask."""


def asked(cascade: Env, mode: str) -> dict[str, Any]:
    (result,) = ask_all(cascade, mode, [EARNED])
    return result


def test_workers_answer_with_a_grain_as_the_caller_does_until_it_is_refuted(
    cascade: Env, cascade_server: Server
) -> None:
    before = asked(cascade, "celery")
    assert before["layer"] == 2
    (source,) = before["sources"]
    subject = Subject(normal_form(EARNED), source["cartridge"], source["fact_id"], content_hash(source["text"]))
    with closing(cascade_server.connect()) as client:
        grains = RedisGrains(client, cascade_server.url)
        grains.drop(subject.grain_id)
        assert grains.restore(Grain(subject, GrainState.CRYSTALLISED, measured=9, mean=0.99, confirmed=7))
        try:
            there = until(lambda: it if (it := asked(cascade, "celery"))["layer"] == 0 else None, within_s=WITHIN_S)
            assert there is not None
            here = asked(cascade, "direct")
            assert (here["answer"], here["confidence"]) == (there["answer"], there["confidence"])
            assert here["path"][0]["reason"] == there["path"][0]["reason"]
            assert there["path"][0]["reason"].startswith(f"grain {subject.grain_id}")
            grains.vote(new_query_id(), subject, is_right=False)
            until(lambda: asked(cascade, "celery")["layer"] == 2, within_s=WITHIN_S)
        finally:
            grains.drop(subject.grain_id)
