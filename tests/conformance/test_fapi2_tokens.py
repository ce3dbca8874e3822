"""Tokens by FAPI 2.0: for the client that asked, bound to its key (SP §5.3.2, §5.3.4).

The suite's modules are named without their `fapi2-security-profile-final-`.
"""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.client_key import make_key
from tests.conformance import strict
from tests.conformance.bank import PAR, TOKEN, USERINFO, Bank
from tests.conformance.test_fapi2 import refused
from tests.server.clients import VERIFIER

OFFLINE = "openid offline_access"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_verifier": ""}, "invalid_grant"),
        ({"code_verifier": VERIFIER[::-1]}, "invalid_grant"),
        ({"redirect_uri": "https://rp.example/other"}, "invalid_grant"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, dict) else "",
)
async def test_a_code_needs_what_it_was_asked_with(
    bank: Bank, changed: dict[str, str], error: str
) -> None:
    """par-pkce-code-verifier-required, par-incorrect-pkce-code-verifier-rejected."""
    told = await bank.ask_tokens(bank.exchange(await bank.code(), **changed))

    assert refused(told) == error


async def test_a_code_is_its_clients(bank: Bank, fund: Bank) -> None:
    """ensure-authorization-code-is-bound-to-client, ensure-client-id-in-token-endpoint,
    ensure-client-assertion-in-token-endpoint."""
    form = bank.exchange(await bank.code())

    assert refused(await fund.ask_tokens(form)) == "invalid_grant"
    thief = fund.by(party=fund.party.with_key(bank.key))
    assert refused(await thief.ask_tokens(form)) == "invalid_client"
    mixed = {**form, "client_id": fund.party.client["client_id"]}
    assert refused(await bank.ask_tokens(mixed)) == "invalid_client"
    named = {**form, "client_id": bank.party.client["client_id"]}
    assert refused(await bank.party.call(TOKEN, named)) == "invalid_client"


async def test_an_assertion_is_signed_well(bank: Bank) -> None:
    """ensure-signed-client-assertion-with-RS256-fails: whatever the key is."""
    weak = replace(bank.key, alg="RS256")

    told = await bank.by(party=bank.party.with_key(weak)).push()

    assert refused(told) == "invalid_client"


async def test_a_code_is_good_once(bank: Bank) -> None:
    """attempt-reuse-authorization-code-after-one-second: what came of it ends."""
    form = bank.exchange(await bank.code())
    first = await bank.ask_tokens(form)
    assert first.status == 200
    bank.party.house.clock.shift += 1

    assert refused(await bank.ask_tokens(form)) == "invalid_grant"

    page = await bank.userinfo(first.body["access_token"])
    assert page.status == 401


async def test_a_code_lives_for_a_minute(bank: Bank) -> None:
    """attempt-to-use-expired-auth-code."""
    form = bank.exchange(await bank.code())
    bank.party.house.clock.shift += 60

    assert refused(await bank.ask_tokens(form)) == "invalid_grant"


async def test_tokens_need_a_key(bank: Bank) -> None:
    """ensure-holder-of-key-required."""
    form = bank.exchange(await bank.code())

    assert refused(await bank.ask_tokens(form, proof=None)) == "invalid_dpop_proof"


async def test_a_code_may_be_for_one_key(bank: Bank) -> None:
    """ensure-dpop-auth-code-binding-success,
    ensure-dpop-proof-at-par-endpoint-binding-success,
    ensure-token-endpoint-fails-with-mismatched-dpop-jkt, -dpop-proof-jkt."""
    jkt = bank.proving.key.thumbprint()
    by_name = await bank.pushed(dpop_jkt=jkt)
    by_proof = (await bank.push(proof=bank.proof(PAR))).body["request_uri"]

    for request_uri in (by_name, by_proof):
        page = await bank.party.agree(await bank.bring(request_uri))
        form = bank.exchange((await bank.read(page))["code"])
        told = await bank.with_other_key().ask_tokens(form)
        assert refused(told) in {"invalid_grant", "invalid_dpop_proof"}
        assert (await bank.ask_tokens(form)).status == 200


@pytest.mark.parametrize(
    "said",
    [{"iat": -10}, {"iat": 10}, {"nbf": 0, "exp": 300}],
    ids=["before", "after", "nbf exp"],
)
async def test_a_proof_is_of_about_now(bank: Bank, said: dict[str, Any]) -> None:
    """check-dpop-proof-nbf-exp, ensure-dpop-proof-with-iat-10seconds-before-succeeds,
    -10seconds-after-succeeds."""
    now = bank.party.house.clock.now()
    times: dict[str, Any] = {name: now + by for name, by in said.items()}
    proof = bank.proof(TOKEN, **times)

    told = await bank.ask_tokens(bank.exchange(await bank.code()), proof=proof)

    assert told.status == 200, told


@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP"])
async def test_a_scheme_is_its_name_in_any_case(bank: Bank, scheme: str) -> None:
    """access-token-type-header-case-sensitivity."""
    got = await bank.sign_in()

    page = await bank.userinfo(got.access_token, scheme=scheme)

    assert page.status == 200
    assert page.headers["Date"]


