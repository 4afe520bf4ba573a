"""Proposals: put before people once, read, decided once."""

from typing import Any

from kitbash.observe import logs
from kitbash.swarm import actions, check
from kitbash.swarm import proposal as proposals
from kitbash.swarm.commands.trusting import read_packet, readable, refuse_moved, trusted
from kitbash.swarm.commands.writing import stamped, write
from kitbash.swarm.errors import Invalid, Refused
from kitbash.swarm.proposal import Decision, Proposal
from kitbash.swarm.request import Ask, AskAll, Bus, Permit, Steps
from kitbash.swarm.scripts import Verb, WriteCode
from kitbash.swarm.sealing import Operation
from kitbash.swarm.speech import SpeechAct
from kitbash.swarm.stored import Fields, flat, read

_log = logs.logger(__name__)


def propose(bus: Bus, proposal: Proposal, agent: str) -> Steps[bool]:
    """Put a fact before people, and return True; False if it was before, or too many wait already."""
    yield Permit(agent, Operation.PROPOSE)
    at = bus.keys.proposal(proposal.id)
    if (yield Ask(("EXISTS", at))):
        return False
    if (yield Ask(("ZCARD", bus.keys.proposals))) >= proposals.MOST_OPEN:
        _log.warning("swarm.not_proposed", finding=proposal.id, waiting=proposals.MOST_OPEN)
        return False
    contents = proposals.contents_of(proposal)
    stamp = yield from stamped(bus, agent, Operation.PROPOSE.value, lambda: contents, SpeechAct.REQUEST)
    told = (stamp.around(contents), "proposed", agent, bus.events_length)
    code = yield from write(
        Verb.OPEN_MATTER,
        (at, bus.keys.proposals, bus.keys.packet(at), bus.keys.events),
        (proposal.id, proposal.score, proposals.TTL_S, *told, *flat(proposals.fields_of(proposal))),
    )
    return code is WriteCode.DONE


def waiting(bus: Bus, agent: str, most: int) -> Steps[list[Proposal]]:
    """Return the proposals nobody has decided about, the oldest first, but for those that are not trusted."""
    yield Permit(agent, Operation.GET_PROPOSALS)
    ids = yield Ask(("ZRANGE", bus.keys.proposals, 0, most - 1))
    keys = [bus.keys.proposal(proposal_id) for proposal_id in ids if check.is_name(proposal_id)]
    replies = yield AskAll([("HGETALL", key) for key in keys])
    there = [(key, fields) for key, fields in zip(keys, replies, strict=True) if fields]
    return (yield from readable(_trusted(bus, key, fields) for key, fields in there))


def get(bus: Bus, proposal_id: str, agent: str) -> Steps[Proposal | None]:
    """Return a proposal as it stands, or None. Raises Refused if its packets are not trusted."""
    yield Permit(agent, Operation.GET_PROPOSALS)
    at = bus.keys.proposal(proposal_id)
    fields = yield Ask(("HGETALL", at))
    return (yield from _trusted(bus, at, fields)) if fields else None


def to_decide(bus: Bus, proposal_id: str, agent: str) -> Steps[Proposal | None]:
    """Return a proposal as it stands to who may decide about it, or None. Raises Refused for others."""
    yield Permit(agent, Operation.DECIDE_PROPOSAL)
    return (yield from get(bus, proposal_id, agent))


def _trusted(bus: Bus, key: str, fields: Fields) -> Steps[Proposal]:
    proposal = read(key, fields, proposals.of_fields)
    refuse_moved(key, bus.keys.proposal(proposal.id))
    if not bus.is_sealed:
        return proposal
    texts: list[str] = yield Ask(("LRANGE", bus.keys.packet(key), 0, -1))
    said = packed(proposal)
    if len(texts) != len(said):
        message = f"proposal {proposal.id} is not handed out: it has {len(texts)} packets, not {len(said)}"
        raise Refused(message)
    for place, (text, contents) in enumerate(zip(texts, said, strict=True)):
        fits = actions.DECISION if place else actions.PROPOSAL
        yield from trusted(bus, read_packet(text, contents), f"proposal {proposal.id}", fits)
    return proposal


def packed(proposal: Proposal) -> list[dict[str, Any]]:
    """Return what its packets carry: who proposed it sealed the first, who decided it the last."""
    proposed = proposals.contents_of(proposal)
    if proposal.decision is Decision.PENDING:
        return [proposed]
    return [proposed, _decided(proposal.id, proposal.decision, proposal.decided_by)]


def _decided(proposal_id: str, decision: Decision, person: str) -> dict[str, Any]:
    return {"id": proposal_id, "decision": decision.value, "decided_by": person}


def decide(bus: Bus, proposal_id: str, decision: Decision, *, person: str, agent: str) -> Steps[bool]:
    """Note what a person decided, once; return False if it was decided before.

    Raises Invalid if there is no such proposal, or for a decision that is none.
    """
    yield Permit(agent, Operation.DECIDE_PROPOSAL)
    decided = check.one_of(Decision, decision, "decision")
    if decided is Decision.PENDING:
        message = "a proposal is not decided as pending; say accepted or refused"
        raise Invalid(message)
    check.text(person, "person", most_chars=check.MAX_NAME_CHARS, is_needed=True)
    contents = _decided(proposal_id, decided, person)
    stamp = yield from stamped(bus, agent or person, Operation.DECIDE_PROPOSAL.value, lambda: contents)
    at = bus.keys.proposal(proposal_id)
    said = (decided.value, "", person, stamp.at, stamp.around(contents))
    code = yield from write(
        Verb.RESOLVE_MATTER,
        (at, bus.keys.proposals, bus.keys.packet(at), bus.keys.events),
        (proposal_id, *said, proposals.TTL_S, bus.events_length, f"proposal_{decided.value}"),
    )
    if code is WriteCode.ABSENT:
        message = f"there is no proposal {proposal_id}; `kitbash swarm proposals` lists those there are"
        raise Invalid(message)
    return code is WriteCode.DONE
