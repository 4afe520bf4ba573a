"""What every test stands on: an environment of its own, and servers shared by the whole session."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests import servers
from tests.servers import Server

_OURS: Final = ("KITBASH_", "REDIS_", "KOBOLD_", "BITNET_", "LAYER")


@pytest.fixture(autouse=True)
def _own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """Let no setting of this machine reach a test: neither its environment nor a `.env` in the current folder."""
    for name in os.environ:
        if name.startswith(_OURS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("KITBASH_DATA_DIR", str(tmp_path / "data"))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)


@pytest.fixture(scope="session")
def plain_server() -> Iterator[Server]:
    """Return a plain server; tests that share it use keys of their own, or `fresh_plain`."""
    with servers.plain() as server:
        yield server


@pytest.fixture(scope="session")
def cluster_server() -> Iterator[Server]:
    """Return a cluster of one node; tests that share it use keys of their own, or `fresh_cluster`."""
    with servers.cluster() as server:
        yield server


@pytest.fixture
def fresh_plain(plain_server: Server) -> Server:
    """Return the plain server, emptied."""
    plain_server.flush()
    return plain_server


@pytest.fixture
def fresh_cluster(cluster_server: Server) -> Server:
    """Return the cluster, emptied."""
    cluster_server.flush()
    return cluster_server
