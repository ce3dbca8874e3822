"""Whether the window that opened ours stays in touch with it (HTML, COOP).

It doesn't: no foreign page shall hold a handle to one of ours. Only where the
answer is to go to that very window, a popup's, every response on the way keeps
the two together, since a browser that has parted them never joins them again.
"""

from typing import Final

from aiohttp import web

KEPT: Final = web.RequestKey("opener_kept", bool)


def keep(request: web.Request) -> None:
    request[KEPT] = True


def policy(request: web.Request) -> str:
    """Return the Cross-Origin-Opener-Policy of the response to `request`."""
    return "unsafe-none" if KEPT in request else "same-origin"
