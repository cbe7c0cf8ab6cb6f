"""What a reverse proxy says about a request, believed only when a trusted one says it.

The peer is that of the TCP connection: nothing a request carries (`X-Forwarded-For`, `Forwarded`)
changes who it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from starlette.types import Scope

Networks: TypeAlias = "Sequence[IPv4Network | IPv6Network]"

VALUE_MAX = 64
HEADER_NAME = r"^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*$"

# What Apache writes for a variable that is not set.
_NOBODY = (b"", b"(null)")
_VALUE = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:+-]{0,%d}" % (VALUE_MAX - 1))


class HeaderRefused(Exception):
    """A trusted proxy's header cannot be what the proxy meant to say; `why` is a code."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def parse_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """`10.1.2.0/24, ::1` as networks. ValueError names the place of what is none, not its text."""
    found = []
    for number, part in enumerate(filter(None, map(str.strip, text.split(","))), 1):
        try:
            network = ip_network(part)
        except ValueError:
            raise ValueError(
                f"number {number} is no address or network such as 10.1.2.0/24"
            ) from None
        if network.prefixlen == 0:
            raise ValueError(f"number {number} is everybody: name the proxies' own addresses")
        found.append(network)
    return tuple(found)


def is_from(scope: Scope, networks: Networks) -> bool:
    """Whether the TCP peer is in one of `networks`."""
    client = scope.get("client")
    if client is None:
        return False
    try:
        address = ip_address(client[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in networks)


def values_of(scope: Scope, header: str) -> list[bytes]:
    """Every value of a header, as it came."""
    wanted = header.lower().encode()
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    return [value for name, value in headers if name == wanted]


def read_user(values: Sequence[bytes]) -> str | None:
    """Whom a trusted proxy's header names; None when it names nobody.

    Raises HeaderRefused for what no proxy says of one person: the header twice, too long a value,
    control characters, anything that is neither an id nor a login.
    """
    if len(values) > 1:
        raise HeaderRefused("duplicate")
    if not values or values[0] in _NOBODY:
        return None
    (value,) = values
    if len(value) > VALUE_MAX:
        raise HeaderRefused("oversize")
    if not _VALUE.fullmatch(value):
        raise HeaderRefused("malformed")
    return value.decode("ascii")


def is_https(scope: Scope, networks: Networks) -> bool:
    """Whether the browser came by HTTPS, by a trusted proxy's word or our own."""
    if scope["scheme"] == "https":
        return True
    return is_from(scope, networks) and values_of(scope, "x-forwarded-proto") == [b"https"]
