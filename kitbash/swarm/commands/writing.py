"""What all commands that write share: packets sealed before they are sent, and what came of a script."""

from collections.abc import Mapping, Sequence
from typing import Any

from kitbash.swarm.errors import Occupied
from kitbash.swarm.packet import Packet, envelope_to, packet_to
from kitbash.swarm.request import Argument, RunScript, Seal, Steps
from kitbash.swarm.scripts import Verb, WriteCode
from kitbash.swarm.speech import SpeechAct
from kitbash.swarm.stored import dumps


def sealed(
    agent: str, action: str, contents: Mapping[str, Any], speech_act: SpeechAct = SpeechAct.INFORM
) -> Steps[Packet]:
    """Return a sealed packet of an agent's."""
    packet: Packet = yield Seal(Packet(agent, contents, speech_act), action)
    return packet


def whole(packet: Packet) -> str:
    """Return a packet as it is stored by itself."""
    return dumps(packet_to(packet))


def envelope(packet: Packet) -> str:
    """Return a packet as it is stored beside its contents."""
    return dumps(envelope_to(packet))


def write(verb: Verb, keys: Sequence[str], args: Sequence[Argument]) -> Steps[WriteCode]:
    """Run a script that writes once. Raises Occupied, naming the key, if one holds another type."""
    reply = yield RunScript(verb, keys, args)
    refuse_occupied(reply, keys)
    return WriteCode(reply[0])


def refuse_occupied(reply: Sequence[int], keys: Sequence[str]) -> None:
    """Raise Occupied if that is what a script replied."""
    if reply[0] == WriteCode.OCCUPIED:
        key = keys[reply[1] - 1]
        message = (
            f"the key {key} holds another type than the bus keeps there, and nothing was written; see what wrote it "
            "(redis-cli TYPE), then DEL it"
        )
        raise Occupied(message)
