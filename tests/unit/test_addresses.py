"""Where a model may be, and how long looking for it may take."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from kitbash.models.addresses import ForbiddenAddress, is_forbidden, resolve


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.0.1",
        "fe80::1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "224.0.0.1",
        "ff02::1",
    ],
)
def test_no_model_is_at_a_link_local_or_metadata_address(address: str) -> None:
    assert is_forbidden(address)
    with pytest.raises(ForbiddenAddress):
        resolve(address, 80, within_s=1.0)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.7", "192.168.1.5", "100.64.0.1", "93.184.216.34"])
def test_a_model_may_be_here_next_door_or_far_away(address: str) -> None:
    assert resolve(address, 80, within_s=1.0) == (address,)


def _answering(*addresses: str) -> Callable[..., list[Any]]:
    def answer(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in addresses]

    return answer


def test_a_name_is_refused_for_any_of_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _answering("127.0.0.1", "169.254.169.254"))
    with pytest.raises(ForbiddenAddress, match=r"169\.254\.169\.254"):
        resolve("model.example", 80, within_s=1.0)


def test_a_scoped_address_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _answering("fe80::1%eth0"))
    with pytest.raises(ForbiddenAddress):
        resolve("model.example", 80, within_s=1.0)


def test_the_addresses_of_a_name_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _answering("10.0.0.2", "10.0.0.1", "10.0.0.2"))
    assert resolve("model.example", 80, within_s=1.0) == ("10.0.0.2", "10.0.0.1")


def test_a_lookup_that_hangs_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def hang(*_: Any, **__: Any) -> list[Any]:
        over.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    began_s = time.monotonic()
    with pytest.raises(TimeoutError):
        resolve("model.example", 80, within_s=0.05)
    assert time.monotonic() - began_s < 0.5
    over.set()


def test_a_name_that_is_none_is_an_error_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(OSError, match="not known"):
        resolve("model.example", 80, within_s=1.0)
