"""What was passed over is told in words, by file and reason."""

from pathlib import Path

from kitbash.archive.skipped import Fault, Skipped


def test_each_file_and_reason_is_one_sentence() -> None:
    skipped = Skipped()
    assert (skipped.total, skipped.told()) == (0, [])
    skipped.note(Path("b"), Fault.BAD)
    skipped.note(Path("b"), Fault.BAD)
    skipped.note(Path("a"), Fault.TORN)
    assert skipped.total == 3
    assert skipped.told() == ["1 torn line skipped in a", "2 bad lines skipped in b"]
