"""What the tests with containers stand on: a Docker engine, and the image that this tree's Dockerfile makes.

Nothing here looks for an engine before the first of these tests runs.
"""

import subprocess
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

import pytest

from tests.docker.compose import Compose

IMAGE: Final = "kitbash:local"
_ENGINE_S: Final = 5.0
_BUILD_S: Final = 900.0


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Spare `make test` the import of what only these tests need."""
    return True if config.getoption("markexpr") == "not docker" else None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark every test of this folder."""
    item.add_marker(pytest.mark.docker)


@pytest.fixture(scope="session", autouse=True)
def engine() -> Iterator[None]:
    """Skip every test of this folder where no Docker engine answers, or where there is no `docker compose`."""
    _says("version", "--format", "{{.Server.Version}}")
    _says("compose", "version")
    with pytest.MonkeyPatch.context() as patched:
        # The Python client reads the environment only; it is to ask the engine that the command asks.
        patched.setenv("DOCKER_HOST", _says("context", "inspect", "--format", "{{.Endpoints.docker.Host}}"))
        # pytest-celery's URLs name this host and a mapped port, even where these tests run inside a container.
        patched.setattr("pytest_docker_tools.wrappers.container.tests_inside_container", lambda: False)
        yield


def _says(*arguments: str) -> str:
    try:
        done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=_ENGINE_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"no Docker engine: {error}")
    if done.returncode != 0:
        pytest.skip(f"no Docker engine: docker {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


@pytest.fixture(scope="session")
def docker_client(engine: None) -> Iterator[Any]:
    """Return a client of the engine, in place of pytest-docker-tools' own, which is never closed."""
    import docker

    untyped: Any = docker
    with closing(untyped.from_env()) as client:
        yield client


@pytest.fixture(scope="session")
def image(engine: None, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the name of the image, built from this tree as a user builds it."""
    env_file = tmp_path_factory.mktemp("build") / "env"
    env_file.write_text("REDIS_PASSWORD=unused\n")
    Compose("kitbash-tests", env_file).run("build", "--quiet", "reflex", timeout_s=_BUILD_S)
    return IMAGE
