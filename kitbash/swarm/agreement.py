"""Findings of several agents that say the same, and how sure that makes all of them together.

Noisy or over independent workers: 1 - (1 - c1)(1 - c2)..., at most 0.99. A worker counts once, with its newest finding:
saying it again makes nothing surer. (Pearl, Probabilistic Reasoning in Intelligent Systems, 1988, 4.3.2.)
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kitbash.domain.claim import SAME, Claim, apart
from kitbash.swarm.assertion import asserted
from kitbash.swarm.finding import Finding
from kitbash.swarm.speech import SpeechAct

MOST_SURE: Final = 0.99
LEAST_WORKERS: Final = 2


@dataclass(frozen=True, slots=True)
class Agreement:
    """Findings of at least two workers that say the same, the newest of each, and their merged confidence."""

    about: str
    findings: tuple[Finding, ...]
    confidence: float


def merged(confidences: Sequence[float]) -> float:
    """Return the noisy or of confidences, at most 0.99 unless one of them alone is surer."""
    together = 1.0 - math.prod(1.0 - it for it in confidences)
    return max(min(together, MOST_SURE), max(confidences, default=0.0))


def agreements(findings: Sequence[Finding]) -> list[Agreement]:
    """Return where findings agree, the surest first. A set of findings that agree in two ways is told once."""
    about: dict[tuple[str, bool], list[tuple[Finding, Claim]]] = defaultdict(list)
    for finding in sorted(findings, key=lambda it: it.timestamp):
        if finding.worker_id and finding.speech_act is not SpeechAct.ESCALATE:
            for claim in asserted(finding.claim):
                about[claim.key, claim.affirmed].append((finding, claim))
    found: dict[frozenset[str], Agreement] = {}
    for (key, _), said in about.items():
        for group in _groups(said):
            newest = tuple({finding.worker_id: finding for finding in group}.values())
            if len(newest) >= LEAST_WORKERS:
                ids = frozenset(it.id for it in newest)
                found.setdefault(ids, Agreement(key, newest, merged([it.confidence for it in newest])))
    return sorted(found.values(), key=lambda it: -it.confidence)


def _groups(said: Sequence[tuple[Finding, Claim]]) -> list[list[Finding]]:
    """Return the findings by what they agree on: each joins the first whose first claim it agrees with."""
    groups: list[tuple[Claim, list[Finding]]] = []
    for finding, claim in said:
        mine = next((group for first, group in groups if apart(first, claim) == SAME), None)
        if mine is None:
            groups.append((claim, [finding]))
        else:
            mine.append(finding)
    return [group for _, group in groups]
