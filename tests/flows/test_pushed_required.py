"""Where every request must be pushed: by the server's word, or the client's own.

RFC 9126 §5, §6.
"""

from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest

from server.dev.embedded import Embedded
from tests.house import Admin, House, standing
from tests.pushing import Pusher, bring
from tests.server.clients import CALLBACK, register_client
from tests.visitor import Visitor


@pytest.fixture
async def strict_house(
    embedded: Embedded,
    admin: Admin,
    furnished_house: str,
    redis_url: str,
    unused_tcp_port_factory: Callable[[], int],
) -> AsyncIterator[House]:
    """A house that takes pushed requests only."""
    async with standing(
        embedded,
        admin,
        redis_url=redis_url,
        port=unused_tcp_port_factory(),
        require_par=True,
    ) as house:
        yield house


async def test_a_server_may_require_it(
    strict_house: House, http: aiohttp.ClientSession
) -> None:
    """And says so."""
    pusher = Pusher(issuer=strict_house.issuer, http=http)
    async with Visitor(strict_house.issuer) as visitor:
        plain = await visitor.authorize("trusted")
        pushed = await visitor.log_in(await bring(visitor, await pusher.pushed()))
        metadata = await visitor.get("/.well-known/openid-configuration")

    assert plain.location.startswith(f"{CALLBACK}?")
    assert plain.answer["error"] == "invalid_request"
    assert plain.answer["state"] == "state-1"
    assert "code" in pushed.answer
    assert '"require_pushed_authorization_requests":true' in metadata.text


async def test_a_client_may_require_it_of_itself(
    house: House, http: aiohttp.ClientSession, visitor: Visitor
) -> None:
    await register_client(
        house.known,
        "strict",
        first_party=True,
        redirect_uris=(CALLBACK,),
        token_endpoint_auth_method="none",
        require_pushed_authorization_requests=True,
    )
    strict = Pusher(issuer=house.issuer, http=http, client_id="strict", secret=None)

    plain = await visitor.authorize("strict")
    pushed = await visitor.log_in(await bring(visitor, await strict.pushed(), "strict"))
    other = await visitor.authorize("trusted")

    assert plain.answer["error"] == "invalid_request"
    assert "code" in pushed.answer
    assert "code" in other.answer


async def test_a_client_that_registered_itself_may_require_it(
    house: House, http: aiohttp.ClientSession, visitor: Visitor
) -> None:
    """§6, by RFC 7591; it is told what it registered."""
    members = {
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none",
        "require_pushed_authorization_requests": True,
    }
    bearer = {"Authorization": f"Bearer {house.known.settings.registration_token}"}
    async with http.post(
        f"{house.issuer}/oidc/register", json=members, headers=bearer
    ) as response:
        told = await response.json()
    own = Pusher(
        issuer=house.issuer, http=http, client_id=told["client_id"], secret=None
    )

    plain = await visitor.authorize(own.client_id)
    page = await bring(visitor, await own.pushed(), own.client_id)

    assert told.items() >= members.items()
    assert plain.answer["error"] == "invalid_request"
    assert "login-form" in page.forms
