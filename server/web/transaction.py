"""What a browser is in the middle of, sealed, carried by the browser itself.

Until somebody has signed in nobody may make the log grow, so a pending request
is stored nowhere: it travels as `tx` from page to page (design rule 6). Marks of
how far it got are bound to a session or a browser, so that a link with somebody's
`tx` is worth no more than the client's own link.
"""

from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from aiohttp import web

from domain.client_metadata import Metadata
from domain.value import Value
from server import services
from server.web import opener, pages
from server.web.refusals import Stale, TooLong

PURPOSE: Final = "interaction"
WEB_MESSAGE: Final = "web_message"
LONGEST: Final = 7500
"""Characters of a `tx` that every browser and proxy carries in an address."""


class Progress(Value, frozen=True):
    """What the person of a session has done for this request.

    `signed_in` says that they signed in for it, not before; `allowed` is the scope
    they agreed to on its consent page, None if they have not seen one.
    """

    session_id: UUID
    signed_in: bool = False
    allowed: tuple[str, ...] | None = None


class Consideration(Value, frozen=True):
    """What the consent page asks about; the authorization endpoint has settled it."""

    scope: tuple[str, ...]
    audience: tuple[str, ...]


class HalfSignedIn(Value, frozen=True):
    """The password was right and a second factor is missing yet.

    `name` is the digest of the name they gave, `browser` of the browser's secret.
    """

    user_id: UUID
    name: str
    browser: str
    expires_at: int


class Transaction(Value, frozen=True):
    """A client's request and how far the person is with it.

    `device` is the grant that the person was asked about (RFC 8628 §3.3), `pushed`
    the one that this request waits on, if its client has pushed it (RFC 9126).
    """

    request: dict[str, tuple[str, ...]]
    asked_at: int
    resume: str = "/authorize"
    progress: Progress | None = None
    half: HalfSignedIn | None = None
    consideration: Consideration | None = None
    device: UUID | None = None
    pushed: UUID | None = None
    refused: str | None = None

    def asked(self, name: str) -> str | None:
        """Return one parameter of the client's request."""
        values = self.request.get(name)
        return values[0] if values else None

    def way_back(self, client: Metadata) -> str:
        """Return where the client will be answered; its one URI if it named none."""
        return self.asked("redirect_uri") or next(iter(client.redirect_uris), "https:")


_DECODER: Final = msgspec.json.Decoder(Transaction)


def seal(request: web.Request, transaction: Transaction) -> str:
    """Return the `tx` of the transaction, and keep the window that waits for its end.

    Raises:
        TooLong: the client's request is too large to travel.
    """
    known = services.of(request)
    if transaction.asked("response_mode") == WEB_MESSAGE:
        opener.keep(request)
    text = known.keys.seal(
        PURPOSE,
        msgspec.json.encode(transaction),
        expires_at=transaction.asked_at + known.settings.interaction_lifetime,
    )
    if len(text) > LONGEST:
        raise TooLong("the request is too large", reason="TRANSACTION_TOO_LONG")
    return text


def unseal(request: web.Request, text: str | None) -> Transaction:
    """Return what `seal` wrote.

    Raises:
        Stale: it is too old, or not ours.
    """
    known = services.of(request)
    plain = known.keys.unseal(PURPOSE, text or "", now=known.clock.now())
    if plain is None:
        raise Stale("this page has waited too long", reason="TRANSACTION_STALE")
    return _DECODER.decode(plain)


def link(request: web.Request, path: str, tx: str) -> str:
    """Return the address, for a page of ours, of another that goes on with it."""
    return f"{pages.path_of(request, path)}?{urlencode({'tx': tx})}"


def go_on(request: web.Request, path: str, transaction: Transaction) -> web.Response:
    """Send the browser to a page of ours, taking the transaction along.

    303, whatever the method was: a password is never sent on (RFC 9700 §4.12).
    """
    query = urlencode({"tx": seal(request, transaction)})
    address = services.of(request).settings.url(path)
    return web.Response(status=303, headers={"Location": f"{address}?{query}"})
