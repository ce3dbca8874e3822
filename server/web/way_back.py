"""What a page's forms may lead to: ourselves, and then the client."""

from urllib.parse import urlsplit

from aiohttp import web

from server.web import csp


def allow(request: web.Request, redirect_uri: str) -> None:
    """Let this page's forms end at the client.

    Chromium holds form-action against every redirect after a form's POST, the
    client's own further ones too (measured with 156), and nobody knows where a
    client goes on to. So the scheme is named, not the origin.
    """
    for source in dict.fromkeys(("https:", f"{urlsplit(redirect_uri).scheme}:")):
        csp.allow_form_action(request, source)
