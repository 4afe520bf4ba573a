"""Where the key registry is kept: in Redis, with the pinned roots and the highest number seen on this machine."""

import threading
import time
from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final

from kitbash.blackboard.connection import translated
from kitbash.blackboard.scripts import AnyRedis
from kitbash.observe import logs
from kitbash.swarm import scripts
from kitbash.swarm.errors import Invalid, Occupied, Refused
from kitbash.swarm.scripts import Verb
from kitbash.swarm.trust.key_files import KeyPair
from kitbash.swarm.trust.keys import TrustKeys
from kitbash.swarm.trust.pinned import Pinned
from kitbash.swarm.trust.registry import Registry
from kitbash.swarm.trust.signed_registry import Signed, opened, refuse_ended_root, sign

CACHE_S: Final = 60.0
_ATTEMPTS: Final = 20
_log: Final = logs.logger(__name__)
_PUT_BACK: Final = "put back what was seen last: kitbash swarm keys publish"


class PublishCode(IntEnum):
    """What came of publishing; mirrors `lua/swarm/publish_keys.lua`."""

    PUBLISHED = 1
    OVERTAKEN = 0
    WRONG_TYPE = -1
    NEWER_THERE = -2


class RegistryStore:
    """The key registry in Redis, checked against what is pinned. Safe to share between threads."""

    def __init__(
        self,
        client: AnyRedis,
        url: str,
        keys: TrustKeys,
        pinned: Pinned,
        *,
        cache_s: float = CACHE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Use a client, which stays its owner's to close. What was read is used for `cache_s`, then read again."""
        # The stubs of redis-py know replies only by half.
        self._client: Any = client
        self._url = url
        self._key = keys.registry
        self._pinned = pinned
        self._cache_s = cache_s
        self._clock = clock
        self._lock = threading.Lock()
        self._cached: tuple[float, Registry] | None = None
        self._publish: Any = client.register_script(scripts.source(Verb.PUBLISH_KEYS))

    def cached(self) -> Registry:
        """Return the registry, at most `cache_s` old: a revocation counts everywhere once that has passed.

        Raises as `read` does; what could not be read again is not used any longer.
        """
        with self._lock:
            if self._cached is not None and self._clock() - self._cached[0] < self._cache_s:
                return self._cached[1]
            registry = self.read()
            self._cached = (self._clock(), registry)
            return registry

    def read(self) -> Registry:
        """Return the registry as it is now; an empty one where none was ever seen.

        Raises Refused if it is not one that a pinned root signed, or is older than one seen before or gone;
        StoreUnavailable without the server; Occupied if its key is of another type.
        """
        newest, found = self._pinned.newest(), self._fields()
        if not found:
            if newest:
                message = f"the key registry is gone from Redis; {_PUT_BACK}"
                raise Refused(message)
            return Registry()
        try:
            stored = Signed(found["document"], int(found["serial"]), found["root"], found["signature"])
        except (KeyError, ValueError) as error:
            raise _damaged() from error
        registry = opened(stored, self._pinned.roots(), least_serial=newest.serial if newest else 0)
        if newest is not None and stored != newest:
            refuse_ended_root(stored.root, newest)
        if newest is None or registry.serial > newest.serial:
            self._pinned.keep(stored)
        return registry

    def change(self, admin: KeyPair, changed: Callable[[Registry], Registry]) -> Registry:
        """Have a change of the registry be published, signed by an admin's key, and return what was published.

        The change is made again when somebody else published in between. Raises what `changed` and `read` raise.
        """
        for _ in range(_ATTEMPTS):
            before = self.read()
            after = changed(before)
            signed = sign(after, admin)
            if self._put(str(before.serial), signed):
                self._pinned.keep(signed)
                with self._lock:
                    self._cached = None
                return after
        message = "others change the key registry all the time; try again"
        raise Refused(message)

    def put_back(self) -> Registry:
        """Have the newest registry that this machine has seen be the one in Redis again, and return it.

        What counts there already stays and is returned: it may be newer, and with it a revocation. Raises Invalid if
        none was seen here; Refused if what was seen does not count here, or is older than what is there by its number;
        or as `read` does.
        """
        newest = self._pinned.newest()
        if newest is None:
            message = "this machine has seen no key registry; put it back from one that has"
            raise Invalid(message)
        try:
            return self.read()
        except Refused as error:
            _log.warning("swarm.keys_put_back", reason=str(error))
        registry = opened(newest, self._pinned.roots(), least_serial=0)
        with translated(self._url):
            found: Any = self._client.hget(self._key, "serial")
        if not self._put(found or "0", newest):
            message = "somebody published another key registry just now; see it with `kitbash swarm keys list`"
            raise Refused(message)
        return registry

    def _fields(self) -> dict[str, str]:
        with translated(self._url):
            if self._client.type(self._key) not in {"hash", "none"}:
                message = f"{self._key} is no hash; something else wrote to it: delete it, and publish the keys again"
                raise Occupied(message)
            try:
                return self._client.hgetall(self._key)
            except UnicodeDecodeError as error:
                raise _damaged() from error

    def _put(self, before: str, signed: Signed) -> bool:
        with translated(self._url):
            reply: Any = self._publish(
                keys=[self._key],
                args=[before, signed.document, signed.serial, signed.root, signed.signature],
            )
        code = PublishCode(int(reply))
        if code is PublishCode.WRONG_TYPE:
            message = f"{self._key} is no hash; something else wrote to it: delete it, and publish the keys again"
            raise Occupied(message)
        if code is PublishCode.NEWER_THERE:
            message = (
                f"the key registry in Redis has a higher number than {signed.serial}, the newest seen here: trust its "
                f"admin (kitbash swarm keys trust KEY), or, if it is forged, DEL {self._key} and publish again"
            )
            raise Refused(message)
        return code is PublishCode.PUBLISHED


def _damaged() -> Refused:
    return Refused(f"the key registry in Redis is damaged; {_PUT_BACK}")
