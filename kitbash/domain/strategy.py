"""How a question is answered when several engines could: one after another, or by a vote of all."""

from enum import StrEnum


class Strategy(StrEnum):
    """`none` is escalation: the first engine that is sure enough answers. The others let all answer, then vote."""

    NONE = "none"
    SIMPLE = "simple"
    """every engine counts the same"""
    WEIGHTED = "weighted"
    """an engine counts as much as it was right before"""
    TYPED = "typed"
    """weighted, and what kind of question it is counts too"""
