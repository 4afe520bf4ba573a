"""What goes wrong on the findings bus, in families named by what the caller can do about it."""

from kitbash.errors import KitbashError, UsageError


class Invalid(UsageError, ValueError):
    """A value cannot be what it is said to be; the message names the field, its bounds and what was given."""


class Occupied(KitbashError):
    """A key of the bus holds something of another type; nothing was written. Delete it, or run the hygiene scan."""


class Refused(KitbashError):
    """The bus does not let this agent do this, or does not trust this packet; nothing was written or handed out."""
