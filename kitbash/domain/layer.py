"""The five layers of the cascade, and the stages that run them."""

from enum import IntEnum, StrEnum
from typing import Final


class Layer(IntEnum):
    """A step of the cascade; the number is part of every answer."""

    REFLEX = 0
    BITNET = 1
    CARTRIDGE = 2
    SYNTHESIS = 3
    KOBOLD = 4

    @property
    def label(self) -> str:
        """Return the layer's name as it is written and shown."""
        return self.name.lower()


class Queue(StrEnum):
    """A Celery queue; each has workers of its own."""

    REFLEX = "reflex"
    BITNET = "bitnet"
    CARTRIDGE = "cartridge"
    KOBOLD = "kobold"
    UPKEEP = "upkeep"


class Stage(StrEnum):
    """One task of the canvas. The value is its wire name, `kitbash.<queue>.<verb>`, and never changes lightly."""

    REFLEX = "kitbash.reflex.answer"
    TRIAGE = "kitbash.bitnet.triage"
    SEARCH = "kitbash.cartridge.search"
    FUSE = "kitbash.cartridge.fuse"
    SYNTHESISE = "kitbash.bitnet.synthesise"
    GENERATE = "kitbash.kobold.generate"
    VOTE = "kitbash.bitnet.vote"

    @property
    def queue(self) -> Queue:
        """Return the queue that carries this stage."""
        return Queue(self.value.split(".")[1])

    @property
    def layer(self) -> Layer:
        """Return the layer this stage belongs to."""
        return _LAYERS[self]


_LAYERS: Final = {
    Stage.REFLEX: Layer.REFLEX,
    Stage.TRIAGE: Layer.BITNET,
    Stage.SEARCH: Layer.CARTRIDGE,
    Stage.FUSE: Layer.CARTRIDGE,
    Stage.SYNTHESISE: Layer.SYNTHESIS,
    Stage.GENERATE: Layer.KOBOLD,
    Stage.VOTE: Layer.BITNET,
}


class Upkeep(StrEnum):
    """The tasks of the upkeep queue, by their wire names."""

    SWEEP = "kitbash.upkeep.sweep"
    ARCHIVE = "kitbash.upkeep.archive"
    TIDY = "kitbash.upkeep.tidy"
    METABOLISE = "kitbash.upkeep.metabolise"
    HYGIENE = "kitbash.upkeep.hygiene"
    RELAY = "kitbash.upkeep.relay"
