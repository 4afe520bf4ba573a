"""A model on a server, as every adapter for one has it: what differs is what is sent and how an event reads.

Replies are read from the event stream, since only a closed stream makes the server stop: whatever ends the call early,
a deadline, an error or an oversized reply, also ends the generation.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NoReturn

from pydantic import SecretStr
from typing_extensions import override

from kitbash.errors import EngineBadReply, EngineError, EngineTimeout, EngineUnavailable
from kitbash.models.deadline import Deadline
from kitbash.models.draft import Draft
from kitbash.models.events import data_of
from kitbash.models.generator import Finish, Generated, Pieces, Prompt, Reply, Usage, estimate_tokens
from kitbash.models.refusal import check
from kitbash.models.wire import Server, parsed

ASSUMED_CONTEXT_TOKENS: Final = 2048
ASKED_WITHIN_S: Final = 0.5
"""For questions about the model, which have an answer without the server too."""
_LEAST_LIMIT_BYTES: Final = 1_000_000
_EVENT_BYTES: Final = 1_000
_EVENT_STREAM: Final = "text/event-stream"
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a reply: more text, why the reply ended, what it took. Nothing wanted comes after the last."""

    text: str = ""
    finish: Finish | None = None
    usage: Usage | None = None
    is_last: bool = False


class Served(ABC):
    """A client of one server. Safe to share between threads."""

    kind: ClassVar[str]
    path: ClassVar[str]

    def __init__(
        self,
        url: str,
        *,
        api_key: SecretStr | None = None,
        slots: int = 1,
        context_tokens: int | None = None,
        setting: str = "KITBASH_KOBOLD",
    ) -> None:
        """Prepare for a server at `http://host:port`; nothing is sent yet.

        Without `context_tokens` the server is asked. Raises ConfigError, which names the setting, for a bad URL or key.
        """
        self._server = Server(url, setting=setting, api_key=api_key)
        self._slots = slots
        self._context_tokens = context_tokens
        self._told_context_tokens: int | None = None

    @override
    def __str__(self) -> str:
        """Return what stands behind, without secrets."""
        return f"{self.kind} at {self._server.name}"

    @property
    def slots(self) -> int:
        """Return how many calls it takes at once, as the settings say."""
        return self._slots

    @property
    def context_tokens(self) -> int:
        """Return how many tokens the model's context has, from the settings, the server, or assumed."""
        return self._context_tokens or self._told() or ASSUMED_CONTEXT_TOKENS

    def _told(self) -> int:
        """Return what the server tells of its context, 0 for nothing; asked again while it cannot be reached."""
        if self._told_context_tokens is None:
            try:
                self._told_context_tokens = max(0, self._ask_context_tokens() or 0)
            except EngineError:
                return 0
        return self._told_context_tokens

    def count_tokens(self, text: str) -> int:
        """Return how many tokens the server says a text is, or an estimate."""
        try:
            counted = self._ask_count(text)
        except EngineError:
            counted = None
        return estimate_tokens(text) if counted is None else counted

    def ready(self) -> None:
        """Return if the server answers and its model is loaded. Raises EngineError's family if not."""
        self._ask_ready()

    def generate(self, prompt: Prompt) -> Generated:
        """Return the model's reply within the deadline, or raise one of EngineError's family."""
        with self.stream(prompt) as reply:
            return reply.whole()

    def stream(self, prompt: Prompt) -> Reply:
        """Return the reply as it grows; closing it closes the connection, so that the server stops."""
        return Reply(self._pieces(prompt, Deadline.within(prompt.deadline_s)))

    def close(self) -> None:  # noqa: B027 - true of every server
        """Have nothing open: each call closes its own connection."""

    @abstractmethod
    def _request(self, prompt: Prompt) -> Mapping[str, object]:
        """Return the body of the request."""

    @abstractmethod
    def _read(self, data: bytes) -> Event:
        """Return what an event says. Raises EngineBadReply for what the protocol does not allow."""

    @abstractmethod
    def _ask_ready(self) -> None:
        """Raise EngineError's family if the server does not answer, or has no model yet."""

    def _ask_context_tokens(self) -> int | None:
        """Return what the server says of its context, or None if it cannot say."""
        return None

    def _ask_count(self, text: str) -> int | None:
        """Return how many tokens the server says a text is, or None if it cannot say."""
        del text
        return None

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Return what the server says about itself or a text."""
        with self._server.exchange(method, path, body, Deadline.within(ASKED_WITHIN_S)) as exchange:
            check(exchange, self._server.name, content=_JSON)
            return exchange.json()

    def _pieces(self, prompt: Prompt, deadline: Deadline) -> Pieces:
        draft = Draft(prompt, str(self))
        finish: Finish | None = None
        usage: Usage | None = None
        # Room for every token in an event of its own, and for servers that send the prompt back.
        limit_bytes = (
            _LEAST_LIMIT_BYTES + _EVENT_BYTES * prompt.max_tokens + 2 * len(prompt.text.encode("utf-8", "replace"))
        )
        try:
            with self._server.exchange("POST", self.path, self._request(prompt), deadline) as exchange:
                check(exchange, self._server.name, content=_EVENT_STREAM)
                for data in data_of(exchange.chunks(limit_bytes)):
                    event = self._read(data)
                    shown = draft.add(event.text)
                    if shown:
                        yield shown
                    finish, usage = event.finish or finish, event.usage or usage
                    if event.is_last or draft.is_stopped:
                        break
        except (EngineTimeout, EngineUnavailable):
            # A reply that has ended is whole, whatever becomes of the connection.
            if finish is None:
                raise
        if finish is None and not draft.is_stopped:
            message = f"the model at {self._server.name} broke off in the middle of its reply"
            raise EngineUnavailable(message)
        shown = draft.rest()
        if shown:
            yield shown
        return draft.finished(finish or Finish.STOP, usage)

    def _object(self, data: bytes) -> dict[str, Any]:
        return parsed(data, self._server.name)

    def _refuse(self, what: str) -> NoReturn:
        message = f"the model at {self._server.name} sent {what}"
        raise EngineBadReply(message)


def count(value: object) -> int | None:
    """Return a JSON number that can be a count, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None
