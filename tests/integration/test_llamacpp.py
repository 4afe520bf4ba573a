"""A llama.cpp or bitnet.cpp server: what is asked of it, and what it tells of itself."""

import json
from dataclasses import replace
from typing import Any, Final

import pytest
from pydantic import SecretStr

from kitbash.errors import EngineBusy, EngineRejected, EngineUnavailable
from kitbash.models.generator import Finish, Prompt, Usage
from kitbash.models.llamacpp import LlamaCpp
from tests.integration import kobold_server as server
from tests.integration.kobold_server import Behaviour, serving
from tests.model_servers.dialects import LLAMA, PROMPT_TOKENS, REPLY_TOKENS, data

PROMPT: Final = Prompt("Why does ice float?", max_tokens=20, temperature=0.3, deadline_s=5.0)


def said(value: Any) -> Behaviour:
    """Return an answer in JSON."""
    return server.answer("200 OK", json.dumps(value))


def test_the_request_carries_the_prompt_and_its_bounds() -> None:
    with serving(LLAMA.echo) as got:
        model = LlamaCpp(got.url, api_key=SecretStr("sesame"))
        reply = model.generate(replace(PROMPT, text="“Zürich”?", seed=7, stop=("END",)))
        assert reply.text == "“Zürich”?"
        assert got.call.line == "POST /completion HTTP/1.1"
        assert got.call.headers["authorization"] == "Bearer sesame"
        assert got.call.body == {
            "prompt": "“Zürich”?",
            "n_predict": 20,
            "temperature": 0.3,
            "stop": ["END"],
            "stream": True,
            "cache_prompt": True,
            "seed": 7,
        }


def test_the_usage_is_what_the_server_counted() -> None:
    with serving(LLAMA.reply(" Yes.")) as got:
        assert LlamaCpp(got.url).generate(PROMPT).usage == Usage(PROMPT_TOKENS, REPLY_TOKENS, is_counted=True)


@pytest.mark.parametrize(
    ("flags", "finish"),
    [
        ({"stopped_limit": True}, Finish.LENGTH),
        ({"stop_type": "limit"}, Finish.LENGTH),
        ({"stopped_eos": True, "stopped_limit": False}, Finish.STOP),
        ({"stop_type": "word"}, Finish.STOP),
        ({}, Finish.STOP),
    ],
)
def test_old_and_new_servers_say_why_they_stopped(flags: dict[str, Any], finish: Finish) -> None:
    with serving(LLAMA.stream(LLAMA.said("Yes."), data({"content": "", "stop": True, **flags}))) as got:
        reply = LlamaCpp(got.url).generate(PROMPT)
    assert reply.finish is finish
    assert not reply.usage.is_counted


def test_an_error_in_the_stream_is_told() -> None:
    event = data({"error": {"code": 500, "message": "context\x1b[31m shift failed", "type": "server_error"}})
    with serving(LLAMA.stream(LLAMA.said("Yes"), event)) as got, pytest.raises(EngineUnavailable) as error:
        LlamaCpp(got.url).generate(PROMPT)
    assert str(error.value).endswith("failed while it replied: context[31m shift failed")


def test_the_reason_of_a_refusal_is_told() -> None:
    body = {"error": {"code": 400, "message": "the request exceeds the available context size", "type": "x"}}
    with (
        serving(server.answer("400 Bad Request", json.dumps(body))) as got,
        pytest.raises(EngineRejected, match="status 400: the request exceeds the available context size"),
    ):
        LlamaCpp(got.url).generate(PROMPT)


def test_it_is_ready_when_its_model_is_loaded() -> None:
    loading = server.answer("503 Service Unavailable", LLAMA.busy)
    with serving(server.in_turn(loading, said({"status": "ok"}))) as got:
        model = LlamaCpp(got.url)
        with pytest.raises(EngineBusy):
            model.ready()
        model.ready()
        assert [call.line for call in got.calls] == ["GET /health HTTP/1.1"] * 2


def test_its_context_is_asked_once() -> None:
    with serving(server.in_turn(said({"default_generation_settings": {"n_ctx": 4096}, "total_slots": 1}))) as got:
        model = LlamaCpp(got.url)
        assert model.context_tokens == model.context_tokens == 4096
        assert len(got.calls) == 1


def test_a_context_that_is_set_is_not_asked() -> None:
    assert LlamaCpp("http://127.0.0.1:9", context_tokens=512).context_tokens == 512


@pytest.mark.parametrize("told", [None, 1, {}, {"n_ctx": "x"}, {"n_ctx": -1}, {"n_ctx": True}])
def test_a_server_that_does_not_say_its_context_has_the_assumed_one(told: object) -> None:
    with serving(said({"default_generation_settings": told})) as got:
        assert LlamaCpp(got.url).context_tokens == 2048


def test_tokens_are_counted_by_the_server() -> None:
    with serving(said({"tokens": [1, 2, 3]})) as got:
        assert LlamaCpp(got.url).count_tokens("three tokens, it says") == 3
        assert got.call.body == {"content": "three tokens, it says"}
