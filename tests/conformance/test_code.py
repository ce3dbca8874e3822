"""What the plans ask of a code and of a refresh token, wherever one is given."""

import json

import pytest

from tests.conformance import strict
from tests.conformance.conftest import Meet
from tests.conformance.flows import CODE, FLOWS, WITH_CODE, over
from tests.conformance.party import Flow, Party
from tests.server.clients import CHALLENGE, VERIFIER

DEFAULT = [flow for flow in WITH_CODE if not flow.mode]


@pytest.mark.parametrize("seconds", [0, 30])
@over(*WITH_CODE)
async def test_a_code_is_good_once(party: Party, seconds: int) -> None:
    """oidcc-codereuse, oidcc-codereuse-30seconds: and what came of it ends."""
    got = await party.sign_in()
    party.house.clock.shift += seconds

    form = {
        "grant_type": "authorization_code",
        "code": got.front["code"],
        "redirect_uri": party.client["redirect_uris"][0],
    }
    assert await party.refused_tokens(form) == "invalid_grant"

    token = f"Bearer {got.access_token}"
    page = await party.visitor.get("/userinfo", Authorization=token)
    assert page.status == 401
    assert 'error="invalid_token"' in page.headers["WWW-Authenticate"]


@over(*DEFAULT)
async def test_pkce_may_come_along(party: Party) -> None:
    """oidcc-ensure-request-with-valid-pkce-succeeds."""
    page = await party.ask(code_challenge=CHALLENGE, code_challenge_method="S256")
    front = party.read(await party.agree(page))

    told = await party.redeem(front["code"], code_verifier=VERIFIER)

    assert told.body["id_token"]


@pytest.mark.parametrize(
    "flow", [flow for flow in FLOWS if flow in DEFAULT], ids=lambda flow: flow.name
)
async def test_the_secret_may_come_in_the_body(meet: Meet, flow: Flow) -> None:
    """oidcc-server-client-secret-post."""
    party = await meet(flow, token_endpoint_auth_method="client_secret_post")

    got = await party.sign_in()

    assert got.tokens["id_token"]


@pytest.mark.parametrize("flow", DEFAULT, ids=lambda flow: flow.name)
async def test_a_refresh_token(meet: Meet, flow: Flow) -> None:
    """oidcc-refresh-token: it is the client's alone, and the new ID token is of the
    same sign-in (OIDC Core §12.2)."""
    grants = ["authorization_code", "refresh_token"] + ["implicit"] * (flow != CODE)
    party = await meet(flow, grant_types=grants)
    other = await meet(flow, grant_types=grants)
    asked = {"scope": "openid offline_access", "prompt": "consent"}
    first = await party.sign_in(**asked)
    party.house.clock.shift += 1

    form = {
        "grant_type": "refresh_token",
        "refresh_token": first.tokens["refresh_token"],
        "scope": "openid offline_access",
    }
    assert await other.refused_tokens(form) == "invalid_grant"
    told = await party.post("/oauth/token", form)

    assert told.status == 200
    strict.check_json(told.headers)
    strict.check_tokens(told.body)
    assert told.body["access_token"] != first.access_token
    second = await party.verified(told.body["id_token"], {})
    for name in ("iss", "sub", "aud", "auth_time"):
        assert second[name] == first.said[name]
    assert second["iat"] > first.said["iat"]
    assert ("azp" in second) == ("azp" in first.said)
    claims = await party.userinfo(told.body["access_token"])
    assert claims["sub"] == first.said["sub"]


async def test_nobody_gets_an_unsigned_id_token(meet: Meet, party: Party) -> None:
    """oidcc-idtoken-unsigned is skipped where discovery doesn't name `none`; asking
    for it is refused as metadata that cannot be."""
    page = await party.visitor.get("/.well-known/openid-configuration")
    algorithms = json.loads(page.text)["id_token_signing_alg_values_supported"]

    assert "none" not in algorithms
    with pytest.raises(AssertionError, match="invalid_client_metadata"):
        await meet(CODE, id_token_signed_response_alg="none")
