"""The chain of custody: nothing can be taken out, moved, changed, cut off or slipped in."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from kitbash.swarm.packet import Custody, Packet
from kitbash.swarm.sealing import Standing
from kitbash.swarm.trust import custody
from kitbash.swarm.trust.judge import judge
from kitbash.swarm.trust.sealer import signed
from tests.unit.trust_kit import ANN, BOB, NOW, NOW_MS, WINDOW_MS, packet, registry

CHANGES: Final[dict[str, Callable[[list[Custody]], object]]] = {
    "first out": lambda it: it.pop(0),
    "second out": lambda it: it.pop(1),
    "third out": lambda it: it.pop(2),
    "last cut off": lambda it: it.pop(),
    "reversed": lambda it: it.reverse(),
    "moved": lambda it: it.insert(1, it.pop(2)),
    "first twice": lambda it: it.insert(0, it[0]),
    "last twice": lambda it: it.append(it[-1]),
    "agent": lambda it: it.__setitem__(1, replace(it[1], agent="ann")),
    "action": lambda it: it.__setitem__(1, replace(it[1], action="complete_task")),
    "time": lambda it: it.__setitem__(1, replace(it[1], at=it[1].at + timedelta(microseconds=1))),
    "link": lambda it: it.__setitem__(1, replace(it[1], link="")),
    "all out": lambda it: it.clear(),
}


def travelled() -> Packet:
    """Return what bob was handed and took further, and ann signs at the end."""
    handed = custody.extended(packet(), "ann", "post_task", NOW)
    handed = custody.extended(handed, "bob", "claim_task", NOW + timedelta(seconds=1))
    handed = custody.extended(handed, "bob", "release_task", NOW + timedelta(seconds=2))
    return signed(handed, "claim_task", ANN)


def rechained(chain: tuple[Custody, ...], change: Callable[[list[Custody]], object]) -> tuple[Custody, ...]:
    entries = list(chain)
    change(entries)
    return tuple(entries)


def test_a_whole_chain_has_no_fault() -> None:
    assert custody.fault(travelled()) is None


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_chain_that_was_tampered_with_is_broken(change: Callable[[list[Custody]], object]) -> None:
    whole = travelled()
    broken = replace(whole, chain_of_custody=rechained(whole.chain_of_custody, change))
    found, reason = judge(broken, registry(ANN, BOB), NOW_MS, ahead_ms=WINDOW_MS)
    assert found is Standing.CUSTODY_BROKEN
    assert reason


def test_a_chain_that_was_made_anew_without_an_entry_does_not_have_the_signature() -> None:
    whole = travelled()
    again = replace(whole, chain_of_custody=())
    for kept in (whole.chain_of_custody[0], whole.chain_of_custody[3]):
        again = custody.extended(again, kept.agent, kept.action, kept.at)
    assert custody.fault(again) is None
    assert judge(again, registry(ANN, BOB), NOW_MS, ahead_ms=WINDOW_MS)[0] is Standing.INVALID
