"""A swarm's trust on a real server: an admin, agents with keys, and what each of their processes would stand on."""

from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from kitbash.blackboard.scripts import AnyRedis
from kitbash.swarm.packet import Packet
from kitbash.swarm.trust import key_files
from kitbash.swarm.trust.audit import Audit
from kitbash.swarm.trust.key_files import KeyPair
from kitbash.swarm.trust.keys import TrustKeys, trust_keys
from kitbash.swarm.trust.pinned import Pinned
from kitbash.swarm.trust.registry import DAY_MS, LIFETIME_MS, KeyEntry
from kitbash.swarm.trust.registry_store import RegistryStore
from kitbash.swarm.trust.replay import Admission
from kitbash.swarm.trust.roles import Role
from kitbash.swarm.trust.sealer import PacketSealer, RoleGuard
from tests.servers import Server

PASSWORD: Final = "correct horse battery"


@dataclass(frozen=True, slots=True)
class Swarm:
    """A swarm below a prefix of its own. `folder` is where one machine keeps what it pinned."""

    server: Server
    client: AnyRedis
    node: Any
    prefix: str
    folder: Path
    admin: KeyPair

    @property
    def keys(self) -> TrustKeys:
        """Return the keys of its trust."""
        return trust_keys(self.prefix)

    @property
    def pinned(self) -> Pinned:
        """Return what the machine pinned."""
        return Pinned(self.folder)

    @property
    def store(self) -> RegistryStore:
        """Return the key registry as another process sees it: never from a cache."""
        return RegistryStore(self.client, self.server.url, self.keys, self.pinned, cache_s=0)

    @property
    def admission(self) -> Admission:
        """Return admission as another process sees it."""
        return Admission(self.client, self.server.url, self.keys)

    def now_ms(self) -> int:
        """Return the server's time."""
        seconds, microseconds = self.node.time()
        return seconds * 1000 + microseconds // 1000

    def enrol(self, agent: str, role: Role = Role.AGENT) -> KeyPair:
        """Have an agent's fresh key be in the registry, and return it."""
        pair = key_files.generate(agent)
        since_ms = self.now_ms() - DAY_MS
        entry = KeyEntry(agent, role, pair.public, since_ms, since_ms + LIFETIME_MS)
        self.store.change(self.admin, lambda registry: registry.with_key(entry))
        return pair

    def sealer(self, pair: KeyPair | None, *, is_enforced: bool = True) -> PacketSealer:
        """Return what a process of an agent's seals and checks with."""
        audit = Audit(self.client, self.server.url, self.keys)
        return PacketSealer(self.store.cached, self.admission, audit, pair=pair, is_enforced=is_enforced)

    def guard(self) -> RoleGuard:
        """Return what says who may do what."""
        return RoleGuard(self.store.cached)

    def audited(self) -> list[str]:
        """Return the verdicts that were noted, the oldest first."""
        return [fields["standing"] for _, fields in self.node.xrange(self.keys.audit)]


def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have passwords cost next to nothing in this test."""
    monkeypatch.setitem(key_files._SCRYPT, "n", 16)  # pyright: ignore[reportPrivateUsage] - no setting of anybody's


@contextmanager
def swarm_on(server: Server, folder: Path) -> Generator[Swarm]:
    """Yield a swarm on a server, whose admin is pinned in a folder."""
    with closing(server.connect()) as client, closing(server.node()) as node:
        admin = key_files.generate("chief")
        swarm = Swarm(server, client, node, f"kb:{{{uuid4().hex}}}:", folder, admin)
        swarm.pinned.trust(admin.public)
        yield swarm


def packet(origin: str, *, at: datetime | None = None) -> Packet:
    """Return a packet dispatched now, or then."""
    made = Packet(origin, {"claim": "so it is", "confidence": 0.5})
    return made if at is None else replace(made, dispatched_at=at)


def utc(ms: int) -> datetime:
    """Return milliseconds since 1970 as an aware time."""
    return datetime.fromtimestamp(ms / 1000, UTC)
