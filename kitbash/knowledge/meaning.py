"""Facts by meaning: the cartridges' vectors, opened when the first question needs them.

A cartridge's vectors are in its `indices/`, or beside the rebuilt indices where its folder may not be written to. They
are never made while a question waits: that takes milliseconds a fact. What is missing, stale, damaged or of another
encoder is not used, and the log says so; `kitbash cartridge embed` makes it anew.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kitbash.domain.encoder import Encoder, EncoderSource
from kitbash.errors import EncoderError, KnowledgeError
from kitbash.knowledge import layout
from kitbash.knowledge.cartridge import Cartridge
from kitbash.observe import logs

if TYPE_CHECKING:
    from kitbash.knowledge.vectors import Floats, Near, Vectors

_log: Any = logs.logger(__name__)


@dataclass(frozen=True, slots=True)
class _Held:
    """What was found for a cartridge: its vectors or why there are none, and the files' state when it was looked."""

    vectors: "Vectors | None"
    fault: str
    state: tuple[object, ...]


@dataclass(slots=True)
class Meaning:
    """Reads questions with an encoder and finds facts near them. Not to be carried across a fork once it was used."""

    source: EncoderSource
    cache: Path
    _held: dict[str, _Held] = field(default_factory=dict[str, _Held])

    def read(self, question: str) -> "Floats | None":
        """Return a question's unit vector, or None, with the reason in the log, if it cannot be read."""
        encoder = self.source.open()
        if encoder is None:
            return None
        try:
            return encoder.encode([question])[0]
        except EncoderError as error:
            _log.warning("encoder.failed", error=str(error), instead="words alone")
            return None

    def near(self, cartridge: Cartridge, question: "Floats") -> "Near | None":
        """Return how near a cartridge's facts are to a question, or None if it has no vectors that can be used."""
        found = self._opened(cartridge).vectors
        return None if found is None else found.near(question)

    def fault(self, cartridge: Cartridge, *, log: bool = True) -> str:
        """Return why a cartridge is not searched by meaning, empty if it is."""
        return self._opened(cartridge, log=log).fault

    def embed(self, cartridge: Cartridge, progress: Callable[[int, int], None] = lambda _done, _all: None) -> Path:
        """Have a cartridge's vectors made; return where they are.

        Raises KnowledgeError or EncoderError; then what was there before still is.
        """
        # Imported here: numpy is needed only where there is an encoder.
        from kitbash.knowledge import vectors  # noqa: PLC0415

        encoder = self._encoder()
        facts = list(cartridge.index.facts())
        first, second = self._places(cartridge, encoder)
        try:
            vectors.write(first, facts, _made_of(cartridge), encoder, progress)
        except KnowledgeError:
            # Read-only media: the data folder takes them, as it takes rebuilt indices.
            vectors.write(second, facts, _made_of(cartridge), encoder, progress)
            return second
        return first

    def _encoder(self) -> Encoder:
        encoder = self.source.open()
        if encoder is None:
            message = "no encoder can be used; the log says why, and so does: kitbash doctor"
            raise EncoderError(message)
        return encoder

    def _opened(self, cartridge: Cartridge, *, log: bool = True) -> _Held:
        encoder = self.source.open()
        if encoder is None:
            return _Held(None, "no encoder can be used", ())
        places = self._places(cartridge, encoder)
        state = (cartridge.folder, cartridge.index.digest, encoder.digest, *map(_stamp, places))
        held = self._held.get(cartridge.name)
        if held is None or held.state != state:
            held = self._held[cartridge.name] = _open(cartridge, encoder, places, state)
            if held.fault and log:
                _log.warning("vectors.unusable", cartridge=cartridge.name, fault=held.fault, instead="words alone")
        return held

    def _places(self, cartridge: Cartridge, encoder: Encoder) -> tuple[Path, Path]:
        elsewhere = f"{cartridge.name}-{_made_of(cartridge)[:32]}-{encoder.digest[:32]}.vectors"
        return cartridge.folder / layout.VECTORS, self.cache / elsewhere


def _open(cartridge: Cartridge, encoder: Encoder, places: tuple[Path, Path], state: tuple[object, ...]) -> _Held:
    # Imported here: numpy is needed only where there is an encoder.
    from kitbash.knowledge.vectors import Vectors  # noqa: PLC0415

    faults: list[str] = []
    for path in places:
        try:
            found = Vectors(path)
        except KnowledgeError as error:
            faults.append(str(error))
            continue
        about: Mapping[str, bool] = {
            "made by another encoder": found.encoder != encoder.digest or found.dimension != encoder.dimension,
            "made of other facts": found.made_of != _made_of(cartridge),
        }
        wrong = [why for why, is_so in about.items() if is_so]
        if not wrong:
            return _Held(found, "", state)
        faults.append(f"{path} was {' and '.join(wrong)}")
    fault = f"{faults[0]}; make its vectors: kitbash cartridge embed {cartridge.name}"
    return _Held(None, fault, state)


def _made_of(cartridge: Cartridge) -> str:
    return str(cartridge.index.digest)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ino
