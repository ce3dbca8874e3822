"""Requests by FAPI 2.0: pushed, by a code, with PKCE (Security Profile §5.3.2.2).

The suite's modules are named without their `fapi2-security-profile-final-`.
"""

import json
from typing import Any

import pytest

from tests.conformance import strict
from tests.conformance.bank import PAR, URN, Bank
from tests.conformance.party import REDIRECT_URI
from tests.conformance.test_sign_in import is_error_page
from tests.relying_party import Told
from tests.server.clients import CHALLENGE, ORDERS
from tests.server.oauth.calls import claims as claims_in

SCOPES = ["openid", "email openid", "openid offline_access", "read:orders"]
STATE = "s" * 384


def refused(told: Told) -> str:
    """The error of a push that is refused."""
    assert told.status in {400, 401}
    strict.check_json(told.headers)
    return strict.check_error(told.body)


async def test_the_metadata(bank: Bank) -> None:
    """discovery-end-point-verification."""
    page = await bank.party.visitor.get("/.well-known/openid-configuration")
    said = json.loads(page.text)

    assert said["pushed_authorization_request_endpoint"] == f"{bank.issuer}{PAR}"
    assert said["authorization_response_iss_parameter_supported"] is True
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert "private_key_jwt" in said["token_endpoint_auth_methods_supported"]
    for name in ("token_endpoint_auth", "id_token", "dpop", "userinfo"):
        algorithms = set(said[f"{name}_signing_alg_values_supported"])
        assert algorithms >= {"PS256", "ES256", "EdDSA"}


@pytest.mark.parametrize("scope", SCOPES)
async def test_the_flow(bank: Bank, scope: str) -> None:
    """happy-flow, ensure-other-scope-order-succeeds,
    par-without-duplicate-parameters: with OpenID Connect, and with OAuth alone."""
    got = await bank.by(scope=scope).sign_in()

    assert got.tokens["token_type"] == "DPoP"
    if "openid" in scope:
        page = await bank.userinfo(got.access_token)
        assert page.status == 200
        assert json.loads(page.text)["sub"] == got.said["sub"]
    else:
        said = claims_in(got.access_token)
        assert said["cnf"] == {"jkt": bank.proving.key.thumbprint()}
        assert said["aud"] == ORDERS


@pytest.mark.parametrize(
    "changed",
    [
        {"state": ""},
        {"nonce": ""},
        {"nonce": "n" * 64},
        {"nonce": "n" * 384},
        {"state": STATE},
    ],
    ids=lambda changed: " ".join(f"{n}{len(v)}" for n, v in changed.items()),
)
async def test_state_and_nonce_come_back_whatever_they_are(
    bank: Bank, changed: dict[str, str]
) -> None:
    """ensure-authorization-request-without-state-success, -without-nonce-success,
    ensure-request-object-with-64-char-nonce-success, -long-nonce, -long-state."""
    got = await bank.sign_in(**changed)

    assert got.said["sub"]


async def test_claims_may_be_asked_for_one_by_one(bank: Bank) -> None:
    """test-claims-parameter-identity-claims: each form of asking; what nobody knows
    is ignored, and what nobody asked for is not told."""
    forms: dict[str, Any] = {
        "name": None,
        "email": {"essential": True},
        "family_name": {"value": "Baker"},
        "birthdate": {"values": ["1990-02-03", "1990-02-04"]},
        "rXz9": None,
    }
    wanted = json.dumps({"id_token": forms, "userinfo": forms})

    got = await bank.by(scope="openid email profile").sign_in(claims=wanted)

    told = json.loads((await bank.userinfo(got.access_token)).text)
    for claims in (got.said, told):
        assert claims.keys() >= forms.keys() - {"rXz9"}
        assert "rXz9" not in claims
    assert "phone_number" not in told


async def test_a_person_may_refuse(bank: Bank) -> None:
    """user-rejects-authentication."""
    page = await bank.bring(await bank.pushed(prompt="login"))
    visitor = bank.party.visitor
    page = await visitor.submit(page, "login-form", "login-cancel")

    answer = (await visitor.follow(page)).answer

    expected: dict[str, str | None] = {"state": "state-1", "iss": bank.issuer}
    assert strict.check_error(answer, **expected) == "access_denied"


@pytest.mark.parametrize("name", ["state", "nonce"])
async def test_nothing_beside_the_request_uri_counts(bank: Bank, name: str) -> None:
    """ensure-different-nonce-inside-and-outside-request-object, -different-state-…,
    state-only-outside-request-object-not-used."""
    request_uri = await bank.pushed(**{name: ""})

    page = await bank.bring(request_uri, **{name: "outside"})
    answer = await bank.read(await bank.party.agree(page))

    assert "state" not in answer or answer["state"] == "state-1"
    told = await bank.ask_tokens(bank.exchange(answer["code"]))
    said = claims_in(told.body["id_token"])
    assert said.get("nonce") == (None if name == "nonce" else "nonce-1")


async def test_a_request_that_was_not_pushed(bank: Bank) -> None:
    """ensure-unsigned-authorization-request-without-using-par-fails."""
    page = await bank.party.ask(code_challenge=CHALLENGE, code_challenge_method="S256")

    assert bank.party.refused(page) == "invalid_request"


