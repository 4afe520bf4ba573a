"""Trust on a real server: the key registry against whoever can write to Redis, and the three modes."""

import json
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from kitbash.errors import StoreUnavailable
from kitbash.swarm.errors import Invalid, Occupied, Refused
from kitbash.swarm.sealing import Operation, Standing
from kitbash.swarm.trust import key_files
from kitbash.swarm.trust.audit import MOST_ENTRIES, Audit
from kitbash.swarm.trust.key_files import KeyPair
from kitbash.swarm.trust.pinned import Pinned
from kitbash.swarm.trust.registry import LIFETIME_MS, KeyEntry, Registry
from kitbash.swarm.trust.registry_store import RegistryStore
from kitbash.swarm.trust.roles import Role
from kitbash.swarm.trust.sealer import signed
from kitbash.swarm.trust.signed_registry import sign
from tests import servers
from tests.boards import at_once
from tests.trusted import Swarm, packet, swarm_on, utc

LATE_MS: Final = 2**43


@pytest.fixture(params=["plain", "cluster"])
def swarm(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Swarm]:
    """Return a swarm on each kind of server."""
    with swarm_on(request.getfixturevalue(f"{request.param}_server"), tmp_path / "keys") as swarm:
        yield swarm


def put(swarm: Swarm, stored: Any) -> None:
    """Write a registry as somebody would who can write to Redis."""
    swarm.node.hset(swarm.keys.registry, mapping={name: getattr(stored, name) for name in stored.__slots__})


def test_what_was_published_is_read(swarm: Swarm) -> None:
    ann, bob = swarm.enrol("ann"), swarm.enrol("bob", Role.READER)
    assert [(key.agent, key.role, key.public) for key in swarm.store.read().keys] == [
        ("ann", Role.AGENT, ann.public),
        ("bob", Role.READER, bob.public),
    ]


def test_nothing_published_is_an_empty_registry(swarm: Swarm) -> None:
    assert swarm.store.read() == Registry()


def test_a_key_that_somebody_added_in_redis_is_refused(swarm: Swarm) -> None:
    swarm.enrol("ann")
    intruder = key_files.generate("mallory")
    entry = KeyEntry("mallory", Role.ADMIN, intruder.public, 0, LIFETIME_MS)
    put(swarm, sign(swarm.store.read().with_key(entry), intruder))
    with pytest.raises(Refused, match="not pinned"):
        swarm.store.read()
    put(swarm, replace(sign(Registry(9, (entry,)), intruder), root=swarm.admin.public))
    with pytest.raises(Refused, match="not what its admin signed"):
        swarm.store.read()


def test_an_old_registry_that_somebody_put_back_is_refused_until_it_is_mended(swarm: Swarm) -> None:
    swarm.enrol("ann")
    before = swarm.node.hgetall(swarm.keys.registry)
    swarm.store.change(swarm.admin, lambda it: it.revoking("ann", at_ms=swarm.now_ms(), reason="lost"))
    swarm.node.hset(swarm.keys.registry, mapping=before)
    with pytest.raises(Refused, match="keys publish"):
        swarm.store.read()
    swarm.store.put_back()
    assert swarm.store.read().of("ann")[0].reason == "lost"


@pytest.mark.parametrize("damage", ["delete", "fields", "serial", "bytes"])
def test_a_registry_that_is_gone_or_damaged_is_refused_until_it_is_put_back(swarm: Swarm, damage: str) -> None:
    ann = swarm.enrol("ann")
    match damage:
        case "delete":
            swarm.node.delete(swarm.keys.registry)
        case "fields":
            swarm.node.hdel(swarm.keys.registry, "root")
        case "bytes":
            swarm.node.hset(swarm.keys.registry, "document", b"\xff")
        case _:
            swarm.node.hset(swarm.keys.registry, "serial", "many")
    with pytest.raises(Refused, match="keys publish"):
        swarm.store.read()
    assert swarm.store.put_back().of("ann")[0].public == ann.public
    assert swarm.store.read().of("ann")


def test_a_machine_that_is_behind_does_not_undo_a_revocation(swarm: Swarm, tmp_path: Path) -> None:
    swarm.enrol("ann")
    behind = Pinned(tmp_path / "behind")
    behind.trust(swarm.admin.public)
    store = RegistryStore(swarm.client, swarm.server.url, swarm.keys, behind)
    assert store.read().of("ann")
    swarm.store.change(swarm.admin, lambda it: it.revoking("ann", at_ms=swarm.now_ms(), reason="lost"))
    assert store.put_back().of("ann")[0].reason == "lost"
    assert swarm.store.read().of("ann")[0].reason == "lost"


def test_a_higher_number_is_not_overwritten_by_who_does_not_trust_its_root(swarm: Swarm, tmp_path: Path) -> None:
    second = key_files.generate("second")
    swarm.enrol("ann")
    behind = Pinned(tmp_path / "behind")
    behind.trust(swarm.admin.public)
    store = RegistryStore(swarm.client, swarm.server.url, swarm.keys, behind)
    store.read()
    swarm.pinned.trust(second.public)
    swarm.store.change(second, lambda it: it.revoking("ann", at_ms=swarm.now_ms(), reason="lost"))
    with pytest.raises(Refused, match="higher number"):
        store.put_back()
    assert swarm.store.read().of("ann")[0].reason == "lost"


