"""Tokens that only the holder of a key may use (RFC 9449)."""

from typing import Any
from uuid import UUID

import pytest

from domain import dpop as rule
from server.oauth import dpop
from tests.client_key import ClientKey, make_key
from tests.server.clients import (
    CALLBACK,
    OPAQUE,
    ORDERS,
    VERIFIER,
    WEB_SECRET,
    issue_code,
    register_client,
    register_person,
)
from tests.server.conftest import ClientFactory, Server, serve
from tests.server.oauth.calls import (
    Answer,
    all_of,
    basic,
    claims,
    get,
    introspect,
)
from tests.server.oauth.proofs import (
    KEY,
    OTHER,
    TOKEN,
    USERINFO,
    proof,
    thumbprint,
)

WEB = ("web", WEB_SECRET)


async def token(
    server: Server, proof: str | None = None, *, auth: Any = WEB, **form: str
) -> Answer:
    headers = {"Authorization": basic(auth)} if isinstance(auth, tuple) else {}
    if isinstance(auth, str):
        form["client_id"] = auth
    if proof is not None:
        headers["DPoP"] = proof
    async with server.client.post("/oauth/token", data=form, headers=headers) as said:
        return Answer(status=said.status, body=await said.json(), headers=said.headers)


async def redeemed(
    server: Server, alice: UUID, *, key: ClientKey = KEY, auth: Any = WEB, **more: Any
) -> Any:
    client_id = auth if isinstance(auth, str) else auth[0]
    code = await issue_code(server.known, alice, client_id=client_id, **more)
    answer = await with_code(server, code, proof(server, key=key), auth=auth)
    assert answer.status == 200, answer
    return answer.body


async def with_code(
    server: Server, code: str, proof: str | None, *, auth: Any = WEB
) -> Answer:
    form = {"grant_type": "authorization_code", "code": code}
    form |= {"redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return await token(server, proof, auth=auth, **form)


async def refreshed(
    server: Server, text: str, proof: str | None, *, auth: Any = WEB
) -> Answer:
    form = {"grant_type": "refresh_token", "refresh_token": text}
    return await token(server, proof, auth=auth, **form)


async def me(
    server: Server, text: str, proof: str | None, *, scheme: str = "DPoP"
) -> Answer:
    headers = {"Authorization": f"{scheme} {text}"}
    if proof is not None:
        headers["DPoP"] = proof
    return await get(server, "/userinfo", **headers)


def for_userinfo(server: Server, text: str, **more: Any) -> str:
    return proof(server, USERINFO, **{"ath": rule.ath(text), **more})


# Tokens are bound


async def test_a_token_is_bound_to_the_key_shown(shop: Server, alice: UUID) -> None:
    """RFC 9449 §5, §6: token_type, the JWT's cnf, and what introspection says."""
    given = await redeemed(
        shop, alice, scope=("openid", "read:orders"), audience=(ORDERS,)
    )

    assert given["token_type"] == "DPoP"
    assert claims(given["access_token"])["cnf"] == {"jkt": thumbprint(KEY)}
    seen = await introspect(shop, given["access_token"])
    assert (seen["token_type"], seen["cnf"]) == ("DPoP", {"jkt": thumbprint(KEY)})


async def test_an_opaque_token_is_bound_too(shop: Server, alice: UUID) -> None:
    given = await redeemed(shop, alice, scope=("read:mail",), audience=(OPAQUE,))

    seen = await introspect(shop, given["access_token"])
    assert seen["cnf"] == {"jkt": thumbprint(KEY)}


async def test_without_a_proof_a_token_is_a_bearer_token(
    shop: Server, alice: UUID
) -> None:
    answer = await with_code(shop, await issue_code(shop.known, alice), None)

    assert answer.body["token_type"] == "Bearer"
    assert "DPoP-Nonce" not in answer.headers


async def test_a_client_registered_for_proofs_must_bring_one(
    shop: Server, alice: UUID
) -> None:
    """§5.2; and the code is not spent by the attempt."""
    await register_client(
        shop.known, "bound", secret=WEB_SECRET, dpop_bound_access_tokens=True
    )
    auth = ("bound", WEB_SECRET)
    code = await issue_code(shop.known, alice, client_id="bound")

    without = await with_code(shop, code, None, auth=auth)
    withal = await with_code(shop, code, proof(shop), auth=auth)

    assert without.error == (400, "invalid_dpop_proof")
    assert withal.status == 200


# Which proofs count


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "EdDSA", "ES384"])
async def test_every_advertised_algorithm_counts(
    shop: Server, alice: UUID, alg: str
) -> None:
    document = (await get(shop, "/.well-known/openid-configuration")).body
    key = make_key(alg)

    given = await redeemed(shop, alice, key=key)

    assert alg in document["dpop_signing_alg_values_supported"]
    seen = await introspect(shop, given["access_token"])
    assert seen["cnf"] == {"jkt": thumbprint(key)}


