"""Telling the events of a query as they happen, while its layers run in the same process."""

import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from kitbash.blackboard.board import Blackboard, Event, EventKind
from kitbash.domain.answer import Answer, Status
from kitbash.domain.ids import QueryId
from kitbash.errors import StoreUnavailable

BLOCK_MS: Final = 100


class Listening:
    """Tells a listener of every event, from a thread of its own, until the query has ended or the block is left.

    A listener that raises hears no more; the query is then ended as failed, which stops its model, and what was raised
    is raised when the block is left.
    """

    def __init__(self, board: Blackboard, query_id: QueryId, on_event: Callable[[Event], None]) -> None:
        """Prepare; nothing is told yet."""
        self._board = board
        self._query_id = query_id
        self._on_event = on_event
        self._left = threading.Event()
        self._broke_off: BaseException | None = None
        self._thread = threading.Thread(target=self._listen, name="listening", daemon=True)

    def __enter__(self) -> Self:
        """Begin to listen; the query need not be open yet."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Have everything told that has happened."""
        self._left.set()
        self._thread.join()
        if self._broke_off is not None and error is None:
            raise self._broke_off

    def _listen(self) -> None:
        try:
            self._tell()
        except BaseException as error:  # noqa: BLE001 - whatever a listener raises is the caller's to have
            self._broke_off = error
            with suppress(StoreUnavailable):
                self._board.finish(self._query_id, Answer(Status.FAILED, "Its listener broke off.", None, 0.0))

    def _tell(self) -> None:
        after = "0"
        while True:
            # Asked before reading: what happened up to then is told in any case.
            is_last = self._left.is_set()
            try:
                events = self._board.events(self._query_id, after=after, block_ms=1 if is_last else BLOCK_MS)
            except StoreUnavailable:
                # Whoever runs the layers meets it too, and says so.
                return
            for event in events:
                after = event.entry_id
                self._on_event(event)
                if event.kind is EventKind.FINISHED:
                    return
            if is_last and not events:
                return