def proofs(bank: Bank, token: str) -> dict[str, str]:
    """Proofs for this token that are each wrong in one way."""
    now, proof = bank.party.house.clock.now(), bank.proof

    def of(**changed: Any) -> str:
        return proof(USERINFO, token=token, **changed)

    private = dict(bank.proving.key.as_dict(private=True))
    return {
        "no JWT": "no.jwt",
        "no typ": of(header={"typ": None}),
        "another typ": of(header={"typ": "jwt"}),
        "no jwk": of(header={"jwk": None}),
        "a private jwk": of(header={"jwk": private}),
        "no algorithm": of(header={"alg": "none"}),
        "no jti": of(jti=None),
        "no htm": of(htm=None),
        "another method": of(htm="PUT"),
        "no htu": of(htu=None),
        "another address": of(htu=f"{bank.issuer}/other"),
        "no iat": of(iat=None),
        "an hour ago": of(iat=now - 3600),
        "in an hour": of(iat=now + 3600),
        "no ath": of(ath=None),
        "another ath": of(ath="x" * 43),
        "a wrong signature": of()[:-4] + "AAAA",
        "another key": bank.with_other_key().proof(USERINFO, token=token),
    }


async def test_no_other_proof_opens_userinfo(bank: Bank) -> None:
    """dpop-negative-tests: nor none, nor two, nor one twice, nor a bearer."""
    token = (await bank.sign_in()).access_token
    for name, wrong in proofs(bank, token).items():
        page = await bank.userinfo(token, wrong)
        assert page.status in {400, 401}, name

    proof = bank.proof(USERINFO, token=token)
    assert (await bank.userinfo(token, proof)).status == 200
    assert (await bank.userinfo(token, proof)).status == 401
    browser = bank.party.visitor
    plain = await browser.get(USERINFO, Authorization=f"Bearer {token}")
    assert plain.status == 401
    query = await browser.get(f"{USERINFO}?access_token={token}")
    assert query.status in {400, 401}


async def test_what_a_proof_may_say_more(bank: Bank) -> None:
    """dpop-negative-tests: query and fragment don't count, nor what nobody knows."""
    token = (await bank.sign_in()).access_token
    address = f"{bank.issuer}{USERINFO}"

    for proof in (
        bank.proof(USERINFO, token=token, htu=f"{address}?a=b#c"),
        bank.proof(USERINFO, token=token, htu=address.replace("http", "HTTP", 1)),
        bank.proof(USERINFO, token=token, header={"extra": "1"}, extra={"a": 1}),
    ):
        assert (await bank.userinfo(token, proof)).status == 200


async def test_a_refresh_token_is_its_clients_and_does_not_rotate(
    bank: Bank, fund: Bank
) -> None:
    """refresh-token: with a new key each time, and half a minute later again."""
    asked = {"scope": OFFLINE, "prompt": "consent"}
    first = await bank.by(scope=OFFLINE).sign_in(**asked)
    form = {
        "grant_type": "refresh_token",
        "refresh_token": first.tokens["refresh_token"],
        "scope": OFFLINE,
    }
    seen = {first.access_token}

    for _ in range(3):
        bank.party.house.clock.shift += 31
        holder = bank.with_other_key()
        told = await holder.ask_tokens(form)
        assert told.status == 200, told
        strict.check_json(told.headers)
        strict.check_tokens(told.body, token_type="DPoP")
        assert told.body["refresh_token"] == form["refresh_token"]
        seen.add(told.body["access_token"])
        second = await bank.party.verified(told.body["id_token"], {})
        for name in ("iss", "sub", "aud", "auth_time"):
            assert second[name] == first.said[name]
        assert second["iat"] > first.said["iat"]
        page = await holder.userinfo(told.body["access_token"])
        assert json.loads(page.text)["sub"] == first.said["sub"]

    assert len(seen) == 4
    assert refused(await fund.ask_tokens(form)) == "invalid_grant"
    assert refused(await bank.ask_tokens(form, proof=None)) == "invalid_dpop_proof"


async def test_a_proof_is_signed_well(bank: Bank) -> None:
    """dpop-negative-tests: RS256 counts for no client of FAPI 2.0 (SP §5.4.1), at
    whichever endpoint."""
    strong = make_key("PS256")
    holder = bank.by(proving=strong)
    weak = bank.by(proving=replace(strong, alg="RS256"))
    form = bank.exchange(await bank.code())

    assert refused(await bank.push(proof=weak.proof(PAR))) == "invalid_dpop_proof"
    assert (await bank.push(proof=holder.proof(PAR))).status == 201
    told = await bank.ask_tokens(form, proof=weak.proof(TOKEN))
    assert refused(told) == "invalid_dpop_proof"

    token = (await holder.ask_tokens(form)).body["access_token"]
    assert (await weak.userinfo(token)).status == 401
    assert (await holder.userinfo(token)).status == 200
