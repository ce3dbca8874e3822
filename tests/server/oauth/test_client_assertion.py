"""private_key_jwt and client_secret_jwt: whoever signed is the client, once."""

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from domain import client
from domain.algorithms import ASSERTION_ALGS
from domain.client import CLIENT, Client
from domain.stream_id import named
from server import config
from server.configuring.plan import carry_out, plan
from server.dev.embedded import Embedded
from server.oauth import lookup
from server.published_keys import PAUSE
from tests.client_key import jwks, make_key, sign
from tests.hosting import Serve
from tests.server.clients import SOURCE, open_shop
from tests.server.conftest import ISSUER, ClientFactory, Server, serve
from tests.server.oauth.asserting import (
    KEY,
    KNOWER,
    SECRET,
    SIGNER,
    TOKEN,
    ask,
    claims_of,
    maced,
    register_asserting,
    signed,
)
from tests.server.oauth.calls import claims, get, post


async def test_an_assertion_proves_its_client(asserting: Server) -> None:
    """RFC 7523 §2.2: with a key or with the secret; client_id may be said too."""
    for text, who in ((signed(asserting), SIGNER), (maced(asserting), KNOWER)):
        answer = await ask(asserting, text, client_id=who)

        assert answer.status == 200, answer
        assert claims(answer.body["access_token"])["client_id"] == who


@pytest.mark.parametrize("alg", sorted(ASSERTION_ALGS["private_key_jwt"]))
async def test_every_advertised_algorithm_works(shop: Server, alg: str) -> None:
    """RFC 8414 §2: `token_endpoint_auth_signing_alg_values_supported` is the truth."""
    key = make_key(alg)
    await register_asserting(
        shop.known, "any", token_endpoint_auth_method="private_key_jwt", jwks=jwks(key)
    )

    assert (await ask(shop, signed(shop, "any", key=key))).status == 200
    document = (await get(shop, "/.well-known/openid-configuration")).body
    assert alg in document["token_endpoint_auth_signing_alg_values_supported"]


async def test_every_endpoint_of_clients_takes_it(asserting: Server) -> None:
    """Meant for the issuer, the token endpoint, or the endpoint that is called."""
    for path in ("/oauth/introspect", "/oauth/revoke"):
        for audience in (ISSUER, TOKEN, ISSUER + path, [ISSUER + path, ISSUER]):
            answer = await post(
                asserting,
                path,
                auth=None,
                token="x",
                client_assertion_type="urn:ietf:params:oauth:client-assertion-type:"
                "jwt-bearer",
                client_assertion=signed(asserting, aud=audience),
            )

            assert answer.status == 200, (path, audience, answer)


async def test_an_assertion_for_another_endpoint_is_not_for_this_one(
    asserting: Server,
) -> None:
    """What a client sent to be introspected gives nobody a token."""
    text = signed(asserting, aud=f"{ISSUER}/oauth/introspect")

    assert (await ask(asserting, text)).error == (401, "invalid_client")


OTHER = make_key("ES256", "k1")


async def test_the_registered_algorithm_is_the_only_one(shop: Server) -> None:
    """OIDC Registration §2: `token_endpoint_auth_signing_alg`."""
    rsa = make_key("RS256", "k1")
    bare = {k: v for k, v in rsa.jwk.items() if k != "alg"}
    await register_asserting(
        shop.known,
        "picky",
        token_endpoint_auth_method="private_key_jwt",
        token_endpoint_auth_signing_alg="PS256",
        jwks={"keys": [bare]},
    )
    said = claims_of(shop, "picky")

    assert (await ask(shop, rsa.sign(said))).error == (401, "invalid_client")
    assert (await ask(shop, sign(said, rsa.key, alg="PS256", kid="k1"))).status == 200


@pytest.fixture
async def publishing(
    host: Serve, shop_url: str, redis_url: str, aiohttp_client: ClientFactory
) -> tuple[Server, dict[str, Any], list[str]]:
    """A shop whose client publishes its keys; what is published, and each visit."""
    published, visits = jwks(KEY), list[str]()

    async def publish(request: web.Request) -> web.StreamResponse:
        visits.append(request.path)
        return web.json_response(published)

    place = await host(publish)
    shop = await serve(shop_url, redis_url, aiohttp_client, fetch_allow=(place,))
    await register_asserting(
        shop.known,
        SIGNER,
        token_endpoint_auth_method="private_key_jwt",
        jwks_uri=f"http://{place}/jwks",
    )
    return shop, published, visits


