"""Where a request comes from, as far as it can be believed."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from aiohttp import web

from server import services
from server.envelope import Source

Network = IPv4Network | IPv6Network

REQUEST_ID: Final = web.RequestKey("request_id", str)
TRACE_ID_LENGTH: Final = 32
LONGEST_AGENT: Final = 400


def source_of(
    request: web.Request, actor: str, *, client_id: str | None = None
) -> Source:
    """Return who asks from where; `actor` is `client:<id>` or `user:<uuid>`."""
    return Source(
        actor=actor,
        request_id=request[REQUEST_ID],
        client_id=client_id,
        address=address_of(request),
        user_agent=_text(request.headers.get("User-Agent")),
        trace_id=_trace_id(request.headers.get("traceparent", "")),
    )


def address_of(request: web.Request) -> str | None:
    """Return the peer's address; a trusted proxy's word for it where there is one."""
    trusted = services.of(request).settings.trusted_proxies
    forwarded = request.headers.getall("X-Forwarded-For", [])
    hops = [hop.strip() for line in forwarded for hop in line.split(",")]
    return believed_address(request.remote, hops, trusted)


def believed_address(
    peer: str | None, hops: Sequence[str], trusted: Sequence[Network]
) -> str | None:
    """Walk from the peer outwards while the hop that speaks is a trusted proxy."""
    address = peer
    for hop in reversed(hops):
        if not is_trusted(address, trusted) or not _is_address(hop):
            break
        address = hop
    return address


def is_trusted(address: str | None, trusted: Sequence[Network]) -> bool:
    """Whether it is a proxy whose word is believed."""
    if address is None or not _is_address(address):
        return False
    return any(ip_address(address) in network for network in trusted)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _text(header: str | None) -> str | None:
    # Headers may hold surrogates (aiohttp's surrogateescape); JSON may not.
    if header is None:
        return None
    return header[:LONGEST_AGENT].encode("utf-8", "replace").decode()


def _trace_id(traceparent: str) -> str | None:
    """Return the trace id of a W3C traceparent header, if it is one."""
    parts = traceparent.split("-")
    if len(parts) != 4 or len(parts[1]) != TRACE_ID_LENGTH:  # noqa: PLR2004 (W3C §3.2)
        return None
    return parts[1] if all(c in "0123456789abcdef" for c in parts[1]) else None
