"""The pushed authorization request endpoint, as clients meet it (RFC 9126 §2)."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from domain.grant import GRANT, Announced
from domain.token import Artefact
from server.oauth import public_clients
from server.oauth.public_clients import Bounds
from tests.client_key import jwks
from tests.server.clients import CALLBACK, CHALLENGE, register_client
from tests.server.conftest import ISSUER, Server
from tests.server.oauth.asserting import KEY, signed
from tests.server.oauth.calls import WEB, Answer, Auth, get, post
from tests.server.oauth.proofs import KEY as HOLDER, OTHER, proof, thumbprint
from tests.visitor import request_for

PAR = "/oauth/par"
PREFIX = "urn:ietf:params:oauth:request_uri:"


async def push(server: Server, *, auth: Auth = WEB, **parameters: Any) -> Answer:
    asked = request_for() | parameters
    given = {name: value for name, value in asked.items() if value}
    return await post(server, PAR, auth=auth, **given)


async def push_with(server: Server, headers: Mapping[str, str], **more: str) -> Answer:
    """As the public client, with headers of its own."""
    async with server.client.post(
        PAR, data=request_for("spa", **more), headers=headers
    ) as said:
        return Answer(status=said.status, body=await said.json(), headers=said.headers)


def named(server: Server, answer: Answer) -> Artefact:
    text = answer.body["request_uri"].removeprefix(PREFIX)
    found = server.known.keys.authentic(text, "pr")
    assert found is not None
    return found


async def written(server: Server) -> int:
    [row] = await server.known.log.pool.rows("select count(*) from log.event")
    count: int = row[0]
    return count


# What is taken (§2.2)


async def test_the_answer_is_a_request_uri_and_its_lifetime(shop: Server) -> None:
    first, second = await push(shop), await push(shop)

    assert first.status == 201
    assert first.body.keys() == {"request_uri", "expires_in"}
    assert first.body["request_uri"].startswith(PREFIX)
    assert first.body["expires_in"] == 90
    assert first.headers["Content-Type"].startswith("application/json")
    assert first.headers["Cache-Control"] == "no-store"
    assert first.body["request_uri"] != second.body["request_uri"]


async def test_what_was_asked_stands_nowhere_in_the_clear(shop: Server) -> None:
    """Nor can the log be opened without the request_uri."""
    answer = await push(shop, login_hint="alice@example.com", nonce="n-one")
    artefact = named(shop, answer)
    [event] = await shop.known.log.read(artefact.stream_id)
    state = (await shop.known.reading.truth(GRANT, artefact.stream_id)).state

    assert isinstance(state, Announced)
    now, sealed = shop.clock.now(), state.request.sealed
    opened = shop.known.keys.unseal(f"pushed {artefact.terms}", sealed, now=now)
    assert json.loads(opened or b"")["login_hint"] == ["alice@example.com"]
    stored = event.data + event.state + event.meta
    for secret in ("alice@example.com", "n-one", CHALLENGE, artefact.terms):
        assert secret.encode() not in stored
    for guess in ("pushed", "pushed ", f"pushed {artefact.mac}"):
        assert shop.known.keys.unseal(guess, sealed, now=now) is None


async def test_the_client_may_leave_its_name_to_its_proof(shop: Server) -> None:
    assert (await push(shop, client_id="")).status == 201


async def test_a_json_body_is_taken_as_at_the_token_endpoint(shop: Server) -> None:
    async with shop.client.post(PAR, json=request_for("spa")) as said:
        assert said.status == 201


# Who may push (§2: as at the token endpoint)


@pytest.mark.parametrize(
    ("auth", "client_id"),
    [
        (("web", "not-the-secret"), "web"),
        (None, "web"),
        (None, ""),
        (None, "nobody"),
        (("spa", "a-secret"), "spa"),
    ],
    ids=["wrong secret", "no secret", "nobody", "unknown", "none of its own"],
)
async def test_who_cannot_prove_who_it_is(
    shop: Server, auth: Auth, client_id: str
) -> None:
    refused = await push(shop, auth=auth, client_id=client_id)

    assert refused.error == (401, "invalid_client")


async def test_the_request_is_of_whoever_proves_itself(shop: Server) -> None:
    refused = await push(shop, client_id="spa")

    assert refused.error == (400, "invalid_request")


async def test_a_public_client_has_nothing_to_prove(shop: Server) -> None:
    assert (await push(shop, auth=None, client_id="spa")).status == 201


@pytest.mark.parametrize(
    ("audience", "status"),
    [
        (ISSUER, 201),
        (f"{ISSUER}/oauth/token", 201),
        (f"{ISSUER}/oauth/par", 201),
        ([f"{ISSUER}/oauth/par"], 201),
        (f"{ISSUER}/authorize", 401),
        ("https://other.example/oauth/par", 401),
    ],
)
async def test_an_assertion_names_the_server_by_any_of_three_names(
    shop: Server, audience: Any, status: int
) -> None:
    """§2: issuer, token endpoint or this one, to be interoperable."""
    await register_client(
        shop.known,
        "signing",
        redirect_uris=(CALLBACK,),
        token_endpoint_auth_method="private_key_jwt",
        jwks=jwks(KEY),
    )
    answer = await push(
        shop,
        auth=None,
        client_id="signing",
        client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion=signed(shop, "signing", aud=audience),
    )

    assert answer.status == status


# What is refused (§2.3), before anything is written


@pytest.mark.parametrize(
    ("parameters", "refusal"),
    [
        ({"request_uri": f"{PREFIX}x"}, (400, "invalid_request")),
        ({"request_uri": "https://app.example/r"}, (400, "invalid_request")),
        ({"request": "e30.e30."}, (400, "invalid_request_object")),
        ({"redirect_uri": "https://evil.example/"}, (400, "invalid_request")),
        ({"redirect_uri": f"{CALLBACK}/"}, (400, "invalid_request")),
        ({"response_type": ""}, (400, "invalid_request")),
        ({"response_type": "token"}, (400, "unauthorized_client")),
        ({"response_type": "none"}, (400, "unsupported_response_type")),
        ({"response_mode": "web"}, (400, "invalid_request")),
        ({"scope": "read:nothing"}, (400, "invalid_scope")),
        ({"resource": "https://x.example/"}, (400, "invalid_target")),
        ({"code_challenge": ""}, (400, "invalid_request")),
        ({"code_challenge": "", "code_challenge_method": ""}, (400, "invalid_request")),
        ({"code_challenge_method": "plain"}, (400, "invalid_request")),
        ({"prompt": "none login"}, (400, "invalid_request")),
        ({"max_age": "-1"}, (400, "invalid_request")),
        ({"claims": "no json"}, (400, "invalid_request")),
        ({"id_token_hint": "no token"}, (400, "invalid_request")),
        ({"dpop_jkt": "short"}, (400, "invalid_request")),
        ({"scope": ["openid", "openid"]}, (400, "invalid_request")),
        ({"state": "x" * 7000}, (413, "invalid_request")),
        ({"state": "x" * 70_000}, (413, "invalid_request")),
    ],
)
async def test_what_is_refused(
    shop: Server, parameters: dict[str, Any], refusal: tuple[int, str]
) -> None:
    """As the authorization endpoint would, but here the client hears at once."""
    before = await written(shop)

    refused = await push(shop, **parameters)

    assert refused.error == refusal
    assert refused.body["error_description"]
    assert "Location" not in refused.headers
    assert await written(shop) == before


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_only_post_is_taken(shop: Server, method: str) -> None:
    async with shop.client.request(method, PAR) as said:
        assert said.status == 405
        assert "POST" in said.headers["Allow"]
        assert (await said.json())["error"] == "invalid_request"


async def test_parameters_in_the_address_do_not_count(shop: Server) -> None:
    async with shop.client.post(PAR, params=request_for("spa")) as said:
        assert said.status == 401


async def test_strangers_cannot_make_the_log_grow(
    shop: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody can push in a public client's name; who proves itself is not counted."""
    bounds = Bounds(per_address=2, per_client=100)
    monkeypatch.setattr(public_clients, "BOUNDS", {"par": bounds})
    answers = [await push(shop, auth=None, client_id="spa") for _ in range(3)]

    assert [answer.status for answer in answers] == [201, 201, 429]
    assert answers[-1].body["error"] == "too_many_requests"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 900
    assert (await push(shop)).status == 201


