"""Every error Kitbash raises on purpose, in families named by what the caller can do about it.

A message says what happened, to which thing, and what to try. Expected outcomes (a layer that is not sure, a lease
held by somebody else) are values, not errors.
"""


class KitbashError(Exception):
    """The root: catching it catches everything Kitbash raises on purpose."""


class UsageError(KitbashError):
    """The caller's input cannot be used; change it and call again."""


class NotFound(UsageError):
    """The named thing does not exist here; name another."""


class ConfigError(KitbashError):
    """The settings cannot be used; fix the named one."""


class KnowledgeError(KitbashError):
    """A cartridge or a source file cannot be used; mend or rebuild it. The others still answer."""


class BusError(KitbashError):
    """A query's spotlights hold what cannot be coupled; nothing was written. Ask again, or mend the named fact."""


class Unavailable(KitbashError):
    """A server Kitbash needs does not answer; start it and call again."""


class StoreUnavailable(Unavailable):
    """The blackboard or the broker did not answer in time."""


class Busy(KitbashError):
    """Somebody else is at it, and only one may be; try again when they are done."""


class EngineError(KitbashError):
    """A language model did not give a usable reply; the cascade goes on without it."""


class EngineNotConfigured(EngineError):
    """No model is configured for this layer, or what it needs is not installed; set or install the named thing."""


class ModelFileError(EngineError):
    """A model's file cannot be used here; mend or fetch it again, or name another: `kitbash models check FILE`."""


class EngineUnavailable(EngineError):
    """The model server cannot be reached or broke off; check that it runs."""


class EngineBusy(EngineError):
    """The model server takes no more work now; try again after `retry_after_s` seconds."""

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        """Keep when the server may be asked again, in seconds from now."""
        super().__init__(message)
        self.retry_after_s = retry_after_s


class EngineRejected(EngineError):
    """The model server refused the request; check the key and the request."""


class EngineTimeout(EngineError):
    """The model did not finish before its deadline; allow more time or ask for less."""


class EngineBadReply(EngineError):
    """The model server's reply is not what its protocol promises."""


class NetworkError(KitbashError):
    """The triage network's file cannot be used; triage goes on by its rules. Train it, or install Kitbash again."""


class EncoderError(KitbashError):
    """The sentence encoder cannot be used; mend what is named. Layer 2 goes on by words alone."""


class DownloadError(KitbashError):
    """A file could not be fetched whole; nothing was kept. Check the address, the network, the digest."""
