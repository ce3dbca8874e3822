"""The token endpoint (RFC 6749 §3.2)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from aiohttp import web

from domain import delegation, device
from domain.client import Client
from domain.errors import OAuthError, UnauthorizedClient, UnsupportedGrantType
from server import services
from server.log.errors import Unavailable
from server.oauth import client_auth, dialect, possession, public_clients, tokens
from server.oauth.ask import Ask
from server.oauth.grants import (
    authorization_code,
    client_credentials,
    device_code,
    jwt_bearer,
    password,
    refresh_token,
    token_exchange,
)
from server.oauth.tokens import Given
from server.web import answers, errors, forms
from server.web.source import source_of

Exchange = Callable[[Ask], Awaitable[Given]]

GRANTS: Final[Mapping[str, Exchange]] = MappingProxyType(
    {
        "authorization_code": authorization_code.exchange,
        "refresh_token": refresh_token.exchange,
        "client_credentials": client_credentials.exchange,
        device.GRANT_TYPE: device_code.exchange,
        "password": password.exchange,
        "http://auth0.com/oauth/grant-type/password-realm": password.exchange_in_realm,
        "http://auth0.com/oauth/grant-type/mfa-otp": password.exchange_otp,
        delegation.GRANT_TYPE: token_exchange.exchange,
        jwt_bearer.GRANT_TYPE: jwt_bearer.exchange,
    }
)
"""`grant_type`s that work; discovery tells of them."""


@errors.oauth_json
async def token(request: web.Request) -> web.StreamResponse:
    form = await forms.read(request)
    client = await client_auth.authenticate(request, form)
    exchange = _exchange(forms.required(form, "grant_type"), client)
    ask = _ask(request, form, client)
    try:
        given = await _with_key(exchange, ask)
    except OAuthError as refusal:
        return dialect.refused(request, form["grant_type"], refusal)
    return answers.json(tokens.answer(given, keys=ask.services.keys, now=ask.now))


def _exchange(grant_type: str, client: Client) -> Exchange:
    exchange = GRANTS.get(grant_type)
    if exchange is None:
        raise UnsupportedGrantType("the server does not know this grant_type")
    if grant_type not in client.metadata.grant_types:
        raise UnauthorizedClient("the client may not use this grant_type")
    return exchange


def _ask(request: web.Request, form: forms.Form, client: Client) -> Ask:
    known = services.of(request)
    client_id = client.metadata.client_id
    return Ask(
        request=request,
        services=known,
        client=client,
        form=form,
        source=source_of(request, f"client:{client_id}", client_id=client_id),
        now=known.clock.now(),
    )


async def _with_key(exchange: Exchange, ask: Ask) -> Given:
    """Exchange for tokens that are bound to the key the client shows, if it does."""
    async with public_clients.counting_proofs(ask.request, ask.metadata):
        cnf = await possession.confirmation(ask.request, ask.metadata)
        return await _counted(exchange, replace(ask, cnf=cnf))


async def _counted(exchange: Exchange, ask: Ask) -> Given:
    """Count how it went; the exact reason stays with us."""
    count = ask.services.metrics.grant
    grant_type = ask.form["grant_type"]
    try:
        given = await exchange(ask)
    except OAuthError as refusal:
        count(grant=grant_type, outcome=refusal.error, reason=refusal.reason)
        raise
    except Unavailable as away:
        count(grant=grant_type, outcome="temporarily_unavailable", reason=away.why)
        raise
    count(grant=grant_type, outcome="ok")
    return given
