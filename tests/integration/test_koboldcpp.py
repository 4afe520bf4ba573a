"""A KoboldCpp server as a generator: what is asked of it, of whom, and what becomes of its reply."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from kitbash.errors import EngineUnavailable, KitbashError
from kitbash.models.generator import Generated
from kitbash.models.koboldcpp import KoboldCpp
from tests.integration import kobold_server as kobold
from tests.integration.kobold_asking import PATIENT, PROMPT, ask, client, refused
from tests.integration.kobold_server import serving


def test_the_tokens_are_joined_and_trimmed() -> None:
    reply = ask(kobold.reply(" Paris", " is the", " capital of France.", "\n"))
    assert reply.text == "Paris is the capital of France."
    assert reply.is_complete
    assert "koboldcpp" in reply.model


def test_a_reply_that_the_token_budget_cut_is_not_complete() -> None:
    assert not ask(kobold.reply(" Paris is", " the", reason="length")).is_complete


def test_a_reply_that_comes_byte_by_byte_is_put_together() -> None:
    data = kobold.STREAM_HEAD + kobold.raw_event('{"token": "Zürich → 东京 \u2028!", "finish_reason": "stop"}')
    assert ask(kobold.drip(data, every_s=0.0005)).text == "Zürich → 东京 \u2028!"


def test_the_request_carries_the_prompt_and_its_bounds() -> None:
    with client(kobold.echo) as (server, model):
        text = "What is in “Zürich”?\n\x00 <🎲> ### \\"
        assert model.generate(replace(PATIENT, text=text, seed=7, stop=("\n###", "END"))).text == text
        assert server.call.line.startswith(f"POST {kobold.PATH} HTTP/1.1")
        assert server.call.headers["content-type"] == "application/json"
        assert server.call.body == {
            "prompt": text,
            "max_length": 20,
            "temperature": 0.3,
            "stop_sequence": ["\n###", "END"],
            "trim_stop": True,
            "sampler_seed": 7,
        }


def test_without_a_seed_none_is_sent() -> None:
    with client(kobold.echo) as (server, model):
        model.generate(PATIENT)
        assert "sampler_seed" not in server.call.body


@pytest.mark.parametrize("tokens", [(" Paris.\nQuestion: Who?", ""), (" Paris.", "\nQues", "tion: Who?", " ### no")])
def test_a_stop_sequence_the_server_let_through_ends_the_text(tokens: tuple[str, ...]) -> None:
    assert ask(kobold.reply(*tokens), replace(PATIENT, stop=("\n###", "\nQuestion:"))).text == "Paris."


@pytest.mark.parametrize(
    "url", ["", "localhost:5001", "ftp://localhost", "http://[::1", "http://a\nb", "http://a..b", "http://x:y"]
)
def test_an_address_that_is_none_is_an_error_of_ours(url: str) -> None:
    with pytest.raises(KitbashError), closing(KoboldCpp(url)) as model:
        model.generate(PROMPT)


@pytest.mark.parametrize("key", ["sesame\n", "se\nsame", "sésame"])
def test_a_key_that_no_header_can_hold_is_refused_without_being_told(key: str) -> None:
    with pytest.raises(KitbashError) as error, client(kobold.echo, api_key=key) as (_, model):
        model.generate(PROMPT)
    assert "same" not in str(error.value)


def test_a_password_in_the_address_is_told_neither_in_an_error_nor_with_the_reply() -> None:
    turns = kobold.in_turn(kobold.echo, kobold.drop)
    with serving(turns) as server, closing(KoboldCpp(server.url.replace("//", "//me:sesame@"))) as model:
        assert "sesame" not in model.generate(PATIENT).model
        assert "sesame" not in str(refused(model))


@pytest.mark.parametrize("status", ["302 Found", "307 Temporary Redirect"])
def test_a_redirect_is_not_followed(status: str) -> None:
    with serving(kobold.drop) as other, client(kobold.redirect(other.url, status), api_key="sesame") as (_, model):
        assert type(refused(model)) is EngineUnavailable
        assert not other.calls


@pytest.mark.parametrize(("key", "sent"), [("sesame", "Bearer sesame"), (None, None), ("", None)])
def test_the_key_is_sent_where_there_is_one(
    key: str | None, sent: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords = tmp_path / "netrc"
    passwords.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(passwords))
    with client(kobold.echo, api_key=key) as (server, model):
        model.generate(PATIENT)
        assert server.call.headers.get("authorization") == sent


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(kobold.reply("from the proxy")) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.lower(), proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert ask(kobold.reply("from the server")).text == "from the server"
        assert not proxy.calls


def test_threads_may_share_a_client() -> None:
    prompts = [replace(PATIENT, text=f"prompt {number}") for number in range(24)]
    with client(kobold.echo) as (_, model), ThreadPoolExecutor(4) as pool:
        replies: Iterator[Generated] = pool.map(model.generate, prompts)
        assert [reply.text for reply in replies] == [prompt.text for prompt in prompts]
