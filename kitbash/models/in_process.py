"""A model in this process, as every adapter for one has it: loaded once, after any fork, used by one thread at a time.

The native libraries crash when threads share a model and hang when a loaded one is carried across a fork.
"""

import codecs
import os
import secrets
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar, Final, Protocol

from typing_extensions import override

from kitbash.errors import EngineBusy, EngineError, EngineTimeout, EngineUnavailable
from kitbash.models.deadline import Deadline
from kitbash.models.draft import Draft
from kitbash.models.generator import Finish, Generated, Pieces, Prompt, Reply, Usage, estimate_tokens
from kitbash.models.prompt_fitting import Fitted, fit

ASSUMED_CONTEXT_TOKENS: Final = 2048
LARGEST_CONTEXT_TOKENS: Final = 4096
"""Of a model that has more, unless the settings ask for it: a context takes memory whether it is used or not."""
_RETRY_AFTER_S: Final = 1.0
_COUNTED_WITHIN_S: Final = 0.5
_CLOSED_WITHIN_S: Final = 5.0
_READ_AT_ONCE: Final = 32
"""Tokens between two looks at the deadline while a prompt is read."""
_SEEDS: Final = 2**31


class Loaded(Protocol):
    """A model in memory, as its native library gives it. For one thread at a time."""

    @property
    def context_tokens(self) -> int:
        """Return how many tokens the context holds."""
        ...

    def tokens(self, text: bytes) -> list[int]:
        """Return the tokens of a UTF-8 text without NUL bytes."""
        ...

    def begin(self, tokens: list[int]) -> list[int]:
        """Return what is still to be read of a prompt."""
        ...

    def read(self, tokens: list[int]) -> None:
        """Have the model read tokens after those it has read."""
        ...

    def next(self, *, temperature: float, seed: int) -> int:
        """Return the next token; temperature 0 takes the likeliest."""
        ...

    def is_end(self, token: int) -> bool:
        """Return whether a token ends the text."""
        ...

    def piece(self, token: int) -> bytes:
        """Return the bytes of a token."""
        ...

    def close(self) -> None:
        """Release the memory."""
        ...


