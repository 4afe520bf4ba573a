"""Whether a model server is well: one GET of its health path."""

from http import HTTPStatus

from kitbash.errors import ConfigError, EngineError
from kitbash.models.deadline import Deadline
from kitbash.models.wire import Server


def ailment(address: str, path: str, timeout_s: float) -> str:
    """Return why a server is not well, or nothing if it is: a reply of 200 to 299, no redirect, within the time."""
    try:
        with Server(address, setting="SERVERS").exchange("GET", path, None, Deadline.within(timeout_s)) as reply:
            # What it says is not read: llama.cpp, bitnet.cpp and KoboldCpp all tell by the status.
            return (
                "" if HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES else f"{path} answers {reply.status}"
            )
    except (ConfigError, EngineError, UnicodeError) as error:
        return f"{path}: {error}"