def two_admins(swarm: Swarm) -> KeyPair:
    """Return a second admin, pinned; both are in the registry."""
    second = swarm.enrol("second", Role.ADMIN)
    swarm.store.change(
        swarm.admin, lambda it: it.with_key(KeyEntry("chief", Role.ADMIN, swarm.admin.public, 0, LATE_MS))
    )
    swarm.pinned.trust(second.public)
    return second


def test_a_revoked_admin_rules_no_more_where_that_was_seen(swarm: Swarm) -> None:
    second = two_admins(swarm)
    swarm.store.change(second, lambda it: it.revoking("chief", at_ms=swarm.now_ms(), reason="lost"))
    before = swarm.store.read()
    put(swarm, sign(Registry(before.serial + 1), swarm.admin))
    with pytest.raises(Refused, match="was revoked"):
        swarm.store.read()
    put(swarm, sign(Registry(before.serial), swarm.admin))
    with pytest.raises(Refused, match="was revoked"):
        swarm.store.read()


def test_a_rotated_admins_old_key_rules_no_more_once_the_new_one_signed(swarm: Swarm) -> None:
    two_admins(swarm)
    newer = key_files.generate("chief")
    now_ms = swarm.now_ms()
    entry = KeyEntry("chief", Role.ADMIN, newer.public, now_ms, now_ms + LIFETIME_MS)
    swarm.store.change(swarm.admin, lambda it: it.with_key(entry))
    # Broken off here, the old key goes on.
    swarm.store.change(swarm.admin, lambda it: replace(it, serial=it.serial + 1))
    swarm.pinned.trust(newer.public)
    swarm.store.change(newer, lambda it: replace(it, serial=it.serial + 1))
    put(swarm, sign(replace(swarm.store.read(), serial=99), swarm.admin))
    with pytest.raises(Refused, match="was rotated"):
        swarm.store.read()


def test_a_machine_that_saw_nothing_has_nothing_to_put_back(swarm: Swarm) -> None:
    with pytest.raises(Invalid, match="has seen no key registry"):
        swarm.store.put_back()


def test_another_type_in_the_way_is_named_and_left_alone(swarm: Swarm) -> None:
    swarm.node.rpush(swarm.keys.registry, "something")
    with pytest.raises(Occupied, match="delete it"):
        swarm.store.read()
    assert swarm.node.lrange(swarm.keys.registry, 0, -1) == ["something"]


def test_a_registry_counts_only_where_its_root_is_pinned(swarm: Swarm, tmp_path: Path) -> None:
    swarm.enrol("ann")
    elsewhere = Pinned(tmp_path / "elsewhere")
    store = RegistryStore(swarm.client, swarm.server.url, swarm.keys, elsewhere)
    with pytest.raises(Refused, match="not pinned"):
        store.read()
    assert elsewhere.trust(swarm.admin.public)
    assert store.read().of("ann")
    assert elsewhere.distrust(swarm.admin.public)
    with pytest.raises(Refused, match="not pinned"):
        store.read()


def test_changes_at_once_are_all_made(swarm: Swarm) -> None:
    agents = [f"agent-{number}" for number in range(6)]
    at_once([lambda agent=agent: swarm.enrol(agent) for agent in agents])
    assert sorted(key.agent for key in swarm.store.read().keys) == agents
    assert swarm.store.read().serial == len(agents)


def test_what_is_cached_is_used_no_longer_than_it_may_be(swarm: Swarm) -> None:
    now_s = [0.0]
    store = RegistryStore(swarm.client, swarm.server.url, swarm.keys, swarm.pinned, cache_s=60, clock=lambda: now_s[0])
    assert store.cached() == Registry()
    swarm.enrol("ann")
    now_s[0] = 59.0
    assert store.cached() == Registry()
    now_s[0] = 60.0
    assert store.cached().of("ann")


def test_sealed_by_one_agent_is_valid_to_another(swarm: Swarm) -> None:
    ann, bob = swarm.enrol("ann"), swarm.enrol("bob")
    sealed = swarm.sealer(ann).seal(packet("ann"), "post_finding")
    verdict = swarm.sealer(bob).check(sealed, datetime.now(UTC))
    assert (verdict.standing, verdict.is_accepted) == (Standing.VALID, True)
    assert swarm.audited() == []


def test_a_packet_that_arrives_is_taken_once(swarm: Swarm) -> None:
    ann, bob = swarm.enrol("ann"), swarm.enrol("bob")
    sent = signed(packet("ann"), "post_finding", ann)
    assert swarm.sealer(bob).receive(sent).is_accepted
    again = swarm.sealer(bob).receive(sent)
    assert (again.standing, again.is_accepted) == (Standing.REPLAYED, False)
    assert swarm.audited() == [Standing.REPLAYED.value]


