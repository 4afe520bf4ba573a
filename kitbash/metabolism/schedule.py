"""Which cycle is due: a pure function of what is remembered and what the moment is."""

from dataclasses import dataclass

from kitbash.domain.metabolism import CycleKind, State


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often the cycles run; dissonance makes pauses and nights shorter."""

    background_every: int
    idle_after_s: float
    sleep_every_s: float


@dataclass(frozen=True, slots=True)
class Moment:
    """What is seen from outside. Times are the server's, in ms since 1970.

    `asked_ms` is when a query ended last, `is_busy` whether one is open.
    """

    now_ms: int
    settled: int
    is_busy: bool
    asked_ms: int


def due(state: State, moment: Moment, rhythm: Rhythm) -> CycleKind | None:
    """Return the cycle that is to run now, if any.

    Background when enough queries were settled since the last one; sleep when its time has come and there was a
    background cycle to sleep on; idle once in each pause, when nobody has asked for long enough.
    """
    if moment.settled - state.settled >= rhythm.background_every:
        return CycleKind.BACKGROUND
    awake_ms = state.balance.wake_s(rhythm.sleep_every_s) * 1000
    if state.turn and moment.now_ms - state.sleep_ms >= awake_ms:
        return CycleKind.SLEEP
    pause_ms = state.balance.pause_s(rhythm.idle_after_s) * 1000
    is_quiet = not moment.is_busy and moment.now_ms - moment.asked_ms >= pause_ms
    return CycleKind.IDLE if is_quiet and state.idle_ms < moment.asked_ms else None
