"""A KoboldCpp server as a generator (its own API, version 1.2.5).

Its stream tells no usage, so tokens are estimated: the prompt's from its text, the reply's by its events.
"""

from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from kitbash.models.generator import Finish, Prompt
from kitbash.models.served import Event, Served, count


class KoboldCpp(Served):
    """A client of one KoboldCpp server. Safe to share between threads."""

    kind: ClassVar[str] = "koboldcpp"
    path: ClassVar[str] = "/api/extra/generate/stream"

    @override
    def _request(self, prompt: Prompt) -> Mapping[str, object]:
        return {
            "prompt": prompt.text,
            "max_length": prompt.max_tokens,
            "temperature": prompt.temperature,
            "stop_sequence": list(prompt.stop),
            "trim_stop": True,
            **({} if prompt.seed is None else {"sampler_seed": prompt.seed}),
        }

    @override
    def _read(self, data: bytes) -> Event:
        event = self._object(data)
        token = event.get("token", "")
        if not isinstance(token, str):
            self._refuse("an event without text")
        reason = event.get("finish_reason")
        if not reason:
            return Event(token)
        return Event(token, Finish.STOP if reason == "stop" else Finish.LENGTH, is_last=True)

    @override
    def _ask_ready(self) -> None:
        # Served without a key, also where one is set.
        if self._ask("GET", "/api/extra/version").get("llm") is False:
            self._refuse("that it has no language model loaded")

    @override
    def _ask_context_tokens(self) -> int | None:
        return count(self._ask("GET", "/api/extra/true_max_context_length").get("value"))

    @override
    def _ask_count(self, text: str) -> int | None:
        return count(self._ask("POST", "/api/extra/tokencount", {"prompt": text}).get("value"))
