"""Any server with OpenAI's chat completions as a generator: the prompt is the only message, from the user."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, cast

from pydantic import SecretStr
from typing_extensions import override

from kitbash.errors import EngineRejected, EngineUnavailable
from kitbash.models.generator import Finish, Prompt, Usage
from kitbash.models.refusal import told
from kitbash.models.served import Event, Served, count

MOST_STOPS: Final = 4
"""How many stop sequences the protocol allows; the others are found in the reply by Kitbash."""
_DONE: Final = b"[DONE]"
_OWN: Final = "https://api.openai.com:443"


class OpenAi(Served):
    """A client of one server. Safe to share between threads."""

    kind: ClassVar[str] = "openai"
    path: ClassVar[str] = "/chat/completions"

    def __init__(
        self,
        url: str,
        *,
        model: str = "",
        api_key: SecretStr | None = None,
        slots: int = 1,
        context_tokens: int | None = None,
        setting: str = "KITBASH_KOBOLD",
    ) -> None:
        """Prepare for a server whose base URL ends in `/v1` or the like; nothing is sent yet.

        Local servers mostly serve one model and need no name of it. Raises as `Served` does.
        """
        super().__init__(url, api_key=api_key, slots=slots, context_tokens=context_tokens, setting=setting)
        self._model = model

    @override
    def __str__(self) -> str:
        """Return what stands behind, without secrets."""
        return f"{self._model or self.kind} at {self._server.name}"

    @override
    def _request(self, prompt: Prompt) -> Mapping[str, object]:
        return {
            "model": self._model or "default",
            "messages": [{"role": "user", "content": prompt.text}],
            budget_name(self._server.name): prompt.max_tokens,
            "temperature": prompt.temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
            **({"stop": list(prompt.stop[:MOST_STOPS])} if prompt.stop else {}),
            **({} if prompt.seed is None else {"seed": prompt.seed}),
        }

    @override
    def _read(self, data: bytes) -> Event:
        if data.strip() == _DONE:
            return Event(is_last=True)
        event = self._object(data)
        if event.get("error"):
            message = f"the model at {self._server.name} failed while it replied: {told(event) or 'no reason given'}"
            raise EngineUnavailable(message)
        text, reason = self._choice(event)
        if reason == "content_filter":
            message = f"the model at {self._server.name} filtered its reply; ask in other words"
            raise EngineRejected(message)
        finish = None if reason is None else Finish.LENGTH if reason == "length" else Finish.STOP
        return Event(text, finish, _usage(event.get("usage")))

    def _choice(self, event: Mapping[str, object]) -> tuple[str, str | None]:
        """Return the first choice's text and why it ended; the last event, about usage, has no choice."""
        choices = event.get("choices")
        if not isinstance(choices, list):
            self._refuse("an event without choices")
        if not choices:
            return "", None
        choice = cast("list[object]", choices)[0]
        delta = cast("dict[str, Any]", choice).get("delta") if isinstance(choice, dict) else None
        if not isinstance(choice, dict) or not isinstance(delta, dict):
            self._refuse("an event without text")
        text = cast("dict[str, Any]", delta).get("content")
        reason = cast("dict[str, Any]", choice).get("finish_reason")
        if not isinstance(text, str | None) or not isinstance(reason, str | None):
            self._refuse("an event without text")
        return text or "", reason

    @override
    def _ask_ready(self) -> None:
        self._ask("GET", "/models")


def budget_name(server: str) -> str:
    """Return how a server calls the token budget: OpenAI's own has a newer name, which most others do not know."""
    return "max_completion_tokens" if server == _OWN else "max_tokens"


def _usage(value: object) -> Usage | None:
    if not isinstance(value, dict):
        return None
    said = cast("dict[str, Any]", value)
    prompt, reply = count(said.get("prompt_tokens")), count(said.get("completion_tokens"))
    return None if prompt is None or reply is None else Usage(prompt, reply, is_counted=True)
