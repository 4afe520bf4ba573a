"""A server with OpenAI's chat completions: what is asked of it, and how its reply is read."""

from dataclasses import replace
from typing import Any, Final

import pytest
from pydantic import SecretStr

from kitbash.errors import EngineRejected, EngineUnavailable
from kitbash.models.generator import Finish, Prompt, Usage
from kitbash.models.openai import OpenAi, budget_name
from tests.integration import kobold_server as server
from tests.integration.kobold_server import serving
from tests.model_servers.dialects import OPENAI, PROMPT_TOKENS, REPLY_TOKENS, data

PROMPT: Final = Prompt("Why does ice float?", max_tokens=20, temperature=0.3, deadline_s=5.0)


def choice(reason: str | None = None, **delta: Any) -> bytes:
    """Return an event with one choice."""
    return data({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})


def test_the_request_is_one_message_and_its_bounds() -> None:
    with serving(OPENAI.echo) as got:
        model = OpenAi(f"{got.url}/v1/", model="a-model", api_key=SecretStr("sesame"))
        reply = model.generate(replace(PROMPT, seed=7, stop=("a#", "b#", "c#", "d#", "e#")))
        assert reply.text == PROMPT.text
        assert str(model).startswith("a-model at http://127.0.0.1:")
        assert got.call.line == "POST /v1/chat/completions HTTP/1.1"
        assert got.call.headers["authorization"] == "Bearer sesame"
        assert got.call.body == {
            "model": "a-model",
            "messages": [{"role": "user", "content": PROMPT.text}],
            "max_tokens": 20,
            "temperature": 0.3,
            "stream": True,
            "stream_options": {"include_usage": True},
            "stop": ["a#", "b#", "c#", "d#"],
            "seed": 7,
        }


def test_a_fifth_stop_sequence_is_found_all_the_same() -> None:
    with serving(OPENAI.reply(" Yes", " e", "# no")) as got:
        assert OpenAi(got.url).generate(replace(PROMPT, stop=("a#", "b#", "c#", "d#", "e#"))).text == "Yes"


def test_usage_comes_after_the_reply() -> None:
    with serving(OPENAI.reply(" Yes.")) as got:
        assert OpenAi(got.url).generate(PROMPT).usage == Usage(PROMPT_TOKENS, REPLY_TOKENS, is_counted=True)


def test_a_server_that_tells_no_usage_and_no_done_is_understood() -> None:
    events = (choice(role="assistant", content=None), choice(content="Yes."), choice("length"))
    with serving(OPENAI.stream(*events)) as got:
        reply = OpenAi(got.url).generate(PROMPT)
    assert (reply.text, reply.finish, reply.usage.is_counted) == ("Yes.", Finish.LENGTH, False)


def test_a_filtered_reply_is_rejected() -> None:
    filtered = OPENAI.stream(choice(content="Ye"), choice("content_filter"))
    with serving(filtered) as got, pytest.raises(EngineRejected, match="filtered"):
        OpenAi(got.url).generate(PROMPT)


def test_an_error_in_the_stream_is_told() -> None:
    failing = OPENAI.stream(data({"error": {"message": "out of memory"}}))
    with serving(failing) as got, pytest.raises(EngineUnavailable, match="out of memory"):
        OpenAi(got.url).generate(PROMPT)


def test_a_refused_key_is_not_quoted() -> None:
    quoted = '{"error": {"message": "Incorrect API key provided: sesame"}}'
    with serving(server.answer("401 Unauthorized", quoted)) as got, pytest.raises(EngineRejected) as error:
        OpenAi(got.url, api_key=SecretStr("sesame")).generate(PROMPT)
    assert "sesame" not in str(error.value)


def test_openais_own_service_gets_the_newer_name_of_the_budget() -> None:
    assert budget_name("https://api.openai.com:443") == "max_completion_tokens"
    assert budget_name("https://api.openai.com.example:443") == "max_tokens"
