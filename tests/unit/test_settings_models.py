"""Which model the settings name, and what is made of them."""

from pathlib import Path
from typing import Any

import pytest

from kitbash.errors import ConfigError
from kitbash.models import making
from kitbash.models.ctransformers import Ctransformers
from kitbash.models.koboldcpp import KoboldCpp
from kitbash.models.llama_cpp import LlamaCppPython
from kitbash.models.llamacpp import LlamaCpp
from kitbash.models.openai import OpenAi
from kitbash.runtime import Runtime
from kitbash.settings.language_model import Model
from tests.unit.settings_kit import Given, alone


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Given:
    return alone(tmp_path, monkeypatch)


def runtime(given: Given, **env: str) -> Runtime:
    return Runtime(given.load(env=env).settings)


def test_without_settings_there_is_no_model(given: Given) -> None:
    here = runtime(given)
    assert here.generator is None
    assert here.small_generator is None


def test_the_plain_names_of_the_servers_are_enough(given: Given) -> None:
    here = runtime(given, BITNET_HOST="small", BITNET_PORT="8081", KOBOLD_HOST="large")
    assert str(here.small_generator) == "llama.cpp at http://small:8081"
    assert str(here.generator) == "koboldcpp at http://large:5001"


def test_a_file_wins_over_a_server(given: Given) -> None:
    here = runtime(given, BITNET_HOST="small", KITBASH_BITNET__PATH="~/m.gguf", KITBASH_KOBOLD__PATH="/l.gguf")
    assert str(here.small_generator) == "ctransformers with m.gguf"
    assert str(here.generator) == "ctransformers with l.gguf"


def test_a_file_of_both_layers_is_in_memory_once(given: Given) -> None:
    here = runtime(given, KITBASH_BITNET__PATH="/m.gguf", KITBASH_KOBOLD__PATH="/m.gguf")
    assert here.small_generator is here.generator
    here.close()


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"path": "m.gguf"}, Ctransformers),
        ({"path": "m.gguf", "engine": "llama-cpp-python"}, LlamaCppPython),
        ({"url": "http://h:1"}, KoboldCpp),
        ({"url": "http://h:1", "engine": "llamacpp"}, LlamaCpp),
        ({"host": "h", "engine": "openai", "model": "m", "api_key": "k"}, OpenAi),
    ],
)
def test_the_engine_decides_what_is_made(settings: dict[str, Any], kind: type) -> None:
    made = making.make(Model.model_validate(settings), server="koboldcpp", setting="KITBASH_KOBOLD")
    assert type(made) is kind
    made.close()


@pytest.mark.parametrize(
    ("env", "why"),
    [
        ({"KITBASH_KOBOLD__ENGINE": "ctransformers"}, "set path"),
        ({"KITBASH_KOBOLD__ENGINE": "openai", "KITBASH_KOBOLD__PATH": "m.gguf"}, "set url"),
        ({"KITBASH_BITNET__ENGINE": "ollama"}, "ctransformers"),
        ({"KITBASH_BITNET__CONTEXT_TOKENS": "1"}, "256"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(given: Given, env: dict[str, str], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        given.load(env=env)


@pytest.mark.parametrize("url", ["ftp://h", "h:80", "http://h/?x=1", "http://h\n"])
def test_an_address_that_is_none_names_its_setting(given: Given, url: str) -> None:
    with pytest.raises(ConfigError, match="KITBASH_BITNET__URL"):
        _ = runtime(given, KITBASH_BITNET__URL=url).small_generator


def test_nothing_that_is_shown_of_a_model_tells_its_key(given: Given) -> None:
    here = runtime(given, KITBASH_KOBOLD__URL="http://me:sesame@h:1", KITBASH_KOBOLD__API_KEY="sesame2")
    made = here.generator
    assert "sesame" not in f"{made} {made!r} {vars(made)} {here.settings.kobold.api_key!r}"
