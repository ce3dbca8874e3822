"""What a client does that registers itself, in one line each."""

import json
from typing import Any

from tests.server.clients import CALLBACK
from tests.server.conftest import Server
from tests.server.oauth.calls import Answer

PATH = "/oidc/register"
INITIAL_TOKEN = "initial-access-token-of-the-tests"
WEB_APP: dict[str, Any] = {"client_name": "Shop", "redirect_uris": [CALLBACK]}


async def call(
    server: Server,
    method: str,
    path: str,
    body: bytes | None = None,
    *,
    token: str | None = None,
    content_type: str = "application/json",
) -> Answer:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    if body is not None:
        headers["Content-Type"] = content_type
    async with server.client.request(
        method, path, data=body, headers=headers
    ) as response:
        text = await response.text()
        return Answer(
            status=response.status,
            body=json.loads(text) if text else None,
            headers=response.headers,
        )


async def register(
    server: Server, *, token: str | None = None, **members: Any
) -> Answer:
    """A web app's registration, with these members too."""
    body = json.dumps({**WEB_APP, **members}).encode()
    return await call(server, "POST", PATH, body, token=token)


async def registered(server: Server, **members: Any) -> Any:
    """What a good registration answers."""
    answer = await register(server, **members)
    assert answer.status == 201, answer
    return answer.body


async def manage(
    server: Server,
    method: str,
    client: Any,
    said: Any = None,
    *,
    token: str | None = None,
) -> Answer:
    """GET, PUT or DELETE the registration with its own token, or another."""
    body = None if said is None else json.dumps(said).encode()
    path = client["registration_client_uri"].removeprefix(server.known.settings.issuer)
    token = client["registration_access_token"] if token is None else token
    return await call(server, method, path, body, token=token)
