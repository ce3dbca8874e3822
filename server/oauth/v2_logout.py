"""Auth0's dialect of logout: `client_id` and `returnTo`, and no ID token.

Any page could send a browser here. In the dialect `auth0` the session ends at once,
as its SDKs expect; in `rfc` only where nothing shows that a page of somebody else than
the client has led the browser here, and otherwise the person is asked.
"""

from urllib.parse import urlsplit

from aiohttp import web

from domain.client_metadata import Metadata
from domain.errors import InvalidRequest
from server import services, sessions
from server.oauth import dialect, farewell as farewells, leaving
from server.oauth.farewell import V2_LOGOUT
from server.oauth.logout import ask
from server.web import csrf, forms, pages
from server.web.client_card import client_of
from server.web.forms import Form
from server.web.transaction import Transaction


@pages.for_people
async def v2_logout(request: web.Request) -> web.StreamResponse:
    query = forms.query(request)
    client = await _client(request, query)
    pending = Transaction(
        request=_asked(query, client),
        asked_at=services.of(request).clock.now(),
        resume=V2_LOGOUT,
    )
    farewell = await farewells.of(request, pending)
    here = await sessions.current(request)
    if here is None or not _is_suspect(request, client):
        return await leaving.leave(request, farewell, here)
    return await ask(request, pending, farewell, here)


async def _client(request: web.Request, query: Form) -> Metadata | None:
    """Return the client that is named.

    Raises:
        InvalidRequest: it is not known, or missing beside an address of its own.
    """
    if "client_id" in query:
        return await client_of(request, query["client_id"])
    if "returnTo" in query:
        raise InvalidRequest("returnTo needs a client_id", reason="CLIENT_MISSING")
    return None


def _asked(query: Form, client: Metadata | None) -> dict[str, tuple[str, ...]]:
    """Return the same in the words of OpenID Connect."""
    if client is None:
        return {}
    # Auth0: without returnTo it is the first address that the client has registered.
    registered = client.post_logout_redirect_uris[:1]
    return_to = (query["returnTo"],) if "returnTo" in query else registered
    return {"client_id": (client.client_id,), "post_logout_redirect_uri": return_to}


def _is_suspect(request: web.Request, client: Metadata | None) -> bool:
    """Whether a page that is not the client's has led the browser here.

    A page can hide where a browser comes from, and not that it comes from elsewhere.
    """
    if dialect.of(services.of(request)).logout_by_name:
        return False
    referrer = request.headers.get("Referer")
    elsewhere = {"cross-site": True, "same-site": True, None: referrer is not None}
    if not elsewhere.get(request.headers.get("Sec-Fetch-Site"), False):
        return False
    return client is None or not _is_of(client, referrer)


def _is_of(client: Metadata, referrer: str | None) -> bool:
    uris = (*client.redirect_uris, *client.post_logout_redirect_uris)
    web_uris = [uri for uri in uris if urlsplit(uri).scheme in {"http", "https"}]
    return _origin(referrer or "") in {_origin(uri) for uri in web_uris}


def _origin(url: str) -> str | None:
    try:
        return csrf.origin_of(url)
    except ValueError:
        return None
