"""Clients that register themselves, and change and remove what they registered.

RFC 7591 (and OIDC Dynamic Client Registration 1.0), RFC 7592. What a client may say
of itself is `domain/self_registration.py`; a secret is told once, when it is made.
"""

from functools import partial, wraps
from typing import Any

import structlog
from aiohttp import web

from domain import (
    client as clients,
    registration_management as management,
    self_registration,
    stream_id as ids,
)
from domain.client import CLIENT, Client, ClientState, SecretRotated
from domain.client_metadata import Metadata
from domain.errors import InvalidClientMetadata, InvalidRequest, OAuthError
from domain.registration_management import Revision
from domain.scope import defined
from server import client_certificate, services
from server.client_secrets import new_secret
from server.envelope import Source
from server.oauth import lookup, registration_access as access, sector_identifier
from server.oauth.proving.secret import SECRET
from server.services import Services
from server.web import answers, errors, json_object
from server.web.forms import TooLarge, TooSlow
from server.web.source import REQUEST_ID, source_of

log = structlog.get_logger()


def _answered(handler: errors.Handler) -> errors.Handler:
    """Answer refusals in JSON, and note the exact reason, which stays with us."""

    @errors.oauth_json
    @wraps(handler)
    async def noted(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except OAuthError as refusal:
            await log.ainfo(
                "registration.refused",
                error=refusal.error,
                reason=refusal.reason,
                request_id=request[REQUEST_ID],
            )
            raise

    return noted


@_answered
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
    await _check(known, metadata)
    return await _begin(request, metadata)


async def _check(known: Services, metadata: Metadata) -> None:
    """Let metadata pass that hold beyond their form, too."""
    client_certificate.check_names(metadata)
    await sector_identifier.check(known.fetching, metadata)


async def _begin(request: web.Request, metadata: Metadata) -> web.StreamResponse:
    known = services.of(request)
    client_id = metadata.client_id
    secret = new_secret(known.clock) if metadata.has_secret else None
    digest = secret and known.keys.digest(SECRET, secret)
    if secret and digest and metadata.secret_is_key:
        await known.client_secrets.keep(client_id, secret=secret, digest=digest)
    outcome = await known.commands.begin(
        CLIENT,
        access.stream_of(client_id),
        lambda state: clients.register(
            state,
            metadata=metadata,
            secret=digest,
            by_itself=True,
            now=known.clock.now(),
        ),
        source=_source(request, client_id),
    )
    return _answer(known, clients.known(outcome.state), secret=secret, status=201)


@_answered
async def read(request: web.Request) -> web.StreamResponse:
    client_id, generation = access.managing(request)
    known = services.of(request)
    state = await _truth(known, client_id)
    return _answer(known, management.managed(state, generation=generation))


@_answered
async def update(request: web.Request) -> web.StreamResponse:
    client_id, generation = access.managing(request)
    known = services.of(request)
    revision = Revision(
        said=await _said(request),
        generation=generation,
        digest=partial(known.keys.digest, SECRET),
        api_scopes=await _api_scopes(known),
        development=known.settings.development,
    )
    metadata = management.revised(
        await _truth(known, client_id), revision, now=known.clock.now()
    )
    await access.count(request)
    await _check(known, metadata)
    return await _revise(request, metadata, revision)


async def _revise(
    request: web.Request, metadata: Metadata, revision: Revision
) -> web.StreamResponse:
    known, client_id = services.of(request), metadata.client_id
    secret = new_secret(known.clock)
    digest = revision.digest(secret)
    if metadata.secret_is_key:
        await known.client_secrets.keep(client_id, secret=secret, digest=digest)
    outcome = await known.commands.run(
        CLIENT,
        access.stream_of(client_id),
        partial(
            management.revise,
            revision=revision,
            fresh_secret=digest,
            now=known.clock.now(),
        ),
        source=_source(request, client_id),
    )
    await known.client_secrets.forget(client_id, [digest], after=outcome.state)
    is_new = any(isinstance(event, SecretRotated) for event in outcome.events)
    client = clients.known(outcome.state)
    return _answer(known, client, secret=secret if is_new else None)


@_answered
async def remove(request: web.Request) -> web.StreamResponse:
    client_id, generation = access.managing(request)
    known = services.of(request)
    outcome = await known.commands.run(
        CLIENT,
        access.stream_of(client_id),
        partial(management.remove, generation=generation, now=known.clock.now()),
        source=_source(request, client_id),
    )
    await known.client_secrets.forget(client_id, after=outcome.state)
    return answers.no_content()


async def _truth(known: Services, client_id: str) -> ClientState:
    """Return the client, not from Redis: what it wrote a moment ago, anywhere."""
    return (await known.reading.truth(CLIENT, access.stream_of(client_id))).state


async def _said(request: web.Request) -> dict[str, Any]:
    try:
        return await json_object.read(request)
    except (TooLarge, TooSlow):
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
    members = {
        **self_registration.told(client.metadata),
        "client_id_issued_at": client.registered_at,
        **access.told(known, client),
    }
    if secret is not None:
        members |= {"client_secret": secret, "client_secret_expires_at": 0}
    return answers.json(members, status=status)
