"""What agents share about a scope: notes, a timeline, topics, data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from kitbash.swarm import check
from kitbash.swarm.errors import Invalid
from kitbash.swarm.stored import Fields, dumps, json_fits, mapping, texts_from

TTL_S: Final = 86_400
MAX_NOTES_CHARS: Final = 64_000
MAX_TOPICS: Final = 256
MAX_EVENTS: Final = 1000
MAX_TIMELINE_CHARS: Final = 256_000
"""How long all texts of a timeline are together."""


@dataclass(slots=True)
class Context:
    """Shared notes under a scope and a name. It may be filled in after it is made; it is checked when it is shared.

    `timeline` has pairs of a time in ISO 8601 and what happened. Raises Invalid for fields out of bounds.
    """

    scope: str
    name: str
    notes: str = ""
    timeline: Sequence[tuple[str, str]] = ()
    topics: Sequence[str] = ()
    shared_data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    updated_at: datetime = field(default_factory=check.now)

    def __post_init__(self) -> None:
        """Check the fields. Raises Invalid."""
        self.checked()

    def checked(self) -> "Context":
        """Return the context if it can be shared as it is now. Raises Invalid otherwise."""
        check.name_in_key(self.scope, "scope")
        check.name_in_key(self.name, "name")
        check.text(self.notes, "notes", most_chars=MAX_NOTES_CHARS)
        self.topics = check.texts(self.topics, "topics", most=MAX_TOPICS, most_chars=check.MAX_NAME_CHARS)
        try:
            self.timeline = [(at, event) for at, event in self.timeline]
        except (TypeError, ValueError) as error:
            message = f"timeline holds what is no pair of a time and what happened ({error})"
            raise Invalid(message) from error
        events = [text for pair in self.timeline for text in pair]
        check.texts(events, "timeline", most=2 * MAX_EVENTS, most_chars=MAX_NOTES_CHARS)
        size_chars = sum(map(len, events))
        if size_chars > MAX_TIMELINE_CHARS:
            message = f"timeline has {size_chars:,} characters, at most {MAX_TIMELINE_CHARS:,} are taken; share less"
            raise Invalid(message)
        json_fits(check.mapping(self.shared_data, "shared_data"), "shared_data")
        self.updated_at = check.instant(self.updated_at, "updated_at")
        return self


def contents_of(context: Context) -> dict[str, Any]:
    """Return a context as JSON values."""
    return {
        "scope": context.scope,
        "name": context.name,
        "notes": context.notes,
        "timeline": [list(pair) for pair in context.timeline],
        "topics": list(context.topics),
        "shared_data": dict(context.shared_data),
        "updated_at": context.updated_at.isoformat(),
    }


def fields_of(context: Context) -> dict[str, str]:
    """Return a context as the fields of its hash."""
    return {name: it if isinstance(it, str) else dumps(it) for name, it in contents_of(context).items()}


def of_fields(fields: Fields) -> Context:
    """Return the context that a hash holds. Raises KeyError or ValueError for anything else."""
    pairs: list[list[str]] = mapping(f'{{"pairs":{fields["timeline"]}}}')["pairs"]
    return Context(
        scope=fields["scope"],
        name=fields["name"],
        notes=fields["notes"],
        timeline=[(at, event) for at, event in pairs],
        topics=texts_from(fields["topics"]),
        shared_data=mapping(fields["shared_data"]),
        updated_at=check.instant(fields["updated_at"], "updated_at"),
    )
