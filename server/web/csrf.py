"""Forms that only our own pages in the same browser can send (OWASP ASVS 3.5).

Three things decide together: a token bound to the browser (and to the session
where there is one), what the browser says of the sender (`Sec-Fetch-Site`), and
the `Origin`. The browser has its own cookie before anybody signs in, so that
nobody can be signed in as somebody else by a foreign form (login CSRF).
"""

from collections.abc import Mapping
from hmac import compare_digest
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from server import services
from server.web import cookies
from server.web.refusals import Forged

SECRET_LENGTH: Final = 43
PORTS: Final = {"http": 80, "https": 443}
_FRESH: Final = web.RequestKey("browser", str)


def browser(request: web.Request) -> str:
    """Return the secret that names this browser; `remember` sends it a new one."""
    known = request.cookies.get(cookies.BROWSER, "")
    if len(known) == SECRET_LENGTH:
        return known
    if _FRESH not in request:
        request[_FRESH] = services.of(request).clock.secret_text()
    return request[_FRESH]


def remember(request: web.Request, response: web.StreamResponse) -> None:
    """Give the browser the secret that this request's tokens are bound to."""
    if _FRESH in request:
        cookies.put(response, cookies.BROWSER, request[_FRESH])


def token(request: web.Request, form: str, *, session: str = "") -> str:
    """Return the token of the named form; `session` is what says who is signed in."""
    bound_to = f"{form}\n{session}\n{browser(request)}"
    return services.of(request).keys.digest("csrf", bound_to)


def check(
    request: web.Request, form: str, sent: Mapping[str, str], *, session: str = ""
) -> None:
    """Let the form pass that our page made for this browser and this session.

    Raises:
        Forged: anything else.
    """
    if _is_foreign(request):
        raise Forged("the form was sent by another site", reason="CSRF_ORIGIN")
    expected = token(request, form, session=session).encode()
    if not compare_digest(expected, sent.get("csrf", "").encode()):
        raise Forged("the form is not from this browser", reason="CSRF_TOKEN")


def _is_foreign(request: web.Request) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None and site not in {"same-origin", "none"}:
        return True
    if origin is None:
        return False
    if origin == "null":
        # Some privacy settings hide the origin; then the browser must vouch.
        return site != "same-origin"
    return origin != origin_of(services.of(request).settings.issuer)


def origin_of(url: str) -> str:
    """Return the URL's origin as browsers write it (RFC 6454 §6.2)."""
    parts = urlsplit(url)
    port = "" if parts.port in {None, PORTS.get(parts.scheme)} else f":{parts.port}"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}{port}"
