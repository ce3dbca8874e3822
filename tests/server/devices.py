"""A device's side of the flow, and a person who decides without a browser."""

from collections.abc import Collection
from functools import partial
from typing import Any
from uuid import UUID

from domain import device
from domain.grant import GRANT, DeviceAsked
from domain.session import SESSION, Active
from server import user_codes
from server.services import Services
from tests.server.clients import SOURCE, begin_session, register_client
from tests.server.conftest import Server
from tests.server.oauth.calls import Answer, Auth, post

EVERYTHING = "openid profile offline_access read:orders"


async def register_device(known: Services, client_id: str, **members: Any) -> None:
    """Another public client that runs on devices."""
    await register_client(
        known,
        client_id,
        token_endpoint_auth_method="none",
        grant_types=(device.GRANT_TYPE, "refresh_token"),
        response_types=(),
        scope=EVERYTHING,
        **members,
    )


async def ask(
    server: Server, *, auth: Auth = None, client_id: str = "tv", **form: Any
) -> Answer:
    return await post(
        server, "/oauth/device/code", auth=auth, client_id=client_id, **form
    )


async def asked(server: Server, **form: Any) -> Any:
    """What a fresh request is answered."""
    answer = await ask(server, **{"scope": EVERYTHING, **form})
    assert answer.status == 200, answer
    return answer.body


async def poll(
    server: Server,
    device_code: str,
    *,
    auth: Auth = None,
    client_id: str = "tv",
    **form: Any,
) -> Answer:
    return await post(
        server,
        "/oauth/token",
        auth=auth,
        client_id=client_id,
        grant_type=device.GRANT_TYPE,
        device_code=device_code,
        **form,
    )


def grant_of(known: Services, device_code: str) -> UUID:
    artefact = known.keys.authentic(device_code, "dc")
    assert artefact is not None
    return artefact.stream_id


async def allow(
    known: Services,
    device_code: str,
    user_id: UUID,
    *,
    session_id: UUID | None = None,
    scope: Collection[str] | None = None,
) -> UUID:
    """Let the device in, as the page does; return the session that did it."""
    grant_id = grant_of(known, device_code)
    session_id = session_id or await begin_session(known, user_id)
    state = (await known.reading.truth(GRANT, grant_id)).state
    session = (await known.reading.truth(SESSION, session_id)).state
    assert isinstance(state, DeviceAsked)
    assert isinstance(session, Active)
    decide = partial(
        device.approve,
        session_id=session_id,
        session=session,
        allowed=state.request.scope if scope is None else scope,
        now=known.clock.now(),
    )
    keys = [user_codes.release(state.request)]
    await known.commands.run(GRANT, grant_id, decide, source=SOURCE, keys=keys)
    return session_id


async def deny(known: Services, device_code: str, user_id: UUID) -> None:
    decide = partial(device.deny, user_id=user_id, now=known.clock.now())
    grant_id = grant_of(known, device_code)
    await known.commands.run(GRANT, grant_id, decide, source=SOURCE)
