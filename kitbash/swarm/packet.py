"""The envelope of everything that is written to the bus: who sent what, when, to what end, and through whose hands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from kitbash.swarm import check
from kitbash.swarm.errors import Invalid
from kitbash.swarm.speech import SpeechAct
from kitbash.swarm.stored import quoted

SCHEMA_VERSION: Final = "1.1"
SCHEMA_VERSIONS: Final = ("1.0", "1.1")
MAX_HANDLERS: Final = 64


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature and the name of the key that made it; `value` is base64."""

    key_id: str
    value: str


@dataclass(frozen=True, slots=True)
class Custody:
    """One hand a packet went through: who did what with it, and when.

    `link` is the digest that ties the entry to all before it, empty where nothing is sealed.
    """

    agent: str
    action: str
    at: datetime = field(default_factory=check.now)
    link: str = ""

    def __post_init__(self) -> None:
        """Check the entry. Raises Invalid."""
        check.text(self.agent, "custody agent", most_chars=check.MAX_NAME_CHARS)
        check.text(self.action, "custody action", most_chars=check.MAX_NAME_CHARS, is_needed=True)
        check.put(self, at=check.instant(self.at, "custody time"))


@dataclass(frozen=True, slots=True)
class Packet:
    """An envelope. `tracking_id` is a UUIDv7 that no other packet has, which makes it the nonce against replay.

    `contents` holds JSON values only. Raises Invalid for fields out of bounds.
    """

    origin: str = ""
    contents: Mapping[str, Any] = field(default_factory=dict[str, Any])
    speech_act: SpeechAct = SpeechAct.INFORM
    tracking_id: str = field(default_factory=check.new_id)
    dispatched_at: datetime = field(default_factory=check.now)
    chain_of_custody: tuple[Custody, ...] = ()
    signature: Signature | None = None
    schema_version: str = SCHEMA_VERSION

    def __post_init__(self) -> None:
        """Check the fields. Raises Invalid."""
        check.name_in_key(self.tracking_id, "tracking_id")
        check.text(self.origin, "origin", most_chars=check.MAX_NAME_CHARS)
        if self.schema_version not in SCHEMA_VERSIONS:
            message = f"schema_version {self.schema_version[:20]!r} is not one of {', '.join(SCHEMA_VERSIONS)}"
            raise Invalid(message)
        if len(self.chain_of_custody) > MAX_HANDLERS:
            message = f"chain_of_custody has {len(self.chain_of_custody)} entries, at most {MAX_HANDLERS} are taken"
            raise Invalid(message)
        check.put(
            self,
            dispatched_at=check.instant(self.dispatched_at, "dispatched_at"),
            speech_act=check.one_of(SpeechAct, self.speech_act, "speech_act"),
            chain_of_custody=tuple(self.chain_of_custody),
        )

    def handled(self, agent: str, action: str, *, at: datetime | None = None, link: str = "") -> "Packet":
        """Return the packet with one more entry of custody."""
        return replace(self, chain_of_custody=(*self.chain_of_custody, Custody(agent, action, at or check.now(), link)))


def envelope_to(packet: Packet) -> dict[str, Any]:
    """Return a packet without its contents as JSON values, as it is stored and as it is signed."""
    signature = packet.signature
    return {
        "tracking_id": packet.tracking_id,
        "origin": packet.origin,
        "dispatched_at": packet.dispatched_at.isoformat(),
        "speech_act": packet.speech_act.value,
        "schema_version": packet.schema_version,
        "chain_of_custody": [custody_to(entry) for entry in packet.chain_of_custody],
        "signature": None if signature is None else [signature.key_id, signature.value],
    }


def plain_envelope(origin: str, action: str, speech_act: SpeechAct, tracking_id: str, at: str) -> str:
    """Return, as JSON, the envelope of a packet that nobody seals: one entry of custody, no signature.

    It is what `envelope_to` gives for such a packet; written out, since it is made with every write. `at` is ISO 8601.
    """
    name = quoted(origin)
    return (
        f'{{"tracking_id":"{tracking_id}","origin":{name},"dispatched_at":"{at}","speech_act":"{speech_act.value}",'
        f'"schema_version":"{SCHEMA_VERSION}","chain_of_custody":[[{name},{quoted(action)},"{at}"]],"signature":null}}'
    )


def packet_to(packet: Packet) -> dict[str, Any]:
    """Return a packet as JSON values."""
    return {**envelope_to(packet), "contents": dict(packet.contents)}


def packet_from(value: Mapping[str, Any]) -> Packet:
    """Return the packet that `packet_to` gave. Raises Invalid for anything else."""
    try:
        signature = value["signature"]
        return Packet(
            origin=value["origin"],
            contents=value["contents"],
            speech_act=SpeechAct(value["speech_act"]),
            tracking_id=value["tracking_id"],
            dispatched_at=check.instant(value["dispatched_at"], "dispatched_at"),
            chain_of_custody=_custodies(value["chain_of_custody"]),
            signature=None if signature is None else Signature(str(signature[0]), str(signature[1])),
            schema_version=value["schema_version"],
        )
    except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
        message = f"what is stored is no packet: {type(error).__name__} {str(error)[:80]}"
        raise Invalid(message) from error


def custody_to(entry: Custody) -> list[str]:
    """Return an entry of custody as JSON values."""
    stored = [entry.agent, entry.action, entry.at.isoformat()]
    return [*stored, entry.link] if entry.link else stored


def _custodies(entries: Iterable[Any]) -> tuple[Custody, ...]:
    return tuple(Custody(it[0], it[1], check.instant(it[2], "custody time"), *it[3:4]) for it in entries)
