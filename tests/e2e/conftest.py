"""One real worker for all queues, with beat, on a server of its own, for the whole session."""

from collections.abc import Generator

import pytest

from tests import servers
from tests.e2e.processes import Env, environment, home, worker
from tests.servers import Server


@pytest.fixture(scope="session")
def cascade_server() -> Generator[Server]:
    """Return the server of the session's worker; nobody empties it."""
    with servers.plain() as server:
        yield server


@pytest.fixture(scope="session")
def cascade(cascade_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Generator[Env]:
    """Return the environment of a client of the session's worker, which serves all queues and runs beat."""
    where = tmp_path_factory.mktemp("cascade")
    env = environment(home(where), cascade_server.url)
    with worker(env, cascade_server, where / "worker.log", "-B"):
        yield env
