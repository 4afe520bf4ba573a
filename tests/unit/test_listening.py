"""A listener in the caller's process: what it raises ends the query and is raised where it was waited for."""

import pytest

from kitbash.blackboard.board import Event
from kitbash.cascade.listening import Listening
from kitbash.domain.answer import Status
from tests.boards import MAX_DELIVERIES, TTL_S, new_query
from tests.twins.memory_board import MemoryBlackboard
from tests.waiting import until


def test_what_a_listener_raises_ends_the_query_and_is_raised_at_the_end_of_the_block() -> None:
    board = MemoryBlackboard(ttl_s=TTL_S, max_deliveries=MAX_DELIVERIES)
    query = new_query()

    def broken(event: Event) -> None:
        message = f"cannot show {event.kind}"
        raise BrokenPipeError(message)

    def is_over() -> bool:
        trace = board.trace(query.query_id)
        return trace is not None and trace.state == Status.FAILED

    def listened() -> None:
        with Listening(board, query.query_id, broken):
            board.open(query)
            until(is_over)

    with pytest.raises(BrokenPipeError, match="cannot show"):
        listened()
