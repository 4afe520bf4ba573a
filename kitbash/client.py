"""How a program asks: `Client().ask("What is the speed of light?")`."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from typing import Final, Self

from kitbash.archive import finding
from kitbash.blackboard.board import Ended, Event, EventKind, FinishCode, NewQuery, Trace
from kitbash.cascade import direct, reflex
from kitbash.cascade.archivist import Drained
from kitbash.cascade.background import Background
from kitbash.cascade.feedback import Asked, Feedback, give
from kitbash.cascade.listening import Listening
from kitbash.cascade.recorded import recorded
from kitbash.cascade.step import answer_of, late, tokens_of, verdict_of
from kitbash.cascade.sweep import close_dead
from kitbash.domain import question
from kitbash.domain.answer import Answer, AskMode, Mode, Result, Status
from kitbash.domain.ids import QueryId, new_query_id, parse_query_id
from kitbash.domain.judgement import Judgement
from kitbash.domain.layer import Queue, Stage
from kitbash.domain.strategy import Strategy
from kitbash.errors import KitbashError, KnowledgeError, NotFound, StoreUnavailable, UsageError
from kitbash.runtime import Runtime
from kitbash.settings import Settings, load

_BLOCK_MS: Final = 1000
_TAKEN_UP_S: Final = 1.0
_LATE_MS: Final = 60_000
_USER_CHARS: Final = 200
_LATER: Final = frozenset({EventKind.FOUND, EventKind.CONFLICT})
_NEEDED: Final = (Queue.REFLEX, Queue.BITNET, Queue.CARTRIDGE, Queue.KOBOLD)


class Client:
    """Asks questions of one Kitbash. Not to be carried across a fork."""

    def __init__(self, settings: Settings | None = None, *, runtime: Runtime | None = None) -> None:
        """Use the given settings, or those in force; nothing is opened before the first question."""
        self.runtime = runtime or Runtime(settings or load().settings)
        self._background = Background(self.archive)

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Have what was asked archived, close connections and files, and leave a private server."""
        try:
            self._background.stop()
            if self._background.was_nudged:
                self.archive()
        finally:
            self.runtime.close()

    def ask(
        self,
        text: str,
        *,
        mode: AskMode = AskMode.AUTO,
        project: str | None = None,
        user: str = "",
        timeout_s: float | None = None,
        on_event: Callable[[Event], None] | None = None,
        consensus: Strategy | None = None,
    ) -> Result:
        """Return the answer to a question, or that it is not known, within the timeout.

        `user` is whose questions these are, for what is remembered of them. `on_event` is told of each event of the
        query as it happens, a reply piece by piece; where the layers run here, by a thread of its own. Whoever breaks
        off ends the query, and a model that replies to it stops. `consensus` lets all engines answer and vote, unless
        Layer 0 knows; without it the settings decide. Raises UsageError for a question that cannot be asked,
        StoreUnavailable when Redis does not answer.
        """
        started_s = time.monotonic()
        query = self._query(text, mode=mode, project=project, user=user, timeout_s=timeout_s, consensus=consensus)
        result = self._ask(query, mode, started_s, on_event)
        self._background.nudge()
        return result

    def _ask(
        self, query: NewQuery, mode: AskMode, started_s: float, on_event: Callable[[Event], None] | None
    ) -> Result:
        if mode is AskMode.AUTO:
            at_once = self._reflex(query, started_s)
            if at_once is not None:
                return at_once
            if self._has_workers():
                query = replace(query, mode=Mode.CELERY)
        if query.mode is Mode.CELERY:
            self._send(query)
            if mode is AskMode.AUTO and not self._is_started(query.query_id):
                # Workers announced themselves and died since: claims let this process take over.
                return self._directly(query, started_s, on_event, is_open=True)
            with self._or_broken_off(query.query_id):
                return self._wait(query.query_id, query.text, started_s, query.timeout_ms / 1000, on_event=on_event)
        return self._directly(query, started_s, on_event, is_open=False)

    @contextmanager
    def _or_broken_off(self, query_id: QueryId) -> Generator[None]:
        """Have a query ended whose caller goes away, so that nobody works on it any more."""
        try:
            yield
        except BaseException:
            with suppress(StoreUnavailable):
                self.runtime.board.finish(query_id, Answer(Status.FAILED, "The caller broke off.", None, 0.0))
            raise

    def _directly(
        self, query: NewQuery, started_s: float, on_event: Callable[[Event], None] | None, *, is_open: bool
    ) -> Result:
        """Run the layers here; whatever goes wrong, the query does not stay open."""
        query_id, with_ = query.query_id, self.runtime.collaborators
        listener = Listening(self.runtime.board, query_id, on_event) if on_event else nullcontext()
        with self._or_broken_off(query_id), listener:
            ended = direct.run(query_id, with_) if is_open else direct.begin(query, with_)
        if ended is None:
            return self._ended(query_id, query.text, query.mode, started_s)
        return Result(query_id, query.text, ended.answer, ended.verdicts, query.mode, _waited_ms(started_s))

    def _is_started(self, query_id: QueryId) -> bool:
        """Return whether a worker took up the query within a second."""
        ends_s = time.monotonic() + _TAKEN_UP_S
        after = "0"
        while (left_s := ends_s - time.monotonic()) > 0:
            for event in self.runtime.board.events(query_id, after=after, block_ms=max(1, int(left_s * 1000))):
                after = event.entry_id
                if event.kind is not EventKind.OPENED:
                    return True
        return False

    def submit(
        self,
        text: str,
        *,
        project: str | None = None,
        user: str = "",
        timeout_s: float | None = None,
        consensus: Strategy | None = None,
    ) -> QueryId:
        """Have a question sent to the workers, and return the id to `wait` for or to `stream`."""
        mode = AskMode.CELERY
        query = self._query(text, mode=mode, project=project, user=user, timeout_s=timeout_s, consensus=consensus)
        self._send(query)
        return query.query_id

    def wait(self, query_id: QueryId, *, timeout_s: float | None = None) -> Result:
        """Return how a submitted query ended; one that outlives the timeout is ended as expired.

        Raises NotFound for a query that does not exist, or no longer.
        """
        trace = self.trace(query_id)
        left_s = timeout_s if timeout_s is not None else self.runtime.settings.query.timeout_s
        return self._wait(query_id, trace.text, time.monotonic(), left_s)

    def stream(self, query_id: QueryId, *, follow_s: float = 0.0) -> Iterator[Event]:
        """Yield the events of a query, those that were and those to come, up to its end and what was found since.

        With `follow_s` it goes on for so many seconds after the end, or until the findings bus brought a finding; where
        no worker looks after that, this process does.
        """
        known = self.trace(query_id)
        after = "0"
        while True:
            for event in self.runtime.board.events(query_id, after=after, block_ms=_BLOCK_MS):
                yield event
                after = event.entry_id
                if event.kind is EventKind.FINISHED:
                    yield from self._follow(query_id, after, follow_s)
                    return
            # One whose keys are gone, or that is long past its deadline, has no end to wait for.
            if time.time() * 1000 > known.deadline_ms + _LATE_MS or self.runtime.board.trace(query_id) is None:
                return

    def cancel(self, query_id: QueryId) -> bool:
        """End a query that is still open, whoever works on it; return False if it had ended or is unknown."""
        answer = Answer(Status.FAILED, "It was cancelled.", None, 0.0)
        return self.runtime.board.finish(query_id, answer) is FinishCode.FINISHED

    def _follow(self, query_id: QueryId, after: str, follow_s: float) -> Iterator[Event]:
        """Yield what the findings bus brought after a query's end, waiting for a finding if there is none yet."""
        ends_s = time.monotonic() + follow_s
        board, block_ms, is_found = self.runtime.board, 0, False
        while True:
            for event in board.events(query_id, after=after, block_ms=block_ms):
                after = event.entry_id
                is_found = is_found or event.kind is EventKind.FOUND
                if event.kind in _LATER:
                    yield event
            left_s = ends_s - time.monotonic()
            if is_found or left_s <= 0 or board.trace(query_id) is None:
                return
            if not board.workers().get(Queue.UPKEEP):
                self.archive()
            block_ms = max(1, min(_BLOCK_MS, int(left_s * 1000)))

    def trace(self, query_id: QueryId) -> Trace:
        """Return everything known about a query. Raises NotFound if there is none of this id, or no longer."""
        trace = self.runtime.board.trace(query_id)
        if trace is None:
            message = f"there is no query {query_id}; traces are kept for {self.runtime.settings.query.ttl_s} s"
            raise NotFound(message)
        return trace

    def feedback(self, query_id: str, judgement: Judgement, text: str = "") -> Feedback:
        """Have an answer judged right or wrong for its grain and its engine, or corrected by a text for a person.

        Counts once a query; the last judgement stands. Raises NotFound for a query that is neither on the blackboard
        nor in the archive, UsageError for one whose answer cannot be judged, or a correction that is none.
        """
        asked = self._asked(parse_query_id(query_id))
        runtime = self.runtime
        at_ms = time.time_ns() // 1_000_000
        found = give(asked, judgement, runtime.grains, runtime.library, runtime.engines, text=text, at_ms=at_ms)
        if found.grain is not None:
            runtime.crystals.keep(found.grain)
        return found

    def archive(self) -> Drained:
        """Have what has ended archived and counted, as `upkeep` does where workers run, for at most a few seconds.

        Nothing is raised: what could not be archived waits on the blackboard, and the log says why.
        """
        runtime = self.runtime
        try:
            close_dead(runtime.board)
            if runtime.archivist.archive is None and runtime.board.workers().get(Queue.UPKEEP):
                # Whoever archives nothing leaves it to those who may.
                return Drained()
            drained = runtime.archivist.drain_all()
            runtime.archivist.tidy()
            if runtime.settings.swarm.open_tasks:
                runtime.relay.run()
        except KitbashError as error:
            return Drained(error=str(error))
        return drained

    def _asked(self, query_id: QueryId) -> Asked:
        trace = self.runtime.board.trace(query_id)
        if trace is not None:
            return Asked(query_id, trace.text, trace.answer, trace.user)
        root = self.runtime.settings.paths.archive
        archived = finding.find(root, query_id)
        if archived is None:
            message = (
                f"there is no query {query_id}, neither on the blackboard nor in the archive at {root}; "
                "`kitbash ask` prints the id of each question"
            )
            raise NotFound(message)
        was = recorded(archived.trace)
        return Asked(query_id, was.text, was.answer, str(archived.trace.get("user", "")))

    def _query(
        self,
        text: str,
        *,
        mode: AskMode,
        project: str | None,
        user: str,
        timeout_s: float | None,
        consensus: Strategy | None,
    ) -> NewQuery:
        settings = self.runtime.settings
        asked = question.parse(text, max_chars=settings.query.max_chars)
        name = project or settings.query.project
        rule = self.runtime.policy.project(name)
        wait_s = settings.query.timeout_s if timeout_s is None else timeout_s
        if not 0 < wait_s <= settings.query.ttl_s:
            message = f"a timeout of {wait_s} s cannot be kept; give more than 0 and at most {settings.query.ttl_s} s"
            raise UsageError(message)
        return NewQuery(
            query_id=new_query_id(),
            text=asked.text,
            project=name,
            kappa=rule.kappa,
            timeout_ms=max(1, int(wait_s * 1000)),
            mode=Mode.CELERY if mode is AskMode.CELERY else Mode.DIRECT,
            user=question.printable(user)[:_USER_CHARS],
            consensus=Strategy(settings.query.consensus) if consensus is None else consensus,
        )

    def _reflex(self, query: NewQuery, started_s: float) -> Result | None:
        """Answer in the caller if Layer 0 knows: microseconds, the same function, the same trace."""
        began_s = time.monotonic()
        policy = self.runtime.policy
        try:
            finding = reflex.answer(
                query.text, policy.project(query.project), self.runtime.library, self.runtime.served
            )
        except KnowledgeError:
            # The layers say what is wrong in their verdicts, and go on without it.
            return None
        rule = policy.rule(Stage.REFLEX)
        verdict = verdict_of(Stage.REFLEX, finding, rule.threshold, (time.monotonic() - began_s) * 1000)
        answer = answer_of(verdict, finding)
        if answer is None:
            return None
        answer = replace(answer, tokens=tokens_of(query.text, answer))
        self.runtime.board.open_answered(query, verdict, answer)
        return Result(query.query_id, query.text, answer, (verdict,), query.mode, _waited_ms(started_s))

    def _has_workers(self) -> bool:
        serving = self.runtime.board.workers()
        return all(serving.get(queue) for queue in _NEEDED)

    def _send(self, query: NewQuery) -> None:
        self.runtime.make_current()
        # Imported here: Celery takes longer to import than direct mode takes to answer.
        from kombu.exceptions import OperationalError  # noqa: PLC0415

        from tasks import escalation  # noqa: PLC0415

        self.runtime.board.open(query)
        try:
            escalation.begin(query.query_id)
        except OperationalError as error:
            message = f"the broker did not take the question ({error}); check it with: kitbash doctor"
            self.runtime.board.finish(query.query_id, Answer(Status.FAILED, message, None, 0.0))
            raise StoreUnavailable(message) from error

    def _wait(
        self,
        query_id: QueryId,
        text: str,
        started_s: float,
        timeout_s: float,
        *,
        on_event: Callable[[Event], None] | None = None,
    ) -> Result:
        ends_s = started_s + timeout_s
        after = "0"
        while (left_s := ends_s - time.monotonic()) > 0:
            block_ms = max(1, min(_BLOCK_MS, int(left_s * 1000)))
            if on_event is not None:
                for event in self.runtime.board.events(query_id, after=after, block_ms=block_ms):
                    after = event.entry_id
                    on_event(event)
                block_ms = 1
            # Without a listener only the end wakes this process, not every step on the way.
            ended = self.runtime.board.wait_end(query_id, block_ms=block_ms)
            if ended is not None:
                return Result(query_id, text, ended.answer, ended.verdicts, Mode.CELERY, _waited_ms(started_s))
        # Whoever ends it first wins: a layer that answers at this moment is heard.
        self.runtime.board.finish(query_id, late())
        return self._ended(query_id, text, Mode.CELERY, started_s)

    def _ended(self, query_id: QueryId, text: str, mode: Mode, started_s: float) -> Result:
        board = self.runtime.board
        ended = board.wait_end(query_id, block_ms=1)
        if ended is None:
            board.finish(query_id, Answer(Status.FAILED, "No layer could run.", None, 0.0))
            ended = board.wait_end(query_id, block_ms=1)
        if ended is None:
            ended = Ended(Answer(Status.FAILED, "The answer is gone.", None, 0.0), ())
        return Result(query_id, text, ended.answer, ended.verdicts, mode, _waited_ms(started_s))


def result_of(trace: Trace) -> Result | None:
    """Return a finished query's result as its trace has it, or None while it is open."""
    if trace.answer is None:
        return None
    return Result(trace.query_id, trace.text, trace.answer, trace.verdicts, trace.mode, trace.took_us / 1000)


def _waited_ms(started_s: float) -> float:
    return (time.monotonic() - started_s) * 1000
