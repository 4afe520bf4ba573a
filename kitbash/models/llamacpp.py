"""A server of llama.cpp or bitnet.cpp as a generator: both run `llama-server` and speak its own API."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from typing_extensions import override

from kitbash.errors import EngineUnavailable
from kitbash.models.generator import Finish, Prompt, Usage
from kitbash.models.refusal import told
from kitbash.models.served import Event, Served, count


class LlamaCpp(Served):
    """A client of one `llama-server`. Safe to share between threads."""

    kind: ClassVar[str] = "llama.cpp"
    path: ClassVar[str] = "/completion"

    @override
    def _request(self, prompt: Prompt) -> Mapping[str, object]:
        return {
            "prompt": prompt.text,
            "n_predict": prompt.max_tokens,
            "temperature": prompt.temperature,
            "stop": list(prompt.stop),
            "stream": True,
            "cache_prompt": True,
            **({} if prompt.seed is None else {"seed": prompt.seed}),
        }

    @override
    def _read(self, data: bytes) -> Event:
        event = self._object(data)
        if "error" in event:
            message = f"the model at {self._server.name} failed while it replied: {told(event) or 'no reason given'}"
            raise EngineUnavailable(message)
        text = event.get("content", "")
        if not isinstance(text, str):
            self._refuse("an event without text")
        if event.get("stop") is not True:
            return Event(text)
        # Older servers, and bitnet.cpp's, say it in a flag each; newer ones in a word.
        is_cut = event.get("stop_type") == "limit" or event.get("stopped_limit") is True
        return Event(text, Finish.LENGTH if is_cut else Finish.STOP, _usage(event), is_last=True)

    @override
    def _ask_ready(self) -> None:
        self._ask("GET", "/health")

    @override
    def _ask_context_tokens(self) -> int | None:
        settings = self._ask("GET", "/props").get("default_generation_settings")
        return count(cast("dict[str, Any]", settings).get("n_ctx")) if isinstance(settings, dict) else None

    @override
    def _ask_count(self, text: str) -> int | None:
        tokens = self._ask("POST", "/tokenize", {"content": text}).get("tokens")
        return len(cast("list[object]", tokens)) if isinstance(tokens, list) else None


def _usage(event: Mapping[str, object]) -> Usage | None:
    prompt, reply = count(event.get("tokens_evaluated")), count(event.get("tokens_predicted"))
    return None if prompt is None or reply is None else Usage(prompt, reply, is_counted=True)
