"""What happened on the bus, counted: a plain model that events are put into. Names from outside become few labels."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from kitbash.swarm.speech import SpeechAct

CONFIDENCE_BOUNDS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
MOST_NAMES: Final = 100
OTHER: Final = "other"
ACTIVE_MS: Final = 300_000
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(slots=True)
class Names:
    """Which names of agents may be labels: those that are registered; where none is, the first 100 that fit a key."""

    registered: Collection[str] = ()
    seen: set[str] = field(default_factory=set[str])

    def label(self, name: str) -> str:
        """Return a name, or `other`: whoever posts under ever new names makes no new series."""
        if self.registered:
            return name if name in self.registered else OTHER
        if name not in self.seen:
            if len(self.seen) >= MOST_NAMES or not _NAME.fullmatch(name):
                return OTHER
            self.seen.add(name)
        return name


@dataclass(slots=True)
class Tally:
    """Counts since the first event that was put in."""

    names: Names = field(default_factory=Names)
    kinds: Counter[str] = field(default_factory=Counter[str])
    findings: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    confidence: list[int] = field(default_factory=lambda: [0] * len(CONFIDENCE_BOUNDS))
    confidence_sum: float = 0.0
    last_seen_ms: dict[str, int] = field(default_factory=dict[str, int])

    def happened(self, kind: str, agent: str, at_ms: int) -> None:
        """Count an event."""
        self.kinds[kind] += 1
        if agent:
            self.last_seen_ms[self.names.label(agent)] = at_ms

    def posted(self, worker: str, finding: Mapping[str, str | None]) -> None:
        """Count a finding by its worker and speech act, and its confidence; one that is gone by now has neither."""
        act = finding.get("speech_act") or ""
        self.findings[self.names.label(worker), act if act in _ACTS else OTHER] += 1
        try:
            confidence = float(finding.get("confidence") or "")
        except ValueError:
            return
        if 0.0 <= confidence <= 1.0:
            self.confidence[bisect_left(CONFIDENCE_BOUNDS, confidence)] += 1
            self.confidence_sum += confidence

    def acts(self) -> Counter[str]:
        """Return how many findings there were of each speech act."""
        counts: Counter[str] = Counter()
        for (_, act), number in self.findings.items():
            counts[act] += number
        return counts

    def active(self, now_ms: int) -> int:
        """Return how many agents did something in the last five minutes; unlisted ones count as one."""
        return sum(now_ms - at_ms <= ACTIVE_MS for at_ms in self.last_seen_ms.values())


_ACTS: Final = frozenset(act.value for act in SpeechAct)