BAD_CLAIMS: list[dict[str, Any]] = [
    {"htm": "GET"},
    {"htm": "post"},
    {"htm": None},
    {"htu": USERINFO},
    {"htu": "https://evil.example/oauth/token"},
    {"htu": TOKEN.replace(":8080", ":8081")},
    {"htu": TOKEN.replace(":8080", ":port")},
    {"htu": None},
    {"jti": None},
    {"jti": ""},
    {"jti": "x" * 257},
    {"jti": "\u2028"},
    {"jti": 7},
    {"iat": None},
    {"iat": "now"},
]
BAD_HEADERS: list[dict[str, Any]] = [
    {"typ": "JWT"},
    {"typ": None},
    {"alg": "none"},
    {"alg": "HS256"},
    {"jwk": None},
    {"jwk": {}},
    {"jwk": OTHER.bare},
    {"jwk": {**KEY.bare, "d": "secret"}},
    {"jwk": {"kty": "oct", "k": "c2VjcmV0"}},
    {"crit": ["exp"]},
    {"b64": False},
]


@pytest.mark.parametrize("bad", BAD_CLAIMS, ids=range(len(BAD_CLAIMS)))
async def test_a_proof_for_something_else_is_refused(
    shop: Server, bad: dict[str, Any]
) -> None:
    """§4.3."""
    answer = await with_code(shop, "any", proof(shop, **bad))

    assert answer.error == (400, "invalid_dpop_proof")


@pytest.mark.parametrize("bad", BAD_HEADERS, ids=range(len(BAD_HEADERS)))
async def test_a_proof_that_is_none_is_refused(
    shop: Server, bad: dict[str, Any]
) -> None:
    answer = await with_code(shop, "any", proof(shop, header=bad))

    assert answer.error == (400, "invalid_dpop_proof")


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "é", "{}", "a" * 4000])
async def test_garbage_is_no_proof(shop: Server, text: str) -> None:
    answer = await with_code(shop, "any", text)

    assert answer.status == 400


async def test_two_proofs_are_none(shop: Server) -> None:
    headers = [("DPoP", proof(shop)), ("DPoP", proof(shop))]
    form = {"grant_type": "authorization_code", "client_id": "spa", "code": "any"}
    async with shop.client.post("/oauth/token", data=form, headers=headers) as said:
        assert said.status == 400
        assert (await said.json())["error"] == "invalid_dpop_proof"


@pytest.mark.parametrize(
    ("age", "good"),
    [
        (rule.LIFETIME, True),
        (rule.LIFETIME + 1, False),
        (-rule.SKEW, True),
        (-60, False),
    ],
)
async def test_a_proof_counts_about_now(
    shop: Server, alice: UUID, age: int, *, good: bool
) -> None:
    code = await issue_code(shop.known, alice)

    answer = await with_code(shop, code, proof(shop, iat=shop.known.clock.now() - age))

    assert (answer.status == 200) == good


async def test_the_place_counts_however_it_is_written(
    shop: Server, alice: UUID
) -> None:
    """§4.3: scheme and host in any case, no query, no fragment."""
    code = await issue_code(shop.known, alice)
    htu = f"{TOKEN.replace('http', 'HTTP').replace('localhost', 'LOCALHOST')}?a=b#c"

    assert (await with_code(shop, code, proof(shop, htu=htu))).status == 200


async def test_a_proof_is_used_once(shop: Server, alice: UUID) -> None:
    """§11.1; with Redis flushed too: it is settled elsewhere."""
    once = proof(shop)
    first = await with_code(shop, await issue_code(shop.known, alice), once)
    await shop.known.redis.ask("FLUSHALL")
    again = await with_code(shop, await issue_code(shop.known, alice), once)

    assert first.status == 200
    assert again.error == (400, "invalid_dpop_proof")


async def test_of_many_racers_with_one_proof_one_wins(
    shop: Server, alice: UUID
) -> None:
    once = proof(shop)
    codes = [await issue_code(shop.known, alice) for _ in range(20)]

    answers = await all_of(*(with_code(shop, code, once) for code in codes))

    assert sorted(answer.status for answer in answers) == [200] + [400] * 19


# Using a token


async def test_the_key_opens_userinfo(shop: Server, alice: UUID) -> None:
    text = (await redeemed(shop, alice))["access_token"]

    answer = await me(shop, text, for_userinfo(shop, text))

    assert answer.status == 200
    assert answer.body["sub"] == str(alice)


async def test_a_stolen_token_opens_nothing(shop: Server, alice: UUID) -> None:
    """§7: as a bearer token, with another key's proof, or with one of another token."""
    text = (await redeemed(shop, alice))["access_token"]
    good = for_userinfo(shop, text)

    refused = [
        await me(shop, text, None),
        await me(shop, text, None, scheme="Bearer"),
        await me(shop, text, good, scheme="Bearer"),
        await me(shop, text, for_userinfo(shop, text, key=OTHER)),
        await me(shop, text, for_userinfo(shop, text, ath=rule.ath("other"))),
        await me(shop, text, for_userinfo(shop, text, ath=None)),
        await me(shop, text, proof(shop, ath=rule.ath(text))),
    ]

    assert {answer.status for answer in refused} == {401}
    for answer in refused:
        challenge = answer.headers["WWW-Authenticate"]
        assert challenge.startswith("DPoP algs=")


