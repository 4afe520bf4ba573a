"""A proposal that a person accepts becomes a fact of the user's experiment cartridge; nothing else writes there."""

from pathlib import Path
from typing import Final

from kitbash.domain.fact import Fact
from kitbash.domain.level import Level
from kitbash.domain.question import printable
from kitbash.knowledge.adding import add
from kitbash.knowledge.build import Built
from kitbash.knowledge.layout import CartridgeName, Faction
from kitbash.knowledge.source import claiming
from kitbash.knowledge.source.statement import text_of
from kitbash.swarm.client import RedisBusClient
from kitbash.swarm.errors import Invalid
from kitbash.swarm.proposal import Decision, Proposal

CARTRIDGE: Final = CartridgeName("research", Faction.EXPERIMENT)
DESCRIPTION: Final = "What agents found out together and a person accepted."
LEVEL: Final = Level.NARRATIVE
LEAST_SURE: Final = 0.30
MOST_SURE: Final = 0.80
"""By the faction table of the format: L2, 0.30 to 0.80, however sure those are who found it."""


def fact_of(proposal: Proposal) -> Fact:
    """Return what is proposed as a fact, with its sources; it also answers its question in the words it was asked in.

    Raises KnowledgeError for a text that is too long for a fact.
    """
    text = text_of(printable(proposal.claim), f"proposal {proposal.id}")
    question = printable(proposal.question)
    return Fact(
        cartridge=str(CARTRIDGE),
        fact_id=0,
        text=text,
        level=LEVEL,
        confidence=round(min(max(proposal.confidence, LEAST_SURE), MOST_SURE), 4),
        sources=tuple(printable(it) for it in proposal.sources),
        aliases=(question,) if question else (),
        claims=claiming.claims_of(text),
    )


def accept(bus: RedisBusClient, proposal_id: str, where: Path, *, person: str, agent_id: str = "") -> Built:
    """Write a proposal's fact into the experiment cartridge in a folder, and note that it was accepted.

    The fact comes first: who dies between accepts again, which adds nothing. Raises Invalid if there is no such
    proposal, or it was refused, and Refused, having written nothing, for who may not decide.
    """
    proposal = bus.get_proposal_to_decide(proposal_id, agent_id)
    if proposal is None:
        message = f"there is no proposal {proposal_id}; `kitbash swarm proposals` lists those there are"
        raise Invalid(message)
    if proposal.decision is Decision.REFUSED:
        message = f"proposal {proposal_id} was refused by {proposal.decided_by}, and that stays; nothing was written"
        raise Invalid(message)
    built = add(CARTRIDGE, fact_of(proposal), where, description=DESCRIPTION)
    bus.decide_proposal(proposal_id, Decision.ACCEPTED, person=person, agent_id=agent_id)
    return built
