"""Which addresses are everybody's: where an outgoing request may go by itself.

What is inside (this machine, its neighbours, a cloud's metadata) must not be reached
by writing its address into a client's metadata (RFC 7591 §5). The lists are IANA's
special-purpose registries, as Python has them, and what those leave open.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

NAT64: Final = ip_network("64:ff9b::/96")
"""An IPv4 address as a network without IPv4 sees it (RFC 6052 §2.1)."""

CLOSED: Final = tuple(
    ip_network(text)
    for text in (
        "168.63.129.16/32",  # Azure's own services, on a public number
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata are there
        "192.88.99.0/24",  # 6to4 relays, withdrawn (RFC 7526)
        "2002::/16",  # 6to4: any IPv4 address within
        "3fff::/20",  # documentation (RFC 9637)
        "64:ff9b:1::/48",  # NAT64 of a network's own (RFC 8215)
        "fec0::/10",  # site-local, withdrawn (RFC 3879)
    )
)


def is_public(text: str) -> bool:
    """Whether it is the address of a host on the Internet; False for what is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address in NAT64:
        return _is_open(IPv4Address(int(address) & 0xFFFFFFFF))
    return _is_open(address)


def _is_open(address: IPv4Address | IPv6Address) -> bool:
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved  # IPv4-mapped and -compatible ones are in ::/8
        and not any(address in network for network in CLOSED)
    )
