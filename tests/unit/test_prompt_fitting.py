"""A prompt fits into the context beside its reply, whatever is asked."""

from hypothesis import example, given
from hypothesis import strategies as st

from kitbash.models.prompt_fitting import fit


def of_bytes(data: bytes) -> list[int]:
    return [256, *data]


@example(text="0" * 5 + "\U00010000" * 35, context=16, reply=7)
@given(text=st.text(max_size=400), context=st.integers(16, 300), reply=st.integers(1, 400))
def test_prompt_and_reply_fit(text: str, context: int, reply: int) -> None:
    fitted = fit(text, of_bytes, context_tokens=context, max_tokens=reply)
    assert 1 <= len(fitted.tokens) <= context - fitted.max_tokens
    assert 1 <= fitted.max_tokens <= min(reply, context // 2)
    assert fitted.tokens[0] == 256
    whole = of_bytes(text.replace("\0", " ").encode("utf-8", "replace"))
    if len(whole) - 1 <= (context - fitted.max_tokens) * 16:
        assert fitted.cut_tokens == len(whole) - len(fitted.tokens)
    else:
        # A text this long was cut before it was measured: what was left out is an estimate.
        assert fitted.cut_tokens > 0


def test_the_beginning_and_the_end_are_kept() -> None:
    fitted = fit("INSTRUCTION " + "fact " * 100 + "QUESTION", of_bytes, context_tokens=100, max_tokens=10)
    kept = bytes(token for token in fitted.tokens if token < 256)
    assert kept.startswith(b"INSTRUCTION")
    assert kept.endswith(b"QUESTION")
    assert len(fitted.tokens) == 90


def test_a_long_text_is_cut_before_it_is_measured_and_no_character_is_cut_through() -> None:
    measured: list[bytes] = []

    def tokenise(data: bytes) -> list[int]:
        measured.append(data)
        return [0] * (len(data) // 10)

    fitted = fit("日本語" * 100_000, tokenise, context_tokens=1000, max_tokens=100)
    (data,) = measured
    assert len(data) <= 900 * 16
    assert set(data.decode()) == set("日本語")
    assert fitted.cut_tokens > 100_000
