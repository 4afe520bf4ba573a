"""A server that was started with the shipped access rules, and clients of each role's user."""

import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import redis
from redis.client import Redis

from kitbash import assets
from kitbash.swarm.trust.roles import Role
from tests.servers import program
from tests.waiting import until


@dataclass(frozen=True, slots=True)
class GuardedServer:
    """A server whose users are the roles."""

    socket: Path

    def url(self, role: Role) -> str:
        """Return where a role connects to."""
        return f"unix://{role.value}:{secret(role)}@{self.socket}"

    def client(self, role: Role | None) -> Any:
        """Return a role's client, or that of nobody in particular; the caller closes it."""
        who = {} if role is None else {"username": role.value, "password": secret(role)}
        return cast("Any", Redis)(unix_socket_path=str(self.socket), decode_responses=True, **who)


FILE: Final = "config/redis/swarm.acl"


def secret(role: Role) -> str:
    """Return a role's password in tests."""
    return f"{role.value}-secret"


@contextmanager
def guarded() -> Generator[GuardedServer]:
    """Run a server with the shipped file, its placeholders filled in."""
    where = Path(tempfile.mkdtemp(prefix="kb-"))
    rules = assets.path(FILE).read_text(encoding="utf-8")
    for role in Role:
        rules = rules.replace(f"@{role.value.upper()}_PASSWORD@", secret(role))
    (where / "acl").write_text(rules, encoding="utf-8")
    server = GuardedServer(where / "s")
    network = ["--port", "0", "--unixsocket", server.socket, "--aclfile", where / "acl"]
    process = subprocess.Popen(
        [program(), "--dir", where, "--logfile", where / "log", "--save", "", "--appendonly", "no", *network],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: _answers(server, process, where / "log"))
        yield server
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(where)


def _answers(server: GuardedServer, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text()[-500:]
    with closing(server.client(Role.ADMIN)) as client:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False
