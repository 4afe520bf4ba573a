"""`kitbash swarm proposals`."""

import getpass
from enum import StrEnum

from kitbash.cli import output
from kitbash.client import Client
from kitbash.errors import UsageError
from kitbash.swarm import proposal as codec
from kitbash.swarm.accepting import CARTRIDGE, accept
from kitbash.swarm.client import RedisBusClient
from kitbash.swarm.proposal import Decision, Proposal


class Action(StrEnum):
    """What can be done with a proposal."""

    ACCEPT = "accept"
    REFUSE = "refuse"


def proposals(action: str, proposal_id: str, *, person: str, most: int, as_json: bool) -> None:
    """Print the proposals nobody has decided about, after accepting or refusing one if asked to.

    Raises UsageError for another action, or one without a proposal.
    """
    if action not in {"", *Action} or bool(action) is not bool(proposal_id):
        message = "say what to do and with which: kitbash swarm proposals accept ID, or refuse ID"
        raise UsageError(message)
    with Client() as client:
        bus = client.runtime.swarm
        by = person or getpass.getuser()
        agent = bus.agent_id or by
        if action == Action.ACCEPT:
            built = accept(bus, proposal_id, client.runtime.settings.paths.cartridges, person=by, agent_id=agent)
            output.note(f"{built.folder} holds {built.facts} facts, {built.added} of them new")
        elif action == Action.REFUSE:
            refuse(bus, proposal_id, by, agent)
        found = bus.get_proposals(most=most, agent_id=agent)
    if as_json:
        output.print_json([codec.contents_of(it) for it in found])
        return
    for it in found:
        show(it)
    if not found:
        output.note(f"Nothing is proposed for {CARTRIDGE}.")


def refuse(bus: RedisBusClient, proposal_id: str, person: str, agent: str) -> None:
    """Have a proposal refused, and say what came of it."""
    is_new = bus.decide_proposal(proposal_id, Decision.REFUSED, person=person, agent_id=agent)
    output.note("refused" if is_new else "somebody decided about this before; that decision stays")


def show(proposal: Proposal) -> None:
    """Print one proposal: what it says, how sure, which question it answers, on what it stands."""
    output.line(f"{proposal.id}  {proposal.confidence:.2f}  {proposal.claim}")
    if proposal.question:
        output.line(f"  answers: {proposal.question}")
    output.line(f"  {'; '.join(proposal.sources)}")
