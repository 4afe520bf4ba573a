"""A reply told in batches while it grows."""

from dataclasses import dataclass, field

from kitbash.cascade.reply import MAX_CHARS
from kitbash.cascade.telling import BATCH_CHARS, EVERY_S, Telling


@dataclass
class Listener:
    """Hears, by a clock that is turned by hand."""

    heard: list[str] = field(default_factory=list[str])
    is_there: bool = True
    now_s: float = 100.0

    def hear(self, text: str) -> bool:
        self.heard.append(text)
        return self.is_there

    def clock(self) -> float:
        return self.now_s


def test_the_first_piece_is_told_at_once_and_the_others_in_batches() -> None:
    listener = Listener()
    telling = Telling(listener.hear, listener.clock)
    for piece in ("Ice", " floats", " on"):
        assert telling.piece(piece)
    assert listener.heard == ["Ice"]
    listener.now_s += 2 * EVERY_S
    telling.piece(" water.")
    assert listener.heard == ["Ice", " floats on water."]
    telling.piece(" So")
    telling.end()
    assert listener.heard[2:] == [" So"]


def test_much_text_does_not_wait() -> None:
    listener = Listener()
    telling = Telling(listener.hear, listener.clock)
    telling.piece("x")
    telling.piece("y" * BATCH_CHARS)
    assert [len(text) for text in listener.heard] == [1, BATCH_CHARS]


def test_escapes_are_not_told_even_in_pieces() -> None:
    listener = Listener()
    telling = Telling(listener.hear, listener.clock)
    for piece in ("a", "\x1b", "[31", "mb", "\x07", "<|im_st", "art|>c"):
        listener.now_s += EVERY_S
        telling.piece(piece)
    telling.end()
    assert "".join(listener.heard) == "abc"


def test_whoever_leaves_is_noticed() -> None:
    listener = Listener(is_there=False)
    assert not Telling(listener.hear, listener.clock).piece("Ice")
    assert not Telling(listener.hear, listener.clock).is_wanted()


def test_more_than_anybody_reads_is_not_told() -> None:
    listener = Listener()
    telling = Telling(listener.hear, listener.clock)
    for _ in range(10):
        listener.now_s += EVERY_S
        assert telling.piece("x" * (MAX_CHARS // 4))
    telling.end()
    assert len("".join(listener.heard)) == MAX_CHARS
