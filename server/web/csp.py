"""What a page of ours may load and where it may send (CSP level 3)."""

import re
from typing import Final

from aiohttp import web

from server import services

NONCE: Final = web.RequestKey("nonce", str)
FORM_ACTIONS: Final = web.RequestKey("form_actions", list)
IMAGES: Final = web.RequestKey("images", list)
FRAMES: Final = web.RequestKey("frames", list)
FRAMED_BY: Final = web.RequestKey("framed_by", list)

# Nothing that ends a source or a directive of the policy.
_ORIGIN: Final = re.compile(r"(https?://[A-Za-z0-9.-]+(?::[0-9]+)?)(?:[/?#]|$)")


def nonce(request: web.Request) -> str:
    """Return this response's nonce; asking for one is what allows a script."""
    if NONCE not in request:
        request[NONCE] = services.of(request).clock.secret_text()
    return request[NONCE]


def allow_form_action(request: web.Request, origin: str) -> None:
    """Let this page's forms end at `origin`.

    Chromium applies form-action to every redirect that follows a form's POST, so
    the page before a redirect to the client must name the client's origin.
    """
    request.setdefault(FORM_ACTIONS, []).append(origin)


def allow_image(request: web.Request, uri: str) -> None:
    """Let this page show pictures of the origin of `uri`, if it has a plain one."""
    _allow(request, IMAGES, uri)


def allow_frame(request: web.Request, uri: str) -> None:
    """Let this page hold frames of the origin of `uri`, if it has a plain one."""
    _allow(request, FRAMES, uri)


def allow_framing(request: web.Request, uri: str) -> None:
    """Let pages of the origin of `uri` hold this one in a frame, if it has a plain one.

    For pages alone on which nobody can be made to click (clickjacking).
    """
    _allow(request, FRAMED_BY, uri)


def _allow(request: web.Request, sources: web.RequestKey[list[str]], uri: str) -> None:
    found = _ORIGIN.match(uri)
    if found:
        request.setdefault(sources, []).append(found[1])


def policy(request: web.Request) -> str:
    """Return the Content-Security-Policy of the response to `request`."""
    script = f"'nonce-{request[NONCE]}'" if NONCE in request else "'none'"
    actions = " ".join(["'self'", *request.get(FORM_ACTIONS, [])])
    images = " ".join(["'self'", "data:", *request.get(IMAGES, [])])
    frames = " ".join(dict.fromkeys(request.get(FRAMES, ["'none'"])))
    framed_by = " ".join(request.get(FRAMED_BY, ["'none'"]))
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {script}",
            "connect-src 'self'",
            "style-src 'self'",
            f"img-src {images}",
            f"form-action {actions}",
            f"frame-src {frames}",
            f"frame-ancestors {framed_by}",
            "base-uri 'none'",
        ]
    )