async def test_a_bearer_token_is_none_of_a_key(shop: Server, alice: UUID) -> None:
    """§7.1: a token that is bound to nothing is not used under DPoP."""
    answer = await with_code(shop, await issue_code(shop.known, alice), None)
    text = answer.body["access_token"]

    assert (await me(shop, text, for_userinfo(shop, text))).status == 401
    assert (await me(shop, text, None, scheme="Bearer")).status == 200


# Refreshing


async def test_a_public_clients_refresh_token_needs_its_key(
    shop: Server, alice: UUID
) -> None:
    """§5."""
    text = (await redeemed(shop, alice, auth="spa"))["refresh_token"]

    without = await refreshed(shop, text, None, auth="spa")
    other = await refreshed(shop, text, proof(shop, key=OTHER), auth="spa")
    good = await refreshed(shop, text, proof(shop), auth="spa")

    assert without.error == other.error == (400, "invalid_grant")
    assert good.body["token_type"] == "DPoP"


async def test_it_stays_bound_through_rotation(shop: Server, alice: UUID) -> None:
    first = (await redeemed(shop, alice, auth="spa"))["refresh_token"]
    second = (await refreshed(shop, first, proof(shop), auth="spa")).body
    answer = await refreshed(
        shop, second["refresh_token"], proof(shop, key=OTHER), auth="spa"
    )

    assert answer.error == (400, "invalid_grant")


async def test_a_confidential_client_may_take_another_key(
    shop: Server, alice: UUID
) -> None:
    """§5: its secret guards its refresh token, and the new token has the new key."""
    text = (await redeemed(shop, alice))["refresh_token"]

    answer = await refreshed(shop, text, proof(shop, key=OTHER))

    seen = await introspect(shop, answer.body["access_token"])
    assert seen["cnf"] == {"jkt": thumbprint(OTHER)}


async def test_an_honest_retry_gets_the_same_again(shop: Server, alice: UUID) -> None:
    """Each try with a proof of its own; another key gets a token of its own."""
    text = (await redeemed(shop, alice))["refresh_token"]

    first = (await refreshed(shop, text, proof(shop))).body
    again = (await refreshed(shop, text, proof(shop))).body
    other = (await refreshed(shop, text, proof(shop, key=OTHER))).body

    assert again["access_token"] == first["access_token"]
    assert other["access_token"] != first["access_token"]
    assert other["refresh_token"] == first["refresh_token"]


# Codes that are bound (§10)


async def test_a_bound_code_needs_its_key(shop: Server, alice: UUID) -> None:
    code = await issue_code(shop.known, alice, jkt=thumbprint(KEY))

    without = await with_code(shop, code, None)
    other = await with_code(shop, code, proof(shop, key=OTHER))
    good = await with_code(shop, code, proof(shop))

    assert without.error == other.error == (400, "invalid_grant")
    assert good.status == 200


# Nonces (§8)


async def test_a_nonce_is_offered_and_good(shop: Server, alice: UUID) -> None:
    first = await with_code(shop, "any", proof(shop))
    nonce = first.headers["DPoP-Nonce"]
    code = await issue_code(shop.known, alice)

    assert (await with_code(shop, code, proof(shop, nonce=nonce))).status == 200


async def test_a_stale_or_foreign_nonce_is_answered_with_a_fresh_one(
    shop: Server,
) -> None:
    nonce = (await with_code(shop, "any", proof(shop))).headers["DPoP-Nonce"]
    foreign = await with_code(shop, "any", proof(shop, nonce="x"))
    shop.clock.shift = 2 * dpop.NONCE_WINDOW
    stale = await with_code(shop, "any", proof(shop, nonce=nonce))

    assert foreign.error == stale.error == (400, "use_dpop_nonce")
    assert stale.headers["DPoP-Nonce"] not in {nonce, ""}


@pytest.fixture
async def strict(
    shop_url: str, redis_url: str, aiohttp_client: ClientFactory
) -> Server:
    """A server that wants a nonce in every proof."""
    return await serve(shop_url, redis_url, aiohttp_client, dpop_nonce="required")


async def test_where_a_nonce_is_required_it_is_asked_for(strict: Server) -> None:
    alice = await register_person(strict.known)
    code = await issue_code(strict.known, alice)
    first = await with_code(strict, code, proof(strict))
    nonce = first.headers["DPoP-Nonce"]
    second = await with_code(strict, code, proof(strict, nonce=nonce))
    text = second.body["access_token"]
    third = await me(strict, text, for_userinfo(strict, text))
    fourth = await me(strict, text, for_userinfo(strict, text, nonce=nonce))

    assert first.error == (400, "use_dpop_nonce")
    assert second.status == 200
    assert third.error == (401, "use_dpop_nonce")
    assert 'error="use_dpop_nonce"' in third.headers["WWW-Authenticate"]
    assert fourth.status == 200
