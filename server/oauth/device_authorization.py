"""The device authorization endpoint (RFC 8628 §3.1, §3.2)."""

from contextlib import suppress
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from domain import device, scope as scopes, user_code
from domain.client_metadata import Metadata
from domain.errors import UnauthorizedClient
from domain.grant import GRANT, DeviceRequest
from domain.scope import Grantable
from server import services, user_codes
from server.log.errors import KeyTaken, Unavailable
from server.oauth import client_auth, lookup, public_clients
from server.oauth.ask import resources
from server.services import Services
from server.web import answers, errors, forms
from server.web.source import source_of

CODE: Final = 0
"""The number of a grant's device code: there is one."""

DRAWS: Final = 8
"""How often a code is drawn anew that another request has."""


@errors.oauth_json
async def device_authorization(request: web.Request) -> web.StreamResponse:
    form = await forms.read(request)
    client = (await client_auth.authenticate(request, form)).metadata
    if device.GRANT_TYPE not in client.grant_types:
        raise UnauthorizedClient("the client may not use this grant_type")
    known = services.of(request)
    granted = scopes.grantable(
        scopes.parse(form.get("scope")),
        client=client,
        apis=await lookup.every_api(known.reading),
        resource=resources(form),
    )
    await public_clients.count(request, client, "device")
    return answers.json(await _begun(request, client, granted))


async def _begun(
    request: web.Request, client: Metadata, granted: Grantable
) -> dict[str, Any]:
    """Append the request under a code that no other has; return the answer."""
    known = services.of(request)
    grant_id = known.clock.new_id()
    for _ in range(DRAWS):
        code = user_code.drawn(user_codes.pattern(known), known.clock.secret_bytes)
        with suppress(KeyTaken):
            await _append(
                request, grant_id, _request(known, client.client_id, code, granted)
            )
            return _answer(known, grant_id, code)
    raise Unavailable("user_code")


def _request(
    known: Services, client_id: str, code: str, granted: Grantable
) -> DeviceRequest:
    now = known.clock.now()
    return DeviceRequest(
        client_id=client_id,
        user_code=user_codes.digest(known, code),
        requested_at=now,
        expires_at=now + known.settings.device_code_lifetime,
        interval=known.settings.device_interval,
        scope=granted.scope,
        audience=granted.audience,
    )


async def _append(request: web.Request, grant_id: UUID, asked: DeviceRequest) -> None:
    client_id = asked.client_id
    await services.of(request).commands.begin(
        GRANT,
        grant_id,
        partial(device.ask, request=asked),
        source=source_of(request, f"client:{client_id}", client_id=client_id),
        keys=[user_codes.claim(asked)],
    )


def _answer(known: Services, grant_id: UUID, code: str) -> dict[str, Any]:
    shown = user_code.shown(user_codes.pattern(known), code)
    address = known.settings.url("/activate")
    return {
        "device_code": known.keys.artefact("dc", grant_id, CODE),
        "user_code": shown,
        "verification_uri": address,
        "verification_uri_complete": f"{address}?{urlencode({'user_code': shown})}",
        "expires_in": known.settings.device_code_lifetime,
        "interval": known.settings.device_interval,
    }