class InProcess(ABC):
    """A model file, loaded when it is first needed. Threads may call it; one after the other is served."""

    kind: ClassVar[str]

    def __init__(self, path: Path, *, threads: int = 1, context_tokens: int | None = None) -> None:
        """Remember the file; it is neither opened nor looked at yet."""
        self._path = path
        self._threads = threads
        self._wanted_tokens = context_tokens
        self._lock = threading.Lock()
        self._loaded: Loaded | None = None
        self._is_closed = False
        forget = weakref.WeakMethod(self._forget)
        # Weak, since what is registered stays registered: a closed model must not stay in memory for it.
        os.register_at_fork(after_in_child=lambda: _call(forget))

    @override
    def __str__(self) -> str:
        """Return what stands behind."""
        return f"{self.kind} with {self._path.name}"

    @property
    def slots(self) -> int:
        """Return 1: the process does one call at a time."""
        return 1

    @property
    def context_tokens(self) -> int:
        """Return how many tokens the context has, as far as the file can be read."""
        try:
            return self._context_tokens()
        except EngineError:
            return ASSUMED_CONTEXT_TOKENS

    def count_tokens(self, text: str) -> int:
        """Return how many tokens a text is, or an estimate while another call is served."""
        with suppress(EngineError), self._held(Deadline.within(_COUNTED_WITHIN_S)) as model:
            return len(model.tokens(text.replace("\0", " ").encode("utf-8", "replace")))
        return estimate_tokens(text)

    def ready(self) -> None:
        """Have the model loaded. Raises EngineError's family if it cannot be."""
        with self._held(Deadline.within(_CLOSED_WITHIN_S)):
            pass

    def generate(self, prompt: Prompt) -> Generated:
        """Return the model's reply within the deadline, or raise one of EngineError's family."""
        with self.stream(prompt) as reply:
            return reply.whole()

    def stream(self, prompt: Prompt) -> Reply:
        """Return the reply as it grows; nobody else is served until it has ended or is closed."""
        return Reply(self._pieces(prompt, Deadline.within(prompt.deadline_s)))

    def close(self) -> None:
        """Release the memory, unless a call that was never closed still holds the model."""
        self._is_closed = True
        if self._lock.acquire(timeout=_CLOSED_WITHIN_S):
            try:
                loaded, self._loaded = self._loaded, None
                if loaded is not None:
                    loaded.close()
            finally:
                self._lock.release()

    @abstractmethod
    def _load(self) -> Loaded:
        """Return the model in memory. Raises EngineError's family if the file or the library cannot be used."""

    @abstractmethod
    def _context_tokens(self) -> int:
        """Return how many tokens the context has or will have. Raises ModelFileError if the file cannot be read."""

    def _forget(self) -> None:
        """Begin anew in a forked child: what the parent loaded, and may hold just now, is the parent's."""
        self._lock = threading.Lock()
        self._loaded = None

    @contextmanager
    def _held(self, deadline: Deadline) -> Generator[Loaded]:
        """Have the loaded model for the caller alone."""
        if deadline.is_over:
            raise self._late(deadline)
        lock = self._lock
        if not lock.acquire(timeout=deadline.left_s):
            message = f"{self} is busy with another question"
            raise EngineBusy(message, retry_after_s=_RETRY_AFTER_S)
        try:
            if self._is_closed:
                message = f"{self} is closed"
                raise EngineUnavailable(message)
            if self._loaded is None:
                self._loaded = self._load()
            yield self._loaded
        finally:
            lock.release()

    def _pieces(self, prompt: Prompt, deadline: Deadline) -> Pieces:
        draft = Draft(prompt, str(self))
        with self._held(deadline) as model:
            fitted = fit(prompt.text, model.tokens, context_tokens=model.context_tokens, max_tokens=prompt.max_tokens)
            self._read(model, fitted, deadline)
            finish, said = Finish.LENGTH, 0
            for text in self._said(model, prompt, fitted.max_tokens, deadline):
                if text is None:
                    finish = Finish.STOP
                    break
                said += 1
                shown = draft.add(text)
                if shown:
                    yield shown
                if draft.is_stopped:
                    break
        shown = draft.rest()
        if shown:
            yield shown
        return draft.finished(finish, Usage(len(fitted.tokens), said, is_counted=True, cut_tokens=fitted.cut_tokens))

    def _read(self, model: Loaded, fitted: Fitted, deadline: Deadline) -> None:
        """Have the prompt read, a few tokens at a time."""
        tokens = model.begin(fitted.tokens)
        for at in range(0, len(tokens), _READ_AT_ONCE):
            if deadline.is_over:
                raise self._late(deadline)
            model.read(tokens[at : at + _READ_AT_ONCE])

    def _said(self, model: Loaded, prompt: Prompt, max_tokens: int, deadline: Deadline) -> Iterator[str | None]:
        """Yield the text of each token, and None when the model has ended its reply by itself."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        # The library seeds its dice for every token: the same seed for all would throw the same each time.
        seed = secrets.randbelow(_SEEDS) if prompt.seed is None else prompt.seed
        for number in range(max_tokens):
            if deadline.is_over:
                raise self._late(deadline)
            token = model.next(temperature=prompt.temperature, seed=(seed + number) % _SEEDS)
            if model.is_end(token):
                yield None
                return
            yield decoder.decode(model.piece(token))
            if number + 1 < max_tokens:
                model.read([token])

    def _late(self, deadline: Deadline) -> EngineTimeout:
        return EngineTimeout(f"{self} did not finish within {deadline.allowed_s:.1f} s")


def _call(method: "weakref.WeakMethod[Callable[[], None]]") -> None:
    found = method()
    if found is not None:
        found()