@pytest.mark.parametrize(
    ("changed", "errors"),
    [
        ({"redirect_uri": f"{REDIRECT_URI}/other"}, {"invalid_request"}),
        ({"redirect_uri": ""}, {"invalid_request"}),
        (
            {"redirect_uri": "", "scope": "read:orders", "audience": ORDERS},
            {"invalid_request"},
        ),
        (
            {"response_type": "code id_token"},
            {"unauthorized_client", "unsupported_response_type", "invalid_request"},
        ),
        (
            {"response_type": "token"},
            {"unauthorized_client", "unsupported_response_type", "invalid_request"},
        ),
        ({"code_challenge": "", "code_challenge_method": ""}, {"invalid_request"}),
        ({"code_challenge_method": "plain"}, {"invalid_request"}),
        ({"request_uri": f"{URN}made-up"}, {"invalid_request"}),
        ({"dpop_jkt": "x" * 43}, {"invalid_dpop_proof"}),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, dict) else "",
)
async def test_what_cannot_be_pushed(
    bank: Bank, changed: dict[str, str], errors: set[str]
) -> None:
    """ensure-registered-redirect-uri, ensure-redirect-uri-in-authorization-request,
    ensure-request-object-without-redirect-uri-fails,
    ensure-response-type-code-idtoken-fails, ensure-response-type-token-fails,
    par-ensure-pkce-required, par-ensure-plain-pkce-rejected,
    par-authorization-request-containing-request_uri-form-param,
    ensure-mismatched-dpop-jkt-fails."""
    told = await bank.push(proof=bank.proof(PAR), **changed)

    assert refused(told) in errors


async def test_only_a_post_pushes(bank: Bank) -> None:
    """par-attempt-invalid-http-method."""
    http = bank.party.visitor.http
    async with http.put(f"{bank.issuer}{PAR}", data=bank.request()) as answer:
        assert answer.status == 405


def faulty(bank: Bank, fault: str) -> dict[str, Any]:
    """What an assertion says that is good otherwise."""
    now, issuer = bank.party.house.clock.now(), bank.issuer
    faults: dict[str, dict[str, Any]] = {
        "for the PAR endpoint": {"aud": f"{issuer}/oauth/par"},
        "for the token endpoint": {"aud": f"{issuer}/oauth/token"},
        "in an array": {"aud": [issuer]},
        "for several": {"aud": [issuer, f"{issuer}/oauth/par"]},
        "for another server": {"aud": "https://other.example"},
        "of nobody": {"sub": None},
        "of the past": {"exp": now - 300},
        "not yet good": {"nbf": now + 70},
        "of the future": {"iat": now + 70},
    }
    return faults[fault]


@pytest.mark.parametrize(
    "fault",
    [
        "for the PAR endpoint",
        "for the token endpoint",
        "in an array",
        "for several",
        "for another server",
        "of nobody",
        "of the past",
        "not yet good",
        "of the future",
    ],
)
async def test_an_assertion_names_the_issuer_alone_and_is_of_now(
    bank: Bank, fault: str
) -> None:
    """par-test-par-endpoint-url-as-audience-fails, -token-endpoint-url-…, -array-…,
    ensure-client-assertion-with-wrong-aud-fails, -with-no-sub-fails,
    -with-exp-is-5-minutes-in-past-fails,
    par-ensure-jwt-client-assertion-iat-nbf-over-60-seconds-in-the-future-fails."""
    said = faulty(bank, fault)
    assert refused(await bank.send(bank.request(), **said)) == "invalid_client"

    code = await bank.code()
    told = await bank.ask_tokens(bank.exchange(code), **said)
    assert refused(told) == "invalid_client"


async def test_a_clock_may_be_a_little_ahead(bank: Bank) -> None:
    """par-ensure-jwt-client-assertion-iat-nbf-8-seconds-in-the-future-is-accepted."""
    soon = bank.party.house.clock.now() + 8

    told = await bank.send(bank.request(), iat=soon, nbf=soon)

    assert told.status == 201


async def test_pages_may_be_opened_twice_until_somebody_has_signed_in(
    bank: Bank,
) -> None:
    """par-ensure-reused-request-uri-prior-to-auth-completion-succeeds,
    par-attempt-reuse-request_uri."""
    request_uri = await bank.pushed()
    await bank.bring(request_uri)

    page = await bank.bring(request_uri)

    assert "code" in await bank.read(await bank.party.agree(page))
    again = await bank.bring(request_uri)
    assert is_error_page(again)
    assert again.texts["error-code"] == "invalid_request_uri"


async def test_a_request_uri_has_its_time(bank: Bank) -> None:
    """par-attempt-to-use-expired-request_uri."""
    told = await bank.push()
    bank.party.house.clock.shift += told.body["expires_in"]

    page = await bank.bring(told.body["request_uri"])

    assert page.texts["error-code"] == "invalid_request_uri"


async def test_a_request_uri_is_its_clients(bank: Bank, fund: Bank) -> None:
    """par-ensure-request-uri-is-bound-to-client."""
    page = await fund.bring(await bank.pushed())

    assert page.texts["error-code"] == "invalid_request_uri"
