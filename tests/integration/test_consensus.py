"""Engines that vote, asked from Python in the caller: real board, real server of a model."""

from pathlib import Path
from typing import Final

import pytest
from pydantic import SecretStr

from kitbash.client import Client
from kitbash.domain.answer import AskMode, Result, Status
from kitbash.domain.layer import Layer, Stage
from kitbash.domain.strategy import Strategy
from kitbash.settings import Settings, load
from tests.e2e.processes import home
from tests.integration.kobold_server import Behaviour, event, reply, serving, stall
from tests.servers import Server

FAST: Final = "How fast is light in vacuum?"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with the starter cartridges."""
    return home(tmp_path_factory.mktemp("consensus"))


@pytest.fixture
def settings(data: Path, fresh_plain: Server) -> Settings:
    """Return settings on an empty server."""
    found = load().settings
    paths = found.paths.model_copy(update={"data_dir": data})
    redis = found.redis.model_copy(update={"url": SecretStr(fresh_plain.url)})
    return found.model_copy(update={"paths": paths, "redis": redis})


def ask(settings: Settings, behaviour: Behaviour, *, timeout_s: float = 20.0) -> Result:
    """Return what comes of a vote with a model that behaves so."""
    with serving(behaviour) as server:
        kobold = settings.kobold.model_copy(update={"url": server.url, "context_tokens": 2048})
        with Client(settings.model_copy(update={"kobold": kobold})) as client:
            client.runtime.library  # noqa: B018 - opened before the clock starts
            mode, consensus = AskMode.DIRECT, Strategy.SIMPLE
            return client.ask(FAST, mode=mode, consensus=consensus, timeout_s=timeout_s)


@pytest.mark.parametrize(
    ("said", "how"),
    [
        ("The speed of light in a vacuum is 299,792,458 metres per second.", "cartridge and kobold agree"),
        ("Light is as fast as the tide.", "uncertain: cartridge against kobold"),
        # What contradicts a definition is struck, and has no vote.
        ("The speed of light in a vacuum is 1,000 metres per second.", "only cartridge answered"),
    ],
)
def test_engines_vote_by_what_they_say(settings: Settings, said: str, how: str) -> None:
    result = ask(settings, reply(said))
    assert result.path[-1].reason == f"simple consensus, {how}"
    assert (result.answer.status, result.answer.layer) == (Status.ANSWERED, Layer.CARTRIDGE)


def test_those_who_answered_are_heard_although_the_model_stalls(settings: Settings) -> None:
    result = ask(settings, stall(event("The")), timeout_s=4.0)
    assert [it.stage for it in result.path][-2:] == [Stage.GENERATE, Stage.VOTE]
    assert (result.answer.status, result.path[-1].reason) == (
        Status.ANSWERED,
        "simple consensus, only cartridge answered",
    )
    assert result.latency_ms < 3000