def test_a_packet_that_was_put_on_the_bus_does_not_arrive_again(swarm: Swarm) -> None:
    ann = swarm.enrol("ann")
    sealed = swarm.sealer(ann).seal(packet("ann"), "post_finding")
    assert swarm.sealer(ann).receive(sealed).standing is Standing.REPLAYED


def test_a_replay_after_the_window_is_outside_it(swarm: Swarm) -> None:
    ann = swarm.enrol("ann")
    sent = signed(packet("ann", at=utc(swarm.now_ms()) - timedelta(seconds=301)), "post_finding", ann)
    assert swarm.sealer(ann).receive(sent).standing is Standing.OUTSIDE_WINDOW


@pytest.mark.parametrize("hours", [1, -1])
def test_an_agent_whose_clock_is_an_hour_off_is_told_so(swarm: Swarm, hours: int) -> None:
    ann = swarm.enrol("ann")
    with pytest.raises(Refused, match="clock of 'ann'"):
        swarm.sealer(ann).seal(packet("ann", at=datetime.now(UTC) + timedelta(hours=hours)), "post_finding")


def test_enforcing_refuses_to_send_without_the_origins_key(swarm: Swarm) -> None:
    ann = swarm.enrol("ann")
    with pytest.raises(Refused, match="no key"):
        swarm.sealer(None).seal(packet("ann"), "post_finding")
    with pytest.raises(Refused, match="signs as 'ann'"):
        swarm.sealer(ann).seal(packet("bob"), "post_finding")


def test_enforcing_refuses_to_send_with_a_key_that_is_not_registered_or_revoked(swarm: Swarm) -> None:
    stranger = key_files.generate("ann")
    with pytest.raises(Refused, match="unknown_agent"):
        swarm.sealer(stranger).seal(packet("ann"), "post_finding")
    ann = swarm.enrol("ann")
    swarm.store.change(swarm.admin, lambda it: it.revoking("ann", at_ms=swarm.now_ms(), reason="lost"))
    with pytest.raises(Refused, match="revoked: lost"):
        swarm.sealer(ann).seal(packet("ann"), "post_finding")


def test_enforcing_refuses_what_is_unsigned_and_warning_takes_and_notes_it(swarm: Swarm) -> None:
    ann = swarm.enrol("ann")
    now = datetime.now(UTC)
    refused = swarm.sealer(ann).check(packet("ann"), now)
    taken = swarm.sealer(ann, is_enforced=False).check(packet("ann"), now)
    assert (refused.standing, refused.is_accepted) == (Standing.UNSIGNED, False)
    assert (taken.standing, taken.is_accepted) == (Standing.UNSIGNED, True)
    assert swarm.audited() == ["unsigned", "unsigned"]


def test_warning_lets_pass_what_enforcing_would_not_send(swarm: Swarm) -> None:
    sealed = swarm.sealer(None, is_enforced=False).seal(packet("ann"), "post_finding")
    assert sealed.signature is None
    assert sealed.chain_of_custody[-1].link
    assert swarm.audited() == ["unsigned"]


def test_the_audit_keeps_the_newest(swarm: Swarm) -> None:
    audit = Audit(swarm.client, swarm.server.url, swarm.keys)
    for number in range(MOST_ENTRIES + 5):
        audit.note(packet("ann"), Standing.INVALID, str(number), is_accepted=False)
    noted = swarm.node.xrange(swarm.keys.audit)
    assert [fields["reason"] for _, fields in noted] == [str(number) for number in range(5, MOST_ENTRIES + 5)]


def test_who_is_registered_may_do_what_the_role_permits_and_nobody_else_anything(swarm: Swarm) -> None:
    swarm.enrol("ann")
    swarm.enrol("eve", Role.READER)
    guard = swarm.guard()
    guard.require("ann", Operation.POST_FINDING)
    guard.require("eve", Operation.GET_FINDING)
    with pytest.raises(Refused, match="'eve' is reader, which may not post_finding"):
        guard.require("eve", Operation.POST_FINDING)
    with pytest.raises(Refused, match="no key that counts"):
        guard.require("mallory", Operation.GET_FINDING)


def test_without_the_server_nothing_is_believed(tmp_path: Path) -> None:
    with servers.plain() as server, swarm_on(server, tmp_path / "keys") as swarm:
        ann = swarm.enrol("ann")
        sealed = swarm.sealer(ann).seal(packet("ann"), "post_finding")
        server.kill()
        with pytest.raises(StoreUnavailable):
            swarm.sealer(ann).check(sealed, datetime.now(UTC))


def test_what_a_machine_pinned_is_its_owners_alone(swarm: Swarm) -> None:
    swarm.enrol("ann")
    assert swarm.folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in swarm.folder.iterdir()} == {
        "roots": 0o600,
        "registry": 0o600,
    }
    assert json.loads((swarm.folder / "registry").read_text())["serial"] == 1
