"""How far a query has come, as people follow it."""

from enum import StrEnum


class Lifecycle(StrEnum):
    """The stages of a query's life, in order; a query skips those it does not need and never goes back."""

    SEARCH = "search"
    TRIAGE = "triage"
    SYNTHESIS = "synthesis"
    INJECTION = "injection"
    GENERATION = "generation"
    LOGGED = "logged"

    @property
    def earlier(self) -> tuple["Lifecycle", ...]:
        """Return the stages that come before this one."""
        members = tuple(Lifecycle)
        return members[: members.index(self)]
