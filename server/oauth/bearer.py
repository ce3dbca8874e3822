"""The access token of a request, with the key it needs (RFC 6750 §2, RFC 9449 §7).

In the header or in a form; one that is bound to a DPoP key only under the scheme of
that name and with a proof for this request, one that is bound to a certificate only
over TLS with that one.
"""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from domain.errors import (
    InvalidDpopProof,
    InvalidRequest,
    InvalidToken,
    UseDpopNonce,
)
from domain.grant import Confirmation
from server import services
from server.oauth import dpop, liveness, possession, presented
from server.oauth.liveness import LiveAccessToken
from server.oauth.presented import ShownAccessToken
from server.web import forms
from server.web.errors import KeyMissing, MissingToken, NonceWanted, ProofRefused

BEARER: Final = "bearer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A token as it came; `scheme` in small letters."""

    scheme: str
    text: str


async def token_of(request: web.Request) -> LiveAccessToken:
    """Return the live access token that the request carries.

    Raises:
        MissingToken: it carries none (§3.1).
        InvalidRequest: it carries two, or one in its address (RFC 9700 §4.3.2).
        InvalidToken: the token is not good, or not good without its key.
        ProofRefused, NonceWanted: the DPoP proof is not good, or lacks a nonce.
        Unavailable: nobody can say.
    """
    known = services.of(request)
    carried = await _carried(request)
    shown = presented.read(known.keys, carried.text)
    if not isinstance(shown, ShownAccessToken):
        raise InvalidToken("the access token is not good", reason="TOKEN_FORGED")
    live = await liveness.access_token(known, shown)
    if live is None:
        raise InvalidToken("the access token is not good", reason="TOKEN_DEAD")
    await _check_key(request, carried, live.token.cnf)
    possession.check_certificate(request, live.token.cnf)
    return live


async def _check_key(
    request: web.Request, carried: Carried, cnf: Confirmation | None
) -> None:
    bound_to = cnf.jkt if cnf else None
    if bound_to is None and carried.scheme == BEARER:
        return
    try:
        jkt = await dpop.shown(request, token=carried.text)
    except InvalidDpopProof as refusal:
        raise ProofRefused(refusal.description, reason=refusal.reason) from None
    except UseDpopNonce as refusal:
        raise NonceWanted(refusal.description, reason=refusal.reason) from None
    if carried.scheme != dpop.SCHEME or bound_to is None or jkt != bound_to:
        raise KeyMissing("the token needs the proof of its key", reason="DPOP_KEY")


async def _carried(request: web.Request) -> Carried:
    given = [*_in_headers(request), *await _in_form(request)]
    if "access_token" in forms.query(request):
        raise InvalidRequest("a token in the address", reason="TOKEN_IN_QUERY")
    if not given:
        raise MissingToken("an access token is missing", reason="TOKEN_MISSING")
    if len(given) > 1:
        raise InvalidRequest("two access tokens", reason="TWO_METHODS")
    return given[0]


def in_headers(request: web.Request) -> list[str]:
    """Return every bearer token of the headers (§2.1)."""
    return [one.text for one in _in_headers(request) if one.scheme == BEARER]


def _in_headers(request: web.Request) -> list[Carried]:
    halves = (
        header.partition(" ") for header in request.headers.getall("Authorization", [])
    )
    return [
        Carried(scheme=scheme.lower(), text=text.strip())
        for scheme, _, text in halves
        if scheme.lower() in {BEARER, dpop.SCHEME}
    ]


async def _in_form(request: web.Request) -> list[Carried]:
    """Return the token of a form's body (§2.2); JSON is no place for one."""
    if request.method != "POST" or request.content_type != forms.FORM:
        return []
    form = await forms.read(request)
    if "access_token" not in form:
        return []
    return [Carried(scheme=BEARER, text=form["access_token"])]
