"""Clients that register themselves, and change and remove what they registered.

RFC 7591 (and OIDC Dynamic Client Registration 1.0), RFC 7592. What a client may say
of itself is `domain/self_registration.py`; a secret is told once, when it is made.
"""

from functools import partial
from typing import Any, Final
from urllib.parse import quote

from aiohttp import web

from domain import client as clients, self_registration, stream_id as ids
from domain.client import CLIENT, Client, SecretRotated
from domain.client_metadata import Metadata
from domain.errors import InvalidClientMetadata, InvalidRequest
from domain.scope import defined
from server import services
from server.envelope import Source
from server.oauth import lookup, registration_access as access
from server.oauth.client_auth import SECRET
from server.services import Services
from server.web import answers, errors, json_object
from server.web.forms import TooLarge
from server.web.source import source_of

PATH: Final = "/oidc/register"


@errors.oauth_json
async def register(request: web.Request) -> web.StreamResponse:
    await access.admit(request)
    said = await _said(request)
    known = services.of(request)
    metadata = self_registration.described(
        said,
        client_id=ids.to_text(known.clock.new_id()),
        api_scopes=await _api_scopes(known),
        development=known.settings.development,
    )
    if known.settings.registration == "open":
        await access.count(request)
    return await _begin(request, metadata)


async def _begin(request: web.Request, metadata: Metadata) -> web.StreamResponse:
    known = services.of(request)
    client_id = metadata.client_id
    secret = known.clock.secret_text() if metadata.has_secret else None
    outcome = await known.commands.begin(
        CLIENT,
        access.stream_of(client_id),
        lambda state: clients.register(
            state,
            metadata=metadata,
            secret=secret and known.keys.digest(SECRET, secret),
            by_itself=True,
            now=known.clock.now(),
        ),
        source=_source(request, client_id),
    )
    return _answer(known, clients.known(outcome.state), secret=secret, status=201)


@errors.oauth_json
async def read(request: web.Request) -> web.StreamResponse:
    client_id, generation = access.managing(request)
    known = services.of(request)
    # Not from Redis: what it wrote a moment ago, anywhere, is what it gets.
    loaded = await known.reading.truth(CLIENT, access.stream_of(client_id))
    client = self_registration.managed(loaded.state, generation=generation)
    return _answer(known, client)


@errors.oauth_json
async def update(request: web.Request) -> web.StreamResponse:
    client_id, generation = access.managing(request)
    said = await _said(request)
    await access.count(request)
    known = services.of(request)
    secret = known.clock.secret_text()
    decide = partial(
        self_registration.update,
        said=said,
        generation=generation,
        digest=partial(known.keys.digest, SECRET),
        fresh_secret=known.keys.digest(SECRET, secret),
        api_scopes=await _api_scopes(known),
        development=known.settings.development,
        now=known.clock.now(),
    )
    outcome = await known.commands.run(
        CLIENT, access.stream_of(client_id), decide, source=_source(request, client_id)
    )
    is_new = any(isinstance(event, SecretRotated) for event in outcome.events)
    client = clients.known(outcome.state)
    return _answer(known, client, secret=secret if is_new else None)


@errors.oauth_json
async def remove(request: web.Request) -> web.StreamResponse:
    client_id, generation = access.managing(request)
    known = services.of(request)
    await known.commands.run(
        CLIENT,
        access.stream_of(client_id),
        partial(self_registration.remove, generation=generation, now=known.clock.now()),
        source=_source(request, client_id),
    )
    return answers.no_content()


async def _said(request: web.Request) -> dict[str, Any]:
    try:
        return await json_object.read(request)
    except TooLarge:
        raise
    except InvalidRequest as refusal:
        # RFC 7591 §3.2.2 has no other name for it.
        raise InvalidClientMetadata(
            refusal.description, reason=refusal.reason
        ) from refusal


async def _api_scopes(known: Services) -> set[str]:
    return defined(await lookup.every_api(known.reading))


def _source(request: web.Request, client_id: str) -> Source:
    return source_of(request, f"client:{client_id}", client_id=client_id)


def _answer(
    known: Services, client: Client, *, secret: str | None = None, status: int = 200
) -> web.Response:
    """Return the client information response (RFC 7591 §3.2.1, RFC 7592 §3)."""
    client_id = client.metadata.client_id
    members = {
        **self_registration.told(client.metadata),
        "client_id_issued_at": client.registered_at,
        "registration_client_uri": known.settings.url(
            f"{PATH}/{quote(client_id, safe='')}"
        ),
        "registration_access_token": access.token_of(known, client),
    }
    if secret is not None:
        members |= {"client_secret": secret, "client_secret_expires_at": 0}
    return answers.json(members, status=status)