async def test_many_addresses_share_what_a_public_client_has(
    shop: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds = Bounds(per_address=100, per_client=1)
    monkeypatch.setattr(public_clients, "BOUNDS", {"par": bounds})
    answers = [await push(shop, auth=None, client_id="spa") for _ in range(2)]

    assert [answer.status for answer in answers] == [201, 429]


# The key that the code will be for (RFC 9449 §10.1)


async def jkt_of(server: Server, answer: Answer) -> list[str] | None:
    """The key that the pushed request names."""
    artefact = named(server, answer)
    state = (await server.known.reading.truth(GRANT, artefact.stream_id)).state
    assert isinstance(state, Announced)
    opened = server.known.keys.unseal(
        f"pushed {artefact.terms}", state.request.sealed, now=server.clock.now()
    )
    keys: list[str] | None = json.loads(opened or b"").get("dpop_jkt")
    return keys


def proof_here(server: Server, **claims: Any) -> dict[str, str]:
    return {"DPoP": proof(server, f"{ISSUER}{PAR}", htm="POST", **claims)}


async def test_a_proof_names_the_key(shop: Server) -> None:
    plain = await push_with(shop, {})
    proven = await push_with(shop, proof_here(shop))
    both = await push_with(shop, proof_here(shop), dpop_jkt=thumbprint(HOLDER))

    assert await jkt_of(shop, plain) is None
    assert await jkt_of(shop, proven) == [thumbprint(HOLDER)]
    assert await jkt_of(shop, both) == [thumbprint(HOLDER)]
    assert proven.headers["DPoP-Nonce"]


async def test_proof_and_parameter_must_agree(shop: Server) -> None:
    refused = await push_with(shop, proof_here(shop), dpop_jkt=thumbprint(OTHER))

    assert refused.error == (400, "invalid_dpop_proof")


@pytest.mark.parametrize(
    "claims", [{"htm": "GET"}, {"htu": f"{ISSUER}/oauth/token"}, {"iat": 1}]
)
async def test_a_proof_for_something_else(shop: Server, claims: Any) -> None:
    headers = {"DPoP": proof(shop, f"{ISSUER}{PAR}", **{"htm": "POST", **claims})}

    assert (await push_with(shop, headers)).error == (400, "invalid_dpop_proof")


async def test_a_client_bound_to_keys_may_show_its_own_later(shop: Server) -> None:
    """§10.1 leaves it to the client; the token endpoint does not."""
    await register_client(
        shop.known,
        "bound",
        redirect_uris=(CALLBACK,),
        token_endpoint_auth_method="none",
        dpop_bound_access_tokens=True,
    )

    assert (await push(shop, auth=None, client_id="bound")).status == 201


# What the server says of it


async def test_metadata_tell_of_it(shop: Server) -> None:
    told = (await get(shop, "/.well-known/oauth-authorization-server")).body

    assert told["pushed_authorization_request_endpoint"] == f"{ISSUER}{PAR}"
    assert told["require_pushed_authorization_requests"] is False


async def test_apps_of_any_origin_may_push(shop: Server) -> None:
    async with shop.client.options(PAR) as said:
        assert said.headers["Access-Control-Allow-Origin"] == "*"
        assert said.headers["Access-Control-Allow-Methods"] == "POST"
