"""Loads damaged copies of a GGUF file, one after the other, and says what became of each; dies if one kills it.

Run as a program: `python -m tests.faults.gguf_mutations FILE SEED COUNT`, which prints one line a copy.
"""

import random
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from kitbash.errors import EngineError
from kitbash.models.ctransformers import Ctransformers
from kitbash.models.generator import Prompt
from kitbash.models.gguf import read

PROMPT: Final = Prompt("Why?", max_tokens=8, temperature=0.0, deadline_s=5.0, seed=1)
HTML: Final = b"<!DOCTYPE html><html><title>404 Not Found</title></html>"
POINTER: Final = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
_HEADER_BYTES: Final = 12_000
Mutation = tuple[str, bytes]
Make = Callable[[bytes, random.Random], Mutation]


def _cut(data: bytes, dice: random.Random) -> Mutation:
    at = dice.randrange(len(data))
    return f"cut at {at}", data[:at]


def _cut_header(data: bytes, dice: random.Random) -> Mutation:
    at = dice.randrange(_HEADER_BYTES)
    return f"cut at {at}", data[:at]


def _flip(data: bytes, dice: random.Random) -> Mutation:
    return _flipped(data, dice.randrange(len(data)), dice.randrange(8))


def _flip_header(data: bytes, dice: random.Random) -> Mutation:
    return _flipped(data, dice.randrange(_HEADER_BYTES), dice.randrange(8))


def _flipped(data: bytes, at: int, bit: int) -> Mutation:
    return f"bit {bit} of byte {at}", data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


def _huge(data: bytes, dice: random.Random) -> Mutation:
    """Put a huge number where one of 4 or 8 bytes may be."""
    at = dice.choice([8, 16, dice.randrange(4, _HEADER_BYTES)])
    number = dice.choice([2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1])
    return f"{number:,} at {at}", data[:at] + struct.pack("<Q", number) + data[at + 8 :]


def _number(data: bytes, dice: random.Random) -> Mutation:
    """Change the value of a number the architecture rests on."""
    names = ("context_length", "embedding_length", "block_count", "head_count", "head_count_kv", "dimension_count")
    name = dice.choice(names)
    at = data.index(name.encode() + struct.pack("<I", 4)) + len(name) + 4
    value = dice.choice([0, 1, 3, 7, 63, 1000, 2**20, 2**31, 2**32 - 1])
    return f"{name} is {value:,}", data[:at] + struct.pack("<I", value) + data[at + 4 :]


def _architecture(data: bytes, dice: random.Random) -> Mutation:
    name = dice.choice([b"llamb", b"bitnt", b"gpt2x", b"falco", b"\0\0\0\0\0", b"%n%s%"])
    return f"architecture {name!r}", data.replace(b"llama", name, 1)


def _not_a_number(data: bytes, dice: random.Random) -> Mutation:
    """Put a number that is none among the weights."""
    at = len(data) - 4 * dice.randrange(1, (len(data) - 2 * _HEADER_BYTES) // 4)
    value = dice.choice([float("nan"), float("inf"), float("-inf"), 3e38])
    return f"{value} at {at}", data[:at] + struct.pack("<f", value) + data[at + 4 :]


MAKES: Final[tuple[Make, ...]] = (
    _cut,
    _cut_header,
    _flip,
    _flip_header,
    _flip_header,
    _huge,
    _number,
    _architecture,
    _not_a_number,
)


def mutations(data: bytes, seed: int, count: int) -> Iterator[Mutation]:
    """Yield damaged copies, each with a word on its damage: first those everybody meets, then random ones."""
    yield from (("empty", b""), ("html", HTML), ("pointer", POINTER), ("magic only", data[:4]), ("twice", data + data))
    yield from (
        (f"version {number}", data[:4] + struct.pack("<I", number) + data[8:]) for number in (0, 1, 2, 4, 2**24)
    )
    dice = random.Random(seed)
    for number in range(count - 10):
        yield MAKES[number % len(MAKES)](data, dice)


def outcome(file: Path) -> str:
    """Return how loading and asking went: `works`, or the name of the error."""
    try:
        with closing(Ctransformers(file)) as model:
            model.generate(PROMPT)
    except EngineError as error:
        return type(error).__name__
    return "works"


def main(source: Path, seed: int, count: int) -> None:
    """Print what became of each copy."""
    data = source.read_bytes()
    read(source)
    for damage, mutated in mutations(data, seed, count):
        copy = source.with_name("copy.gguf")
        copy.write_bytes(mutated)
        sys.stdout.write(f"{damage}: ")
        sys.stdout.flush()
        sys.stdout.write(f"{outcome(copy)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
