"""Assertions that prove nothing: forged, meant for others, or used before."""

from aiohttp import web

from domain import client
from domain.client import CLIENT
from domain.stream_id import named
from tests.client_key import jwks, make_key, sign
from tests.conftest import tell_valkey
from tests.hosting import Serve
from tests.server.clients import MACHINE_SECRET, SOURCE
from tests.server.conftest import ClientFactory, Server, serve
from tests.server.oauth.asserting import (
    KEY,
    KNOWER,
    SECRET,
    SIGNER,
    ask,
    claims_of,
    maced,
    signed,
)
from tests.server.oauth.calls import all_of, basic, post

OTHER = make_key("ES256", "k1")
RSA = make_key("RS256", "k1")


def attacks(server: Server) -> dict[str, str]:
    """Everything that is wrong with an assertion, one at a time."""
    now = server.clock.now()
    honest = claims_of(server, SIGNER)
    public = KEY.key.as_pem(private=False)  # type: ignore[union-attr]  # EC has it
    return {
        "another issuer": signed(server, iss=KNOWER),
        "another subject": signed(server, sub=KNOWER),
        "an unknown client": signed(server, "nobody"),
        "a client without keys": signed(server, "web"),
        "another server": signed(server, aud="https://other.example"),
        "other servers": signed(server, aud=["https://other.example", "x"]),
        "no audience": signed(server, aud=None),
        "expired": signed(server, exp=now - 1),
        "no expiry": signed(server, exp=None),
        "for years": signed(server, exp=now + 86400 * 365),
        "from the future": signed(server, iat=now + 60),
        "not yet": signed(server, nbf=now + 60),
        "no id": signed(server, jti=None),
        "unsigned": sign(honest, b"", alg="none"),
        "unsigned, with a signature": sign(honest, b"", alg="none") + "AA",
        "its public key as a secret": sign(honest, public, alg="HS256", kid="k1"),
        "a stranger's key of that name": signed(server, key=OTHER),
        "a key of another name": KEY.sign(honest, kid="k2"),
        "a key of another kind": signed(server, key=RSA),
        "a key in the header": OTHER.sign(honest, jwk=OTHER.jwk),
        "a key elsewhere": OTHER.sign(honest, jku="https://thief.example/jwks"),
        "a certificate elsewhere": OTHER.sign(honest, x5u="https://thief.example/x"),
        "something critical": KEY.sign(honest, crit=["exp"]),
        "a payload that is not encoded": KEY.sign(honest, b64=False),
        "an access token's type": KEY.sign(honest, typ="at+jwt"),
        "a request object's type": KEY.sign(honest, typ="oauth-authz-req+jwt"),
        "a changed claim": signed(server).replace(".", ".A", 1),
        "the wrong secret": maced(server, secret=SECRET[::-1]),
        "a secret's digest": maced(
            server, secret=server.known.keys.digest("client_secret", SECRET)
        ),
        "garbage": "garbage",
        "nothing": "",
    }


async def test_no_attack_comes_through(asserting: Server) -> None:
    """Each is answered as any other failure, and the reason stays inside."""
    for name, text in attacks(asserting).items():
        answer = await ask(asserting, text)

        assert answer.status == 401, (name, answer)
        assert answer.body == {
            "error": "invalid_client",
            "error_description": "client authentication failed",
        }, name


async def test_a_key_of_the_headers_choice_is_never_fetched(
    asserting: Server, host: Serve
) -> None:
    """RFC 8725 §3.10."""
    asked: list[str] = []

    async def thief(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.json_response(jwks(OTHER))

    url = f"http://{await host(thief)}/jwks"
    for brought in ({"jku": url}, {"x5u": url}):
        await ask(asserting, OTHER.sign(claims_of(asserting, SIGNER), **brought))

    assert asked == []


async def test_two_methods_are_one_too_many(asserting: Server) -> None:
    """RFC 6749 §2.3: even where each alone would do."""
    answer = await ask(asserting, maced(asserting), client_secret=SECRET)
    assert answer.error == (400, "invalid_request")
    async with asserting.client.post(
        "/oauth/token",
        data={
            "grant_type": "client_credentials",
            "client_assertion_type": "x",
            "client_assertion": signed(asserting),
        },
        headers={"Authorization": basic(("machine", MACHINE_SECRET))},
    ) as response:
        assert response.status == 400
        assert (await response.json())["error"] == "invalid_request"


async def test_a_client_has_one_method(asserting: Server) -> None:
    """Its secret in the clear is not its MAC, and another client_id not its own."""
    for who in (
        {"auth": (KNOWER, SECRET)},
        {"auth": None, "client_id": KNOWER, "client_secret": SECRET},
        {"auth": None, "client_id": SIGNER},
    ):
        answer = await post(asserting, "/oauth/revoke", token="x", **who)
        assert answer.error == (401, "invalid_client"), who
    mac = sign(claims_of(asserting, SIGNER), SECRET.encode(), alg="HS256")
    assert (await ask(asserting, mac)).error == (401, "invalid_client")
    wrong = await ask(asserting, signed(asserting), client_id=KNOWER)
    assert wrong.error == (401, "invalid_client")


async def test_an_assertion_is_good_once(asserting: Server) -> None:
    """RFC 7523 §3: also where the first one was for another endpoint, or failed."""
    text = signed(asserting)

    assert (await ask(asserting, text)).status == 200
    assert (await ask(asserting, text)).error == (401, "invalid_client")
    mac = maced(asserting)
    assert (await ask(asserting, mac, grant_type="unknown")).status == 400
    assert (await ask(asserting, mac)).error == (401, "invalid_client")


async def test_two_clients_may_choose_the_same_id(asserting: Server) -> None:
    """A `jti` is unique for its issuer alone."""
    assert (await ask(asserting, signed(asserting, jti="1"))).status == 200
    assert (await ask(asserting, maced(asserting, jti="1"))).status == 200


async def test_an_assertion_that_failed_uses_nothing_up(asserting: Server) -> None:
    """Nobody can spend a client's `jti` for it."""
    honest = claims_of(asserting, SIGNER)

    assert (await ask(asserting, OTHER.sign(honest))).status == 401
    assert (await ask(asserting, KEY.sign({**honest, "aud": "x"}))).status == 401
    assert (await ask(asserting, KEY.sign(honest))).status == 200


async def test_a_flushed_redis_opens_nothing_again(
    asserting: Server, redis_url: str
) -> None:
    """What was used is in Postgres."""
    text = signed(asserting)
    assert (await ask(asserting, text)).status == 200

    await tell_valkey(redis_url, "FLUSHALL")

    assert (await ask(asserting, text)).error == (401, "invalid_client")
    assert (await ask(asserting, signed(asserting))).status == 200


async def test_of_a_hundred_racers_one_wins(
    asserting: Server, shop_url: str, redis_url: str, aiohttp_client: ClientFactory
) -> None:
    """Over two servers of one cluster."""
    other = await serve(shop_url, redis_url, aiohttp_client)
    text = signed(asserting)

    answers = await all_of(
        *(ask(server, text) for server in (asserting, other) for _ in range(50))
    )

    assert sorted(answer.status for answer in answers) == [200, *[401] * 99]


async def test_a_disabled_client_proves_nothing(asserting: Server) -> None:
    now = asserting.clock.now()
    await asserting.known.commands.run(
        CLIENT,
        named("client", SIGNER),
        lambda state: client.disable(state, reason="leaked", now=now),
        source=SOURCE,
    )

    assert (await ask(asserting, signed(asserting))).error == (401, "invalid_client")
