"""What is kept as one JSON text: the summary of a session, the roster of a swarm, the result of a hygiene scan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from kitbash.swarm import check
from kitbash.swarm.errors import Invalid
from kitbash.swarm.stored import json_fits

SESSION_TTL_S: Final = 30 * 86_400
REGISTRY_TTL_S: Final = 7 * 86_400
SCAN_TTL_S: Final = 7 * 86_400
MAX_SUMMARY_CHARS: Final = 64_000
MAX_AGENTS: Final = 1000
MAX_NOTE_CHARS: Final = 2000
MAX_NOTED: Final = 1000
"""How many violations and actions a scan lists; its counts go on."""


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """What a session of a swarm came to. Raises Invalid for fields out of bounds."""

    date: str = field(default_factory=check.today)
    label: str = "session"
    summary: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict[str, Any])
    created_at: datetime = field(default_factory=check.now)

    def __post_init__(self) -> None:
        """Check the fields. Raises Invalid."""
        check.day(self.date)
        check.name_in_key(self.label, "label")
        check.text(self.summary, "summary", most_chars=MAX_SUMMARY_CHARS)
        json_fits(self.metrics, "metrics")
        check.put(self, created_at=check.instant(self.created_at, "created_at"))


@dataclass(frozen=True, slots=True)
class SwarmRegistry:
    """Who is in a swarm: `agents` are objects with `id` and `role`. Raises Invalid for fields out of bounds."""

    id: str = field(default_factory=check.new_id)
    agents: Sequence[Mapping[str, Any]] = ()
    roles: Mapping[str, Any] = field(default_factory=dict[str, Any])
    artifacts: Sequence[str] = ()
    created_at: datetime = field(default_factory=check.now)
    updated_at: datetime = field(default_factory=check.now)

    def __post_init__(self) -> None:
        """Check the fields. Raises Invalid."""
        check.name_in_key(self.id, "swarm id")
        if len(self.agents) > MAX_AGENTS:
            message = f"agents has {len(self.agents):,} entries, at most {MAX_AGENTS:,} are taken"
            raise Invalid(message)
        json_fits([dict(agent) for agent in self.agents], "agents")
        json_fits(self.roles, "roles")
        check.put(
            self,
            agents=tuple(dict(agent) for agent in self.agents),
            artifacts=check.texts(self.artifacts, "artifacts", most=MAX_AGENTS, most_chars=MAX_NOTE_CHARS),
            created_at=check.instant(self.created_at, "created_at"),
            updated_at=check.instant(self.updated_at, "updated_at"),
        )


@dataclass(frozen=True, slots=True)
class RemediationScan:
    """What a hygiene scan saw and did. Raises Invalid for fields out of bounds."""

    date: str = field(default_factory=check.today)
    scan_type: str = "hygiene"
    keys_scanned: int = 0
    wrongtype_found: int = 0
    expired_found: int = 0
    violations: Sequence[str] = ()
    actions_taken: Sequence[str] = ()
    created_at: datetime = field(default_factory=check.now)

    def __post_init__(self) -> None:
        """Check the fields. Raises Invalid."""
        check.day(self.date)
        check.name_in_key(self.scan_type, "scan_type")
        for name in ("keys_scanned", "wrongtype_found", "expired_found"):
            if getattr(self, name) < 0:
                message = f"{name} must not be negative, not {getattr(self, name)}"
                raise Invalid(message)
        check.put(
            self,
            violations=check.texts(self.violations, "violations", most=MAX_NOTED, most_chars=MAX_NOTE_CHARS),
            actions_taken=check.texts(self.actions_taken, "actions_taken", most=MAX_NOTED, most_chars=MAX_NOTE_CHARS),
            created_at=check.instant(self.created_at, "created_at"),
        )


def session_contents(summary: SessionSummary) -> dict[str, Any]:
    """Return a summary as JSON values."""
    return {
        "date": summary.date,
        "label": summary.label,
        "summary": summary.summary,
        "metrics": dict(summary.metrics),
        "created_at": summary.created_at.isoformat(),
    }


def registry_contents(registry: SwarmRegistry) -> dict[str, Any]:
    """Return a roster as JSON values."""
    return {
        "id": registry.id,
        "agents": [dict(agent) for agent in registry.agents],
        "roles": dict(registry.roles),
        "artifacts": list(registry.artifacts),
        "created_at": registry.created_at.isoformat(),
        "updated_at": registry.updated_at.isoformat(),
    }


def scan_contents(scan: RemediationScan) -> dict[str, Any]:
    """Return a scan's result as JSON values."""
    return {
        "date": scan.date,
        "scan_type": scan.scan_type,
        "keys_scanned": scan.keys_scanned,
        "wrongtype_found": scan.wrongtype_found,
        "expired_found": scan.expired_found,
        "violations": list(scan.violations),
        "actions_taken": list(scan.actions_taken),
        "created_at": scan.created_at.isoformat(),
    }


def registry_of(value: Mapping[str, Any]) -> SwarmRegistry:
    """Return the roster that `registry_contents` gave. Raises KeyError, TypeError or ValueError for anything else."""
    return SwarmRegistry(**value)


def scan_of(value: Mapping[str, Any]) -> RemediationScan:
    """Return the scan that `scan_contents` gave. Raises KeyError, TypeError or ValueError for anything else."""
    return RemediationScan(**value)
