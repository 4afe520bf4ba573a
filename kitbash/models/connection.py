"""Connections that end at a moment, not after a silence: every read and write has only the time that is left."""

import ssl
from collections.abc import Iterable
from typing import Any, Final

import httpcore
from typing_extensions import override

from kitbash.models.addresses import ForbiddenAddress, resolve
from kitbash.models.deadline import Deadline

CONNECT_S: Final = 2.0
_WRITTEN_AT_ONCE: Final = 2048
"""So few bytes that the operating system takes them as a whole or not at all; each has the time that is left."""


class DeadlinedStream(httpcore.NetworkStream):
    """A connection that raises the library's timeout errors once its time is up, however it is used."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        """Wrap a connection."""
        self._inner = inner
        self._deadline = deadline

    @override
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._left_s(httpcore.ReadTimeout))

    @override
    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for at in range(0, len(buffer), _WRITTEN_AT_ONCE):
            self._inner.write(buffer[at : at + _WRITTEN_AT_ONCE], self._left_s(httpcore.WriteTimeout))

    @override
    def close(self) -> None:
        self._inner.close()

    @override
    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left_s = self._left_s(httpcore.ConnectTimeout)
        return DeadlinedStream(self._inner.start_tls(ssl_context, server_hostname, left_s), self._deadline)

    @override
    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

    def _left_s(self, late: type[httpcore.TimeoutException]) -> float:
        left_s = self._deadline.left_s
        if left_s <= 0:
            raise late
        return left_s


class DeadlinedBackend(httpcore.NetworkBackend):
    """Makes the connections of one call, which all end at one moment; looking up the name counts too."""

    def __init__(self, deadline: Deadline) -> None:
        """Have connections end at one moment."""
        self._deadline = deadline
        self._inner = httpcore.SyncBackend()

    @override
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            addresses = resolve(host, port, within_s=self._wait_s())
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except ForbiddenAddress:
            raise
        except OSError as error:
            raise httpcore.ConnectError from error
        failure: httpcore.ConnectError | httpcore.ConnectTimeout = httpcore.ConnectTimeout()
        for address in addresses:
            wait_s = self._wait_s()
            if wait_s <= 0:
                break
            try:
                inner = self._inner.connect_tcp(address, port, wait_s, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return DeadlinedStream(inner, self._deadline)
        raise failure

    def _wait_s(self) -> float:
        return min(CONNECT_S, self._deadline.left_s)
