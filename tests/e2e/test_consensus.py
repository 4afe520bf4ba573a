"""Engines that vote give the same answer in the caller and in workers."""

from collections.abc import Generator
from typing import Any, Final

import pytest

from tests import servers
from tests.e2e.processes import Env, ask_all, environment, home, kitbash, worker
from tests.integration.kobold_server import KoboldServer, reply, serving

FAST: Final = "How fast is light in vacuum?"
PAIR: Final = "What is the speed of light and who was the first person on the Moon?"
UNKNOWN: Final = "Who won the village chess cup in 1987?"
SAID: Final = "The Moon landing was first. Miss Marple won the cup."


@pytest.fixture(scope="module")
def model() -> Generator[KoboldServer]:
    """Return a model that agrees with nobody."""
    with serving(reply(SAID)) as server:
        yield server


@pytest.fixture(scope="module", params=["20000", "50"], ids=["one-shard", "shards"])
def voting(
    request: pytest.FixtureRequest, model: KoboldServer, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Env]:
    """Return the environment of a client of workers whose engines vote; Layer 4 has a model."""
    where = tmp_path_factory.mktemp("voting")
    with servers.plain() as server:
        env = environment(
            home(where),
            server.url,
            KITBASH_KOBOLD__URL=model.url,
            KITBASH_KOBOLD__CONTEXT_TOKENS="2048",
            KITBASH_QUERY__CONSENSUS="typed",
            KITBASH_CARTRIDGE__FACTS_PER_SHARD=request.param,
        )
        with worker(env, server, where / "worker.log", "-B"):
            yield env


def essence(result: dict[str, Any]) -> dict[str, Any]:
    """Return what must be the same: Layers 3 and 4 answer side by side, so that either may be the first."""
    steps = sorted(({**step, "latency_ms": 0} for step in result["path"]), key=lambda it: (it["layer"], it["reason"]))
    return {name: result[name] for name in ("query", "answer", "status", "layer", "confidence", "sources")} | {
        "path": steps
    }


def test_both_modes_vote_the_same(voting: Env) -> None:
    questions = [FAST, PAIR, UNKNOWN]
    direct, celery = ask_all(voting, "direct", questions), ask_all(voting, "celery", questions)
    for here, there in zip(direct, celery, strict=True):
        assert essence(here) == essence(there)
    fast, pair, unknown = celery
    assert [it["path"][-1]["reason"] for it in celery] == [
        "typed consensus, uncertain: cartridge against kobold",
        "typed consensus, uncertain: synthesis against kobold",
        "typed consensus, only kobold answered",
    ]
    assert (fast["layer"], pair["layer"], unknown["layer"]) == (2, 3, 4)


def test_the_command_says_how_they_voted_and_a_replay_says_the_same(voting: Env) -> None:
    asked = kitbash(voting, "ask", "--mode", "direct", "--consensus", "simple", FAST)
    assert asked.code == 0, asked.err
    assert "simple consensus, uncertain: cartridge against kobold" in asked.out
    plainly = kitbash(voting, "ask", "--mode", "celery", "--consensus", "none", "--json", FAST).json
    assert [it["layer"] for it in plainly["path"]] == [0, 1, 2]
    query_id = kitbash(voting, "ask", "--mode", "direct", "--consensus", "simple", "--json", FAST).json["query_id"]
    replayed = kitbash(voting, "replay", query_id)
    assert replayed.code == 0, replayed.out + replayed.err