async def test_keys_are_taken_from_where_the_client_publishes_them(
    publishing: tuple[Server, dict[str, Any], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """RFC 7591 §2, `jwks_uri`: fetched once, whatever comes; a new key is found."""
    shop, published, visits = publishing
    for _ in range(3):
        assert (await ask(shop, signed(shop))).status == 200
    for number in range(20):
        forged = OTHER.sign(claims_of(shop, SIGNER), kid=f"made up {number}")
        assert (await ask(shop, forged)).status == 401
    assert visits == ["/jwks"]

    new = make_key("EdDSA", "k2")
    published["keys"].append(new.jwk)
    passed = shop.known.client_keys._published._timer() + PAUSE
    monkeypatch.setattr(shop.known.client_keys._published, "_timer", lambda: passed)
    assert (await ask(shop, signed(shop, key=new))).status == 200
    assert visits == ["/jwks"] * 2


async def test_keys_inside_are_not_fetched(shop: Server, host: Serve) -> None:
    """SSRF: the address is not public, so the client has no keys."""
    visits: list[str] = []

    async def inside(request: web.Request) -> web.StreamResponse:
        visits.append(request.path)
        return web.json_response(jwks(KEY))

    await register_asserting(
        shop.known,
        SIGNER,
        token_endpoint_auth_method="private_key_jwt",
        jwks_uri=f"http://{await host(inside)}/jwks",
    )

    assert (await ask(shop, signed(shop))).error == (401, "invalid_client")
    assert visits == []


CONFIGURED = """
[[clients]]
client_id = "knower"
client_secret = "{}"
token_endpoint_auth_method = "client_secret_jwt"
grant_types = ["client_credentials"]
[[clients.api_access]]
api = "https://api.example.com/"
scopes = ["read:orders"]
"""


async def apply(server: Server, secret: str) -> None:
    text = CONFIGURED.format(secret)
    wanted = config.read(
        text, name="f.toml", folder=Path(), environ={}, development=True
    )
    found = await plan(server.known, wanted, prune=False)
    await carry_out(found, source=SOURCE)


async def test_a_secret_out_of_a_file_is_a_key(shop: Server) -> None:
    """`grantlog apply` keeps it sealed; another secret takes its place at once."""
    await apply(shop, SECRET)
    assert (await ask(shop, maced(shop))).status == 200

    other = "o" * 32
    await apply(shop, other)
    assert (await ask(shop, maced(shop, secret=other))).status == 200
    assert (await ask(shop, maced(shop))).error == (401, "invalid_client")


async def test_while_nobody_can_say_the_answer_is_later(
    own_servers: Embedded, aiohttp_client: ClientFactory
) -> None:
    """Without Postgres an assertion may have been used before: 503, and no token."""
    shop = await serve(own_servers.database_url, own_servers.redis_url, aiohttp_client)
    await open_shop(shop.known)
    await register_asserting(
        shop.known,
        SIGNER,
        token_endpoint_auth_method="private_key_jwt",
        jwks=jwks(KEY),
    )
    assert (await ask(shop, signed(shop))).status == 200

    await own_servers.postgres.stop()

    answer = await ask(shop, signed(shop))
    assert answer.error == (503, "temporarily_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1


async def test_both_secrets_are_keys_while_one_takes_over(shop: Server) -> None:
    """A rotation with an overlap; then the old one is forgotten."""
    await apply(shop, SECRET)
    known, now, other = shop.known, shop.clock.now(), "o" * 32
    before = await lookup.client(known.reading, KNOWER)
    assert isinstance(before, Client)
    digest = known.keys.digest("client_secret", other)
    await known.client_secrets.keep(KNOWER, secret=other, digest=digest)
    rotated = await known.commands.run(
        CLIENT,
        named("client", KNOWER),
        lambda state: client.rotate_secret(
            state, secret=digest, previous_until=now + 60, now=now
        ),
        source=SOURCE,
    )
    await known.client_secrets.forget(
        KNOWER, client.digests(before), after=rotated.state
    )

    for secret in (SECRET, other):
        assert (await ask(shop, maced(shop, secret=secret))).status == 200
    shop.clock.shift = 60
    assert (await ask(shop, maced(shop, secret=other))).status == 200
    assert (await ask(shop, maced(shop))).error == (401, "invalid_client")
