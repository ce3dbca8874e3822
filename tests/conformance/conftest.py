"""A house that lets clients register, a person with all that claims know, and them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from server import app as server_app
from server.dev.embedded import Embedded
from tests.client_key import ClientKey, jwks, make_key
from tests.conformance.bank import Bank, open_account
from tests.conformance.party import BYE, REDIRECT_URI, Flow, Party
from tests.conformance.site import Site, publishing
from tests.house import Admin, House, furnished_house, standing
from tests.receiver import Receiver, receiving
from tests.relying_party import Told
from tests.server.clients import SOURCE
from tests.server.conftest import (
    Client,
    ClientFactory,
    copy_of,
    settings_for,
)
from tests.visitor import Visitor

__all__ = ["furnished_house"]

ISSUER = "https://login.example"
Register = Callable[..., Awaitable[Told]]
Meet = Callable[..., Awaitable[Party]]

CAROL: dict[str, Any] = {
    "name": "Carol Ann Baker",
    "given_name": "Carol",
    "family_name": "Baker",
    "middle_name": "Ann",
    "nickname": "Caz",
    "profile": "https://carol.example/",
    "picture": "https://carol.example/me.png",
    "website": "https://blog.carol.example/",
    "gender": "female",
    "birthdate": "1990-02-03",
    "zoneinfo": "Europe/London",
    "locale": "en-GB",
    "phone_number": "+44 20 7946 0000",
    "phone_number_verified": True,
    "address": {
        "formatted": "1 High Street\nLondon",
        "street_address": "1 High Street",
        "locality": "London",
        "postal_code": "N1 1AA",
        "country": "GB",
    },
}


@pytest.fixture(scope="session")
async def site(unused_tcp_port_factory: Callable[[], int]) -> AsyncIterator[Site]:
    async with publishing(unused_tcp_port_factory()) as site:
        yield site


@pytest.fixture(scope="session")
async def receiver(
    unused_tcp_port_factory: Callable[[], int],
) -> AsyncIterator[Receiver]:
    async with receiving(unused_tcp_port_factory()) as receiver:
        yield receiver


@pytest.fixture(scope="session")
def reachable(site: Site, receiver: Receiver) -> tuple[str, ...]:
    """What the house may fetch from although it is inside."""
    return site.place, receiver.place


@pytest.fixture(scope="session")
async def open_house(
    embedded: Embedded,
    admin: Admin,
    furnished_house: str,
    reachable: tuple[str, ...],
    unused_tcp_port_factory: Callable[[], int],
) -> AsyncIterator[House]:
    """One house for all these stories: each has clients or a browser of its own."""
    async with standing(
        embedded,
        admin,
        redis_url=f"{embedded.redis_url}?db=2",
        port=unused_tcp_port_factory(),
        registration="open",
        fetch_allow=reachable,
        code_lifetime=300,  # longer than FAPI 2.0 lets codes live
    ) as house:
        await house.known.directory.register(
            username="carol",
            password="carol-password-1",
            email="carol@example.com",
            email_verified=True,
            claims=CAROL,
            source=SOURCE,
        )
        yield house


@pytest.fixture
async def furnished_url(
    embedded: Embedded, admin: Admin, furnished_house: str
) -> AsyncIterator[str]:
    async with copy_of(furnished_house, embedded, admin) as url:
        yield url


@pytest.fixture
async def production(
    furnished_url: str, redis_url: str, aiohttp_client: ClientFactory
) -> Client:
    """A server as it is in production: its issuer is https, and so are its clients."""
    settings = replace(
        settings_for(furnished_url, redis_url),
        issuer=ISSUER,
        development=False,
        registration="open",
    )
    return await aiohttp_client(TestServer(server_app.build(settings)))


@pytest.fixture(scope="session")
def client_key() -> ClientKey:
    return make_key("RS256", "rp-1")


def described(flow: Flow, key: ClientKey, **members: Any) -> dict[str, Any]:
    """What a client says that wants nothing but this flow."""
    code, front = "code" in flow.parts, flow.parts != ["code"]
    said = {
        "client_name": f"grantlog conformance {flow.name}",
        "redirect_uris": [REDIRECT_URI],
        "post_logout_redirect_uris": [BYE],
        "response_types": [flow.response_type],
        "grant_types": ["authorization_code"] * code + ["implicit"] * front,
        "token_endpoint_auth_method": "client_secret_basic",
        "jwks": jwks(key),
        "contacts": ["certification@rp.example"],
        **members,
    }
    return {name: value for name, value in said.items() if value is not None}


@pytest.fixture
async def browser(open_house: House) -> AsyncIterator[Visitor]:
    async with Visitor(open_house.issuer) as visitor:
        yield visitor


@pytest.fixture
async def other_browser(open_house: House) -> AsyncIterator[Visitor]:
    async with Visitor(open_house.issuer) as visitor:
        yield visitor


@pytest.fixture
def register(browser: Visitor, client_key: ClientKey) -> Register:
    """Sends a registration, and tells what it was answered."""

    async def register(flow: Flow, **members: Any) -> Told:
        said = described(flow, client_key, **members)
        async with browser.http.post(
            f"{browser.issuer}/oidc/register", json=said
        ) as answer:
            return Told(
                status=answer.status,
                headers=answer.headers,
                body=await answer.json(),
            )

    return register


@pytest.fixture
def meet(
    open_house: House, browser: Visitor, client_key: ClientKey, register: Register
) -> Meet:
    """Registers a client of the test's own, by which somebody wants to sign in."""

    async def meet(flow: Flow, **members: Any) -> Party:
        told = await register(flow, **members)
        assert told.status == 201, told
        return Party(
            house=open_house,
            visitor=browser,
            client=told.body,
            flow=flow,
            key=client_key,
        )

    return meet


@pytest.fixture(scope="session")
def met() -> dict[str, Party]:
    """The clients that stories share, by their flow's name."""
    return {}


@pytest.fixture
async def party(
    request: pytest.FixtureRequest,
    meet: Meet,
    met: dict[str, Party],
    browser: Visitor,
) -> Party:
    """The client of a flow (`flows.over`), one a session, and a browser of its own."""
    flow: Flow = getattr(request, "param", Flow("code"))
    if flow.name not in met:
        met[flow.name] = await meet(flow)
    return met[flow.name].by(browser)


@pytest.fixture(scope="session")
async def accounts(open_house: House) -> tuple[Party, Party]:
    """Two clients for FAPI 2.0, each with keys of its own and nobody at its browser."""
    return await open_party(open_house, "bank"), await open_party(open_house, "fund")


async def open_party(house: House, client_id: str, **members: Any) -> Party:
    key = make_key("PS256", f"{client_id}-1")
    client = await open_account(house.known, client_id, key, **members)
    nobody = Visitor(house.issuer)
    await nobody.http.close()
    return Party(house=house, visitor=nobody, client=client, flow=Flow("code"), key=key)


@pytest.fixture(scope="session")
def proving() -> ClientKey:
    return make_key("ES256")


@pytest.fixture
def bank(accounts: tuple[Party, Party], browser: Visitor, proving: ClientKey) -> Bank:
    return Bank(party=accounts[0].by(browser), proving=proving)


@pytest.fixture
def fund(
    accounts: tuple[Party, Party], other_browser: Visitor, proving: ClientKey
) -> Bank:
    """Another client, and somebody else."""
    return Bank(party=accounts[1].by(other_browser), proving=proving)
