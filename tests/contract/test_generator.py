"""What every generator does, whichever runtime stands behind it."""

from collections.abc import Generator as Yields
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from kitbash.errors import EngineTimeout
from kitbash.models.generator import Finish, Generated, Generator, Prompt
from tests.contract.generators import NAMES, TEXT, every

PROMPT: Final = Prompt("Why does ice float?", max_tokens=100, temperature=0.7, deadline_s=10.0, seed=7)


@pytest.fixture(params=NAMES)
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Yields[Generator]:
    with every(request.param, tmp_path) as found:
        yield found


def test_a_reply_is_its_text_without_white_space_around_it(model: Generator) -> None:
    reply = model.generate(PROMPT)
    assert reply.text == TEXT
    assert reply.finish is Finish.STOP
    assert reply.is_complete
    assert reply.model == str(model)


def test_the_pieces_of_a_stream_are_exactly_the_text(model: Generator) -> None:
    with model.stream(PROMPT) as reply:
        pieces = list(reply)
        whole = reply.whole()
    assert len(pieces) > 3
    assert all(pieces)
    assert "".join(pieces) == whole.text == TEXT


def test_usage_and_timings_come_with_the_reply(model: Generator) -> None:
    reply = model.generate(PROMPT)
    assert 1 <= reply.usage.prompt_tokens <= 40
    assert 1 <= reply.usage.completion_tokens <= 100
    assert reply.usage.cut_tokens == 0
    assert 0 < reply.timings.first_text_ms <= reply.timings.total_ms < 10_000


def test_a_reply_that_the_budget_cut_says_so(model: Generator) -> None:
    reply = model.generate(replace(PROMPT, max_tokens=4))
    assert reply.finish is Finish.LENGTH
    assert not reply.is_complete
    assert TEXT.startswith(reply.text)
    assert len(reply.text) < len(TEXT)


def test_a_stop_sequence_ends_the_reply_and_no_part_of_it_is_shown(model: Generator) -> None:
    with model.stream(replace(PROMPT, stop=("no such", " lighter. →"))) as reply:
        pieces = list(reply)
        whole = reply.whole()
    assert "".join(pieces) == whole.text == "Ice floats on water. It is"
    assert whole.finish is Finish.STOP


def test_what_only_looks_like_a_stop_sequence_is_shown_after_all(model: Generator) -> None:
    assert model.generate(replace(PROMPT, stop=("it. And",))).text == TEXT


@pytest.mark.parametrize("deadline_s", [0.0, -1.0])
def test_a_deadline_that_is_over_is_a_timeout(model: Generator, deadline_s: float) -> None:
    with pytest.raises(EngineTimeout):
        model.generate(replace(PROMPT, deadline_s=deadline_s))


def test_a_reply_closed_in_the_middle_leaves_the_model_usable(model: Generator) -> None:
    with model.stream(PROMPT) as reply:
        assert TEXT.startswith(next(reply))
    with pytest.raises(ValueError, match="closed before its end"):
        reply.whole()
    assert model.generate(PROMPT).text == TEXT


def test_a_reply_nobody_read_sends_and_holds_nothing(model: Generator) -> None:
    model.stream(PROMPT).close()
    assert model.generate(PROMPT).text == TEXT


@pytest.mark.parametrize(
    "text",
    ["", " ", "🎲" * 300, "日本語の質問" * 100, "é", "a\0b", "lone \udcff surrogate", "word " * 100_000, "<s></s>"],
    ids=["empty", "space", "emoji", "cjk", "one-char", "nul", "surrogate", "100,000-words", "special"],
)
def test_any_text_is_a_prompt(model: Generator, text: str) -> None:
    assert model.generate(replace(PROMPT, text=text)).text == TEXT
    assert model.count_tokens(text) >= 0


def test_tokens_are_counted_or_estimated(model: Generator) -> None:
    few, many = model.count_tokens("water"), model.count_tokens("water " * 50)
    assert 1 <= few < many <= 500


def test_the_bounds_of_the_model_are_told(model: Generator) -> None:
    assert model.context_tokens >= 256
    assert model.slots == 1


def test_threads_are_served_each_with_the_whole_reply(model: Generator) -> None:
    with ThreadPoolExecutor(4) as pool:
        replies: list[Generated] = list(pool.map(model.generate, [PROMPT] * 12))
    assert {reply.text for reply in replies} == {TEXT}


def test_a_model_may_be_closed_twice_and_before_it_was_used(model: Generator) -> None:
    model.close()
    model.close()
