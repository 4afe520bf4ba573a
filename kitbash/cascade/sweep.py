"""What to do about a query that has not ended: nothing, end it, send its canvas again, or drop it from the list."""

from enum import Enum, auto
from typing import Final

from kitbash.blackboard.board import OPEN, Blackboard, Pulse
from kitbash.cascade.step import late

STALLED_MS: Final = 3000
"""How long nothing may happen to a query, with no lease running, before its canvas is sent again; doubled each time."""
MOST_RESUMED: Final = 4
CLOSING_MS: Final = 1250
"""How long before its deadline an open query is ended: the sweep runs every second, and it must be over by then."""


_LOOKED_AT: Final = 50


class Care(Enum):
    """What a query needs."""

    NOTHING = auto()
    EXPIRE = auto()
    RESUME = auto()
    FORGET = auto()


def close_dead(board: Blackboard) -> None:
    """Have queries whose caller died ended when their time is up, and dropped from the open ones when they ended.

    Raises StoreUnavailable when the blackboard does not answer.
    """
    for pulse in board.pulses(_LOOKED_AT):
        match care(pulse):
            case Care.EXPIRE:
                board.finish(pulse.query_id, late())
            case Care.FORGET:
                board.forget(pulse.query_id)
            case Care.RESUME | Care.NOTHING:
                pass


def care(pulse: Pulse) -> Care:
    """Return what a query needs, by the server's clock. A long queue looks like a death, hence the doubling."""
    if pulse.state != OPEN:
        # Listed before it exists: a query this young may still be on its way in.
        young = pulse.state is None and pulse.now_ms - int(pulse.query_id[:12], 16) < STALLED_MS
        return Care.NOTHING if young else Care.FORGET
    if pulse.now_ms >= pulse.deadline_ms - CLOSING_MS:
        return Care.EXPIRE
    if pulse.lease_until_ms > pulse.now_ms:
        return Care.NOTHING
    quiet_ms = pulse.now_ms - max(pulse.touched_ms, pulse.lease_until_ms)
    # A lease that ended with its stage undone is a death; silence may be one.
    patience_ms = 0 if pulse.died else STALLED_MS * 2**pulse.resumed
    return Care.RESUME if quiet_ms >= patience_ms and pulse.resumed < MOST_RESUMED else Care.NOTHING
