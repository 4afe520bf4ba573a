"""What all commands that write share: packets sealed before they are sent, and what came of a script."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from kitbash.swarm import check
from kitbash.swarm.errors import Occupied
from kitbash.swarm.packet import Packet, envelope_to, plain_envelope
from kitbash.swarm.request import Argument, Bus, RunScript, Seal, Steps
from kitbash.swarm.scripts import Verb, WriteCode
from kitbash.swarm.speech import SpeechAct
from kitbash.swarm.stored import dumps, dumps_flat

_OCCUPIED: Final = WriteCode.OCCUPIED.value
_CODES: Final = {code.value: code for code in WriteCode}


class Stamp(NamedTuple):
    """The envelope of one write as JSON, and what of it a script needs: its id, and its time in ISO 8601."""

    tracking_id: str
    at: str
    envelope: str

    def around(self, contents: Mapping[str, Any]) -> str:
        """Return the packet as it is stored by itself: the envelope with the contents in it."""
        return f'{self.envelope[:-1]},"contents":{dumps_flat(contents)}}}'


def stamped(
    bus: Bus,
    agent: str,
    action: str,
    contents: Callable[[], Mapping[str, Any]],
    speech_act: SpeechAct = SpeechAct.INFORM,
) -> Steps[Stamp]:
    """Return the envelope of what an agent is about to write, sealed if packets are."""
    if not bus.is_sealed:
        tracking_id, at = check.new_id(), check.now_text()
        return Stamp(tracking_id, at, plain_envelope(agent, action, speech_act, tracking_id, at))
    packet: Packet = yield Seal(Packet(agent, contents(), speech_act), action)
    return Stamp(packet.tracking_id, packet.dispatched_at.isoformat(), dumps(envelope_to(packet)))


def write(verb: Verb, keys: Sequence[str], args: Sequence[Argument]) -> Steps[WriteCode]:
    """Run a script that writes once. Raises Occupied, naming the key, if one holds another type."""
    reply = yield RunScript(verb, keys, args)
    refuse_occupied(reply, keys)
    return _CODES[reply[0]]


def refuse_occupied(reply: Sequence[int], keys: Sequence[str]) -> None:
    """Raise Occupied if that is what a script replied."""
    if reply[0] == _OCCUPIED:
        key = keys[reply[1] - 1]
        message = (
            f"the key {key} holds another type than the bus keeps there, and nothing was written; see what wrote it "
            "(redis-cli TYPE), then DEL it"
        )
        raise Occupied(message)
