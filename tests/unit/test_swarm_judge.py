"""Which packets are believed: each way in which one can be false has its own verdict."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from kitbash.swarm.errors import Invalid
from kitbash.swarm.packet import Packet, Signature
from kitbash.swarm.sealing import Standing
from kitbash.swarm.speech import SpeechAct
from kitbash.swarm.trust import custody, key_files, wire
from kitbash.swarm.trust.judge import judge
from kitbash.swarm.trust.registry import LIFETIME_MS, Registry
from kitbash.swarm.trust.roles import Role
from kitbash.swarm.trust.sealer import signed
from tests.unit.trust_kit import ADMIN, ANN, BOB, NOW, NOW_MS, WINDOW_MS, entry, packet, registry, sealed

KNOWN: Final = registry(ANN, BOB)
CHANGES: Final[dict[str, Callable[[Packet], Packet]]] = {
    "speech act": lambda it: replace(it, speech_act=SpeechAct.ESCALATE),
    "version": lambda it: replace(it, schema_version="1.0"),
    "time": lambda it: replace(it, dispatched_at=it.dispatched_at + timedelta(microseconds=1)),
    "tracking id": lambda it: replace(it, tracking_id=packet().tracking_id),
    "contents": lambda it: replace(it, contents={**it.contents, "confidence": 0.93}),
    "more contents": lambda it: replace(it, contents={**it.contents, "more": None}),
}


def standing(of: Packet, known: Registry = KNOWN, now_ms: int = NOW_MS) -> Standing:
    return judge(of, known, now_ms, ahead_ms=WINDOW_MS)[0]


def test_what_its_origin_signed_is_valid() -> None:
    assert standing(sealed()) is Standing.VALID


def test_what_travelled_as_bytes_is_valid() -> None:
    assert standing(wire.read(wire.write(sealed()))) is Standing.VALID


def test_every_byte_that_is_flipped_is_noticed() -> None:
    data = wire.write(sealed())
    for at in range(len(data)):
        for bit in range(8):
            flipped = data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]
            try:
                read = wire.read(flipped)
            except Invalid:
                continue
            assert standing(read) is not Standing.VALID, (at, bit, flipped)


@pytest.mark.parametrize(
    ("written", "otherwise"),
    [(b'"origin":', b'"origin": '), (b'"ann"', b'"\\u0061nn"'), (b"T12:00:00", b" 12:00:00"), (b"0.92", b"0.920")],
)
def test_bytes_that_mean_the_same_are_refused(written: bytes, otherwise: bytes) -> None:
    data = wire.write(sealed())
    assert written in data
    with pytest.raises(Invalid, match="canonical"):
        wire.read(data.replace(written, otherwise))


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b"null", b"{}", b"[" * 100_000, b'{"a":1}{}'])
def test_bytes_that_are_no_packet_are_refused(data: bytes) -> None:
    with pytest.raises(Invalid):
        wire.read(data)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_field_is_signed(change: Callable[[Packet], Packet]) -> None:
    assert standing(change(sealed())) is Standing.INVALID


def test_an_unsigned_packet_is_unsigned() -> None:
    assert standing(replace(sealed(), signature=None)) is Standing.UNSIGNED


def test_an_agent_without_a_key_is_unknown() -> None:
    assert standing(sealed(ADMIN)) is Standing.UNKNOWN_AGENT


def test_a_packet_under_another_agents_name_is_invalid() -> None:
    stolen = replace(sealed(ANN), origin="bob")
    renamed = replace(
        stolen, chain_of_custody=custody.extended(packet("bob"), "bob", "post_finding", NOW).chain_of_custody
    )
    assert standing(renamed) is Standing.INVALID


def test_another_agents_key_does_not_do() -> None:
    ann = replace(BOB, agent="ann")
    assert standing(signed(packet("ann"), "post_finding", ann)) is Standing.INVALID


def test_a_signature_under_the_name_of_another_key_is_invalid() -> None:
    newer = key_files.generate("ann")
    known = KNOWN.with_key(replace(entry(newer), since_ms=NOW_MS))
    own = sealed(newer)
    assert own.signature
    assert standing(own, known) is Standing.VALID
    assert standing(replace(own, signature=replace(own.signature, key_id=ANN.key_id)), known) is Standing.INVALID


def test_base64_that_could_be_written_otherwise_is_refused() -> None:
    own = sealed()
    assert own.signature
    assert own.signature.value.endswith("==")
    free_bits = own.signature.value[:-3] + chr(ord(own.signature.value[-3]) + 1) + "=="
    assert standing(replace(own, signature=Signature(own.signature.key_id, free_bits))) is Standing.INVALID


@pytest.mark.parametrize("value", ["", "?", "é", b64encode(b"\0" * 63).decode()])
def test_what_is_no_signature_is_invalid(value: str) -> None:
    assert standing(replace(sealed(), signature=Signature(ANN.key_id, value))) is Standing.INVALID


def test_a_revoked_key_counts_for_nothing_not_even_what_it_signed_before() -> None:
    revoked = KNOWN.revoking("ann", at_ms=NOW_MS + 1, reason="lost")
    found, reason = judge(sealed(), revoked, NOW_MS, ahead_ms=WINDOW_MS)
    assert found is Standing.KEY_REVOKED
    assert "lost" in reason
    assert standing(sealed(BOB), revoked) is Standing.VALID


def test_a_key_counts_until_it_expires_for_what_was_dispatched_before() -> None:
    ends = entry(ANN).until_ms
    last = NOW + timedelta(milliseconds=ends - NOW_MS - 1)
    assert standing(sealed(at=last), now_ms=ends + LIFETIME_MS) is Standing.VALID
    assert standing(sealed(at=last + timedelta(milliseconds=1)), now_ms=ends) is Standing.KEY_EXPIRED


def test_a_key_does_not_count_before_it_begins() -> None:
    assert standing(sealed(at=NOW - timedelta(days=2))) is Standing.KEY_EXPIRED


def test_a_rotated_key_counts_for_what_it_signed_before_and_the_new_one_from_then_on() -> None:
    newer = key_files.generate("ann")
    known = KNOWN.with_key(replace(entry(newer), since_ms=NOW_MS, until_ms=NOW_MS + LIFETIME_MS))
    assert standing(sealed(ANN, at=NOW - timedelta(seconds=1)), known) is Standing.VALID
    assert standing(sealed(ANN), known) is Standing.KEY_EXPIRED
    assert standing(sealed(newer), known) is Standing.VALID
    assert standing(sealed(newer, at=NOW - timedelta(seconds=1)), known) is Standing.KEY_EXPIRED


def test_a_packet_from_beyond_the_window_ahead_is_outside_it() -> None:
    assert standing(sealed(at=NOW + timedelta(hours=1))) is Standing.OUTSIDE_WINDOW
    assert standing(sealed(at=NOW + timedelta(seconds=299))) is Standing.VALID


def test_age_alone_does_not_make_what_is_stored_untrue() -> None:
    assert standing(sealed(), now_ms=NOW_MS + LIFETIME_MS * 4) is Standing.VALID


def test_a_role_that_may_not_do_it_makes_it_invalid() -> None:
    readers = registry(ANN, role=Role.READER)
    assert standing(sealed(), readers) is Standing.INVALID
    assert standing(sealed(action="register_swarm")) is Standing.INVALID
    assert standing(sealed(action="register_swarm"), registry(ANN, role=Role.ADMIN)) is Standing.VALID
