"""The key registry: rotation, revocation, roles, and that only a pinned root's document counts."""

from dataclasses import replace

import pytest

from kitbash.swarm.errors import Invalid, Refused
from kitbash.swarm.trust import key_files
from kitbash.swarm.trust.registry import DAY_MS, KeyEntry, Registry
from kitbash.swarm.trust.roles import Role
from kitbash.swarm.trust.signed_registry import opened, sign
from tests.unit.trust_kit import ADMIN, ANN, BOB, NOW_MS, entry, registry


def test_it_reads_back_what_its_admin_signed() -> None:
    known = registry(ANN, BOB).revoking("bob", at_ms=NOW_MS, reason="left «us»")
    assert opened(sign(known, ADMIN), [ADMIN.public], least_serial=known.serial) == known


def test_a_registry_of_a_root_that_is_not_pinned_is_refused() -> None:
    with pytest.raises(Refused, match="not pinned"):
        opened(sign(registry(ANN), BOB), [ADMIN.public], least_serial=0)


def test_naming_a_pinned_root_does_not_make_it_the_roots() -> None:
    forged = replace(sign(registry(ANN), BOB), root=ADMIN.public)
    with pytest.raises(Refused, match="not what its admin signed"):
        opened(forged, [ADMIN.public], least_serial=0)


def test_every_byte_of_the_document_is_signed() -> None:
    stored = sign(registry(ANN), ADMIN)
    for at in range(len(stored.document)):
        flipped = stored.document[:at] + chr(ord(stored.document[at]) ^ 1) + stored.document[at + 1 :]
        with pytest.raises(Refused):
            opened(replace(stored, document=flipped), [ADMIN.public], least_serial=0)


def test_an_older_registry_than_one_seen_is_refused() -> None:
    before = registry(ANN)
    stored = sign(before, ADMIN)
    with pytest.raises(Refused, match="old one"):
        opened(replace(stored, serial=9), [ADMIN.public], least_serial=before.serial + 1)


def test_a_new_key_ends_the_one_before_it() -> None:
    newer = key_files.generate("ann")
    known = registry(ANN, BOB).with_key(entry(newer, since_ms=NOW_MS))
    assert known.by_id[ANN.key_id].until_ms == NOW_MS
    assert known.by_id[BOB.key_id].until_ms > NOW_MS
    assert known.current("ann", NOW_MS) == known.by_id[newer.key_id]
    assert known.current("ann", NOW_MS - 1) == known.by_id[ANN.key_id]


def test_an_expired_key_is_not_brought_back_by_a_new_one() -> None:
    ended = replace(entry(ANN), until_ms=NOW_MS - 5)
    known = Registry(1, (ended,)).with_key(entry(key_files.generate("ann"), since_ms=NOW_MS))
    assert known.by_id[ANN.key_id].until_ms == NOW_MS - 5


def test_a_key_is_added_once() -> None:
    with pytest.raises(Invalid, match="already"):
        registry(ANN).with_key(entry(ANN, since_ms=NOW_MS))


def test_an_agent_has_one_role() -> None:
    with pytest.raises(Invalid, match="another role"):
        registry(ANN).with_key(entry(key_files.generate("ann"), Role.ADMIN))


def test_an_agent_whose_keys_are_revoked_may_come_back_in_another_role() -> None:
    known = registry(ANN).revoking("ann", at_ms=NOW_MS, reason="")
    newer = key_files.generate("ann")
    assert known.with_key(entry(newer, Role.READER)).current("ann", NOW_MS) == entry(newer, Role.READER)


def test_one_of_several_keys_can_be_revoked() -> None:
    newer = key_files.generate("ann")
    known = (
        registry(ANN).with_key(entry(newer, since_ms=NOW_MS)).revoking("ann", at_ms=NOW_MS, reason="", name=ANN.key_id)
    )
    assert known.by_id[ANN.key_id].revoked_ms == NOW_MS
    assert known.by_id[newer.key_id].revoked_ms is None


@pytest.mark.parametrize("agent", ["nobody", "ann"])
def test_what_is_not_there_cannot_be_revoked(agent: str) -> None:
    known = registry(ANN).revoking("ann", at_ms=NOW_MS, reason="")
    with pytest.raises(Invalid, match="could be revoked"):
        known.revoking(agent, at_ms=NOW_MS, reason="")


@pytest.mark.parametrize(
    "public",
    ["", "AAAA", ANN.public[:-1], ANN.public + "\n", "é" * 44],
    ids=["none", "too-few-bytes", "cut", "with-a-newline", "no-ascii"],
)
def test_what_is_no_public_key_is_refused(public: str) -> None:
    with pytest.raises(Invalid, match="no public key"):
        KeyEntry("ann", Role.AGENT, public, 0, DAY_MS)


@pytest.mark.parametrize("agent", ["", "a:b", "../x", "a*", "a" * 65])
def test_a_name_that_may_not_stand_in_a_key_is_refused(agent: str) -> None:
    with pytest.raises(Invalid):
        KeyEntry(agent, Role.AGENT, ANN.public, 0, DAY_MS)
