"""The pushed authorization request endpoint (RFC 9126 §2)."""

from functools import partial
from typing import Any

from aiohttp import web

from domain import pushing
from domain.client_metadata import Metadata
from domain.errors import InvalidDpopProof, InvalidRequest
from domain.grant import GRANT, PushedRequest
from server import services
from server.oauth import (
    asking,
    authorization_request as requests,
    client_auth,
    dpop,
    public_clients,
    request_uris,
    requested,
)
from server.oauth.authorization_parameters import USED, Asked, first, one
from server.services import Services
from server.web import answers, errors, forms, transaction
from server.web.source import source_of
from server.web.transaction import Transaction


@errors.oauth_json
async def push(request: web.Request) -> web.StreamResponse:
    """Judge the request as the authorization endpoint will, and keep it (§2.1)."""
    form = await forms.read(request)
    client = (await client_auth.authenticate(request, form)).metadata
    await public_clients.count(request, client, "par")
    asked = await _with_key(request, await _counting(request, form, client), client)
    await asking.judged(request, asked, requests.destination(asked, client))
    return answers.json(await _pushed(request, asked, client.client_id), status=201)


async def _counting(request: web.Request, form: forms.Form, client: Metadata) -> Asked:
    """Return what is asked, without what the client proves itself by (§2.1, §3)."""
    if "request_uri" in form:
        raise InvalidRequest("request_uri cannot be pushed", reason="PUSHED_URI")
    given = {name: form.every(name) for name in form if name in USED}
    it = await requested.of(request, {**given, "client_id": (client.client_id,)})
    if it.refusal is not None:
        raise it.refusal
    return it.asked


async def _with_key(request: web.Request, asked: Asked, client: Metadata) -> Asked:
    """Return it with the key that the client proves: the code will be for that one.

    Raises:
        InvalidDpopProof, UseDpopNonce, Unavailable: as in `dpop.shown_by`; the proof is
            another key's than `dpop_jkt` (RFC 9449 §10.1).
    """
    jkt = await dpop.shown_by(request, client)
    if jkt is None:
        return asked
    if one(asked, "dpop_jkt") not in {None, jkt}:
        raise InvalidDpopProof("dpop_jkt is another key's", reason="DPOP_JKT_MISMATCH")
    return {**asked, "dpop_jkt": (jkt,)}


async def _pushed(request: web.Request, asked: Asked, client_id: str) -> dict[str, Any]:
    """Append the request; return the answer (§2.2).

    Raises:
        TooLong: no browser could carry it on its way.
    """
    known = services.of(request)
    grant_id, now = known.clock.new_id(), known.clock.now()
    secret = known.clock.secret_text()
    # What is too long for a browser's way is better refused now than there.
    pending = Transaction(request={**asked}, asked_at=now, pushed=grant_id)
    transaction.seal(request, pending)
    await known.commands.begin(
        GRANT,
        grant_id,
        partial(pushing.push, request=_request(known, asked, secret, now=now)),
        source=source_of(request, f"client:{client_id}", client_id=client_id),
    )
    return {
        "request_uri": request_uris.of(known, grant_id, secret),
        "expires_in": known.settings.par_lifetime,
    }


def _request(known: Services, asked: Asked, secret: str, *, now: int) -> PushedRequest:
    usable_until = now + known.settings.par_lifetime
    return PushedRequest(
        client_id=first(asked, "client_id"),
        sealed=request_uris.sealed(known, asked, secret, until=usable_until),
        usable_until=usable_until,
        expires_at=usable_until + known.settings.interaction_lifetime,
    )
