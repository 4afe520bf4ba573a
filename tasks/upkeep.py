"""Queue `upkeep`: queries whose canvas died are ended or resumed, those that ended are archived and learned from."""

from typing import Final

from kitbash.blackboard.board import Pulse
from kitbash.blackboard.lanes import DeadLetter
from kitbash.cascade.stages import plan_in
from kitbash.cascade.step import late
from kitbash.cascade.sweep import MOST_RESUMED, Care, care
from kitbash.celery import app
from kitbash.domain.layer import Stage, Upkeep
from kitbash.errors import BusError
from kitbash.observe import logs
from kitbash.runtime import UPKEEP_AGENT, current
from tasks.escalation import resume

log: Final = logs.logger("kitbash.upkeep")

BATCH: Final = 500
"""How many open queries one sweep looks at, the oldest first."""


@app.task(name=Upkeep.SWEEP.value, trail=False)
def sweep() -> None:
    """Have every open query looked after: ended by its deadline, sent again when nothing happens to it."""
    for pulse in current().board.pulses(BATCH):
        try:
            tend(pulse)
        except BusError as error:
            # One that something else wrote to must not keep the others waiting.
            log.warning("query.unreadable", query_id=pulse.query_id, reason=str(error))


@app.task(name=Upkeep.ARCHIVE.value, trail=False)
def archive() -> None:
    """Have what has ended archived and counted."""
    current().archivist.drain_all()


@app.task(name=Upkeep.TIDY.value, trail=False)
def tidy() -> None:
    """Have old days of the archive compressed and deleted."""
    current().archivist.tidy()


@app.task(name=Upkeep.METABOLISE.value, trail=False)
def metabolise() -> None:
    """Have the metabolism's cycle run that is due, if one is and nobody else runs one."""
    current().metabolism.tick()


@app.task(name=Upkeep.HYGIENE.value, trail=False)
def hygiene() -> None:
    """Have the findings bus looked through and repaired, if it is looked after here."""
    if current().settings.swarm.enabled:
        current().swarm.scan(agent_id=current().settings.trust.agent or UPKEEP_AGENT)


@app.task(name=Upkeep.RELAY.value, trail=False)
def relay() -> None:
    """Have told of queries what the findings bus brought about them, if the bus is looked after here."""
    if current().settings.swarm.enabled:
        current().relay.run()


def tend(pulse: Pulse) -> None:
    """Do what one query needs; two sweeps at once do it once."""
    board = current().board
    match care(pulse):
        case Care.EXPIRE:
            board.finish(pulse.query_id, late())
            for name in pulse.died:
                stage = Stage(name.rpartition(":")[0] if name.count(":") else name)
                reason = "its worker died, and the query's time ran out before it could be delivered again"
                board.bury(DeadLetter(stage.queue, name, pulse.query_id, reason))
            log.warning("query.expired", query_id=pulse.query_id)
        case Care.FORGET:
            board.forget(pulse.query_id)
        case Care.RESUME:
            trace = board.trace(pulse.query_id)
            if trace is not None and board.resume(pulse, most=MOST_RESUMED):
                plan = plan_in(trace.work) if Stage.TRIAGE.value in pulse.done else None
                resume(pulse.query_id, pulse.done, plan)
                log.warning("query.resumed", query_id=pulse.query_id, times=pulse.resumed + 1)
        case Care.NOTHING:
            pass
