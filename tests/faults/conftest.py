"""A server of each test's own, since these tests break what they use, and a data folder shared by all of them."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests import servers
from tests.e2e.processes import Env, environment, home
from tests.servers import Server


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home(tmp_path_factory.mktemp("faults"))


@pytest.fixture
def server() -> Generator[Server]:
    with servers.plain() as own:
        yield own


@pytest.fixture
def env(server: Server, data: Path) -> Env:
    return environment(data, server.url)
