"""Where a model's server really is: its name looked up within a time, and addresses refused that no model is at.

A name or an address of a cloud's metadata service would hand its secrets to whoever reads the reply (CWE-918).
"""

import ipaddress
import queue
import socket
import threading
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA: Final = frozenset(
    ipaddress.ip_address(text)
    for text in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254")
)
"""Metadata services outside the link-local networks: Alibaba, Azure, Oracle, AWS and Google over IPv6."""
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class ForbiddenAddress(OSError):
    """The address is link-local, multicast or a metadata service's; no model is there."""


def resolve(host: str, port: int, *, within_s: float) -> tuple[str, ...]:
    """Return the addresses of a host, in the order to try them.

    Raises ForbiddenAddress if any of them is one, TimeoutError when the lookup takes longer (its thread is left to the
    system's own limit), OSError when there is no such host.
    """
    try:
        found = (str(ipaddress.ip_address(host)),)
    except ValueError:
        found = _looked_up(host, port, within_s)
    for text in found:
        if is_forbidden(text):
            message = f"{text} is a link-local, multicast or metadata address"
            raise ForbiddenAddress(message)
    return found


def is_forbidden(text: str) -> bool:
    """Return whether an address is link-local, multicast or a metadata service's, also inside an IPv6 address."""
    address = innermost(ipaddress.ip_address(text))
    return address.is_link_local or address.is_multicast or address in _METADATA


def innermost(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, or the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _looked_up(host: str, port: int, within_s: float) -> tuple[str, ...]:
    outcome: queue.SimpleQueue[tuple[str, ...] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            # A scope ("%eth0") belongs to link-local addresses only, which are refused without it as well.
            outcome.put(tuple(dict.fromkeys(str(info[4][0]).partition("%")[0] for info in found)))
        except OSError as error:
            outcome.put(error)
        except UnicodeError as error:
            outcome.put(OSError(f"no name of a host: {type(error).__name__}"))

    threading.Thread(target=look_up, name="model-lookup", daemon=True).start()
    try:
        found = outcome.get(timeout=max(0.0, within_s))
    except queue.Empty:
        message = f"looking up {host} took longer than {within_s:.1f} s"
        raise TimeoutError(message) from None
    if isinstance(found, OSError):
        raise found
    return found
