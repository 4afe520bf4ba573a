"""What somebody says of an answer."""

from enum import StrEnum


class Judgement(StrEnum):
    """Whether an answer was right; `correct` says with a text what it should have been."""

    RIGHT = "right"
    WRONG = "wrong"
    CORRECT = "correct"
