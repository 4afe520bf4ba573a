"""What both readers of packed weights hold to: five to a byte, 3 to the power of 5 being 243. No numpy."""

from typing import Final

from kitbash.errors import NetworkError

TRITS: Final = 5
STATES: Final = 3**TRITS
DIGITS: Final = tuple(tuple(state // 3**place % 3 - 1 for place in range(TRITS)) for state in range(STATES))
"""The five weights of each state; the first weight is the lowest digit."""


def packed_size(count: int) -> int:
    """Return how many bytes so many weights take."""
    return -(-count // TRITS)


def check(data: bytes, count: int) -> None:
    """Raise NetworkError unless the bytes are just those that packing so many weights makes."""
    if count < 0 or len(data) != packed_size(count):
        message = f"{len(data)} bytes cannot hold {count} weights, five to a byte"
        raise NetworkError(message)
    if data and max(data) >= STATES:
        at = next(at for at, state in enumerate(data) if state >= STATES)
        message = f"byte {at} is {data[at]}; five weights have the states 0 to {STATES - 1}"
        raise NetworkError(message)
    if data and any(DIGITS[data[-1]][count - (len(data) - 1) * TRITS :]):
        message = "the last byte holds weights beyond the last one"
        raise NetworkError(message)
