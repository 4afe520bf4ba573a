"""Which levels a user's questions of one type have dwelt on, with memory that decays: a small diagonal state space.

The state holds one number for each window and level. Between visits every number decays by itself, exactly:
h *= exp(-elapsed / tau). A visit moves each towards 1 by how much it was about that level: h += (1 - h) * GAIN * share.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol, TypeVar, cast

from kitbash.domain import codec
from kitbash.domain.level import Level
from kitbash.errors import UsageError

GAIN: Final = 0.3
"""How far a visit wholly about one level moves its number towards 1: 0, 0.3, 0.51, 0.657 without time between."""

MIN_WIDTH: Final = 2
MAX_TYPE_CHARS: Final = 200
DAY_S: Final = 86_400.0

Saliences = Mapping[Level, float]
Kind = TypeVar("Kind")


class Window(StrEnum):
    """How long a number remembers: after `tau_s` seconds 1/e of it is left. The value is its name on the wire."""

    HOUR = "context_1hour"
    DAY = "context_1day"
    THREE_DAYS = "context_72hours"
    WEEK = "context_1week"

    @property
    def tau_s(self) -> float:
        """Return the time constant of the decay, in seconds."""
        return _TAU_S[self]


_TAU_S: Final = {Window.HOUR: 3600.0, Window.DAY: DAY_S, Window.THREE_DAYS: 3 * DAY_S, Window.WEEK: 7 * DAY_S}
WEIGHTS: Final = {Window.HOUR: 0.5, Window.DAY: 0.25, Window.THREE_DAYS: 0.125, Window.WEEK: 0.125}
"""Each window's share of a level's salience: recent ones are heavier, and they sum to exactly 1."""
Windows = Mapping[Window, Saliences]
BLANK: Final[Windows] = {window: dict.fromkeys(Level, 0.0) for window in Window}
"""The state before any visit."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is remembered at one moment of one user's questions of one type; every number is 0 to 1.

    `recency_decay` is exp(-days since the last question of this type), 0 if there was none. `visits` counts those
    before this moment. The id names the contents: equal contents, equal ids.
    """

    snapshot_id: str
    query_type: str
    layer_salience: Saliences
    recency_decay: float
    windows: Windows
    visits: int

    def to_json(self) -> str:
        """Return the snapshot as JSON: levels are `L0` to `L5`, each window is a field of its own."""
        fields = {
            "snapshot_id": self.snapshot_id,
            "query_type": self.query_type,
            "layer_salience": named(self.layer_salience),
            "recency_decay": self.recency_decay,
            **{window.value: named(self.windows[window]) for window in Window},
            "visits": self.visits,
        }
        return codec.dumps(fields)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Snapshot":
        """Read what `to_json` wrote, or another program did; other fields are passed over.

        `visits` may be missing: then it is 1 if `recency_decay` tells that there was a visit, else 0. Raises ValueError
        naming the field that is missing, of another type, not finite or outside its range.
        """
        try:
            fields = cast("dict[str, object]", _of(dict, json.loads(text), "snapshot"))
        except RecursionError as error:
            raise _wrong("snapshot", "JSON of sane depth") from error
        recency_decay = _fraction(fields.get("recency_decay"), "recency_decay")
        visits = _of(int, fields.get("visits", int(recency_decay > 0)), "visits")
        if visits < 0:
            raise _wrong("visits", "0 or more")
        return cls(
            snapshot_id=_of(str, fields.get("snapshot_id"), "snapshot_id"),
            query_type=_of(str, fields.get("query_type"), "query_type"),
            layer_salience=_saliences(fields.get("layer_salience"), "layer_salience"),
            recency_decay=recency_decay,
            windows={window: _saliences(fields.get(window.value), window.value) for window in Window},
            visits=visits,
        )


class TemporalContext(Protocol):
    """What remembers. No snapshot (None) is normal: nobody asked before, or whoever remembers is away.

    Shares are 0 to 1, 0 for a level that is left out. Raises UsageError for other shares, and for a query type that is
    longer than `MAX_TYPE_CHARS` or no text.
    """

    def visit(self, user: str, query_type: str, shares: Saliences) -> Snapshot | None:
        """Return what was remembered before this visit, decayed to now, and have the visit added, in one step."""
        ...

    def look(self, user: str, query_type: str) -> Snapshot | None:
        """Return what is remembered, decayed to now; nothing is added and nothing lives longer for it."""
        ...

    def forget(self, user: str) -> None:
        """Have everything of one user dropped."""
        ...


def decayed(state: Windows, elapsed_s: float) -> Windows:
    """Return the state after a time without visits; a clock that went backwards counts as no time."""
    left = {window: math.exp(-max(0.0, elapsed_s) / window.tau_s) for window in Window}
    return {window: {level: h * left[window] for level, h in held.items()} for window, held in state.items()}


def visited(state: Windows, shares: Saliences) -> Windows:
    """Return the state after a visit with these shares; it stays within 0 to 1."""
    pull = {level: GAIN * shares.get(level, 0.0) for level in Level}
    return {window: {level: h + (1 - h) * pull[level] for level, h in held.items()} for window, held in state.items()}


def snapshot(query_type: str, state: Windows, *, elapsed_s: float, visits: int) -> Snapshot:
    """Return a state, already decayed to now, as a snapshot; `elapsed_s` is the time since the last of the visits."""
    numbers = [state[window][level] for window in Window for level in Level]
    contents = ascii((query_type, numbers, elapsed_s, visits)).encode()
    return Snapshot(
        snapshot_id=hashlib.sha256(contents).hexdigest()[:32],
        query_type=query_type,
        layer_salience={level: sum(WEIGHTS[it] * state[it][level] for it in Window) for level in Level},
        recency_decay=math.exp(-max(0.0, elapsed_s) / DAY_S) if visits else 0.0,
        windows=state,
        visits=visits,
    )


def widths(snapshot: Snapshot | None, *, base: int) -> Mapping[Level, int]:
    """Return how many items each level's spotlight may hold: THE rule by which salience widens or narrows it.

    `base` while nothing is remembered, else base * (0.5 + salience), halves rounded up; never below 2 or over 2 * base.
    """
    if snapshot is None or not snapshot.visits:
        return dict.fromkeys(Level, max(MIN_WIDTH, base))
    wanted = {level: math.floor(base * (0.5 + snapshot.layer_salience[level]) + 0.5) for level in Level}
    return {level: max(MIN_WIDTH, min(2 * base, width)) for level, width in wanted.items()}


def checked(query_type: str, shares: Saliences) -> Saliences:
    """Return the shares of all six levels, or raise UsageError: the one gate before any of this is kept or sent."""
    if len(query_type) > MAX_TYPE_CHARS or query_type != query_type.encode(errors="ignore").decode():
        message = f"a query type is text of at most {MAX_TYPE_CHARS} characters, not {query_type[:40]!a}"
        raise UsageError(message)
    for level, share in shares.items():
        # A sum of fractions may miss 1 by a rounding.
        if not 0 <= share <= 1 + 1e-9:
            message = f"the share of {level.label} is {share}; a share is 0 to 1"
            raise UsageError(message)
    return {level: min(1.0, float(shares.get(level, 0.0))) for level in Level}


def named(saliences: Saliences) -> dict[str, float]:
    """Return the numbers by the short names of their levels, `L0` to `L5`."""
    return {f"L{level}": saliences[level] for level in Level}


def _wrong(name: str, wanted: str) -> ValueError:
    return ValueError(f"{name} is missing or not {wanted}")


def _of(kind: type[Kind], value: object, name: str) -> Kind:
    if isinstance(value, kind) and not isinstance(value, bool):
        return value
    raise _wrong(name, kind.__name__)


def _fraction(value: object, name: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    raise _wrong(name, "a number from 0 to 1")


def _saliences(value: object, name: str) -> Saliences:
    given = cast("dict[str, object]", _of(dict, value, name))
    if len(given) == len(Level):
        return {level: _fraction(given.get(f"L{level}"), f"{name}.L{level}") for level in Level}
    raise _wrong(name, "exactly L0 to L5")
