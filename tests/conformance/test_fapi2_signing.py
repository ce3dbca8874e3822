"""Signed requests and answers: FAPI 2.0 Message Signing §5.3, §5.4 (JAR and JARM).

The suite's modules are named without their `fapi2-security-profile-final-`.
"""

from dataclasses import replace
from typing import Any

import pytest

from tests.client_key import ClientKey, make_key, sign
from tests.conformance.bank import Bank
from tests.conformance.conftest import open_party
from tests.conformance.party import Party
from tests.conformance.test_fapi2 import refused
from tests.house import House
from tests.relying_party import Told
from tests.visitor import Visitor


@pytest.fixture(scope="session")
async def notary(open_house: House) -> Party:
    """A client that signs all its requests, and has answers signed."""
    return await open_party(
        open_house,
        "notary",
        require_signed_request_object=True,
        request_object_signing_alg="PS256",
        authorization_signed_response_alg="PS256",
    )


@pytest.fixture
def bank(notary: Party, browser: Visitor, proving: ClientKey) -> Bank:
    return Bank(party=notary.by(browser), proving=proving, signs=True)


@pytest.mark.parametrize("mode", ["", "jwt"], ids=["plain", "JARM"])
@pytest.mark.parametrize("scope", ["openid", "read:orders"])
async def test_the_flow(bank: Bank, scope: str, mode: str) -> None:
    """happy-flow, signed_non_repudiation, with a plain response and with JARM."""
    got = await bank.by(scope=scope, mode=mode).sign_in()

    assert got.tokens["access_token"]


def at(bank: Bank, said: dict[str, Any]) -> dict[str, Any]:
    """Numbers are counted from now."""
    now = bank.party.house.clock.now()
    return {n: now + one if type(one) is int else one for n, one in said.items()}


async def push(bank: Bank, said: dict[str, Any]) -> Told:
    text = bank.request_object(bank.request(), **at(bank, said))
    return await bank.send({"request": text})


@pytest.mark.parametrize(
    "said",
    [{"nbf": 8}, {"iat": 0}, {"nbf": -3500, "exp": 60}],
    ids=["ahead", "with iat", "nearly an hour old"],
)
async def test_an_object_is_of_this_hour(bank: Bank, said: dict[str, Any]) -> None:
    """ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted."""
    told = await push(bank, said)

    assert told.status == 201, told


async def test_an_object_may_be_for_several(bank: Bank) -> None:
    """ensure-server-accepts-request-object-with-multiple-aud."""
    told = await push(bank, {"aud": ["https://other.example", bank.issuer]})

    assert told.status == 201, told


@pytest.mark.parametrize(
    "said",
    [
        {"exp": None},
        {"nbf": None},
        {"exp": -1},
        {"exp": 70 * 60},
        {"nbf": -70 * 60},
        {"nbf": 70},
        {"aud": "https://other.example"},
        {"aud": None},
        {"iss": "fund"},
        {"client_id": "fund"},
        {"request_uri": "urn:ietf:params:oauth:request_uri:x"},
    ],
    ids=lambda said: " ".join(f"{name}={value}" for name, value in said.items()),
)
async def test_an_object_that_is_not(bank: Bank, said: dict[str, Any]) -> None:
    """ensure-request-object-without-exp-fails, -without-nbf-fails,
    ensure-expired-request-object-fails, ensure-request-object-with-exp-over-60-fails,
    -nbf-over-60-fails, -bad-aud-fails,
    par-authorization-request-containing-request_uri."""
    told = await push(bank, said)

    assert refused(told) == "invalid_request_object"


async def test_an_object_is_signed_well(bank: Bank) -> None:
    """ensure-signed-request-object-with-RS256-fails,
    ensure-request-object-signature-algorithm-is-not-none,
    ensure-request-object-with-invalid-signature-fails,
    ensure-matching-key-in-authorization-request."""
    text = bank.request_object(bank.request())
    weak, other = replace(bank.key, alg="RS256"), make_key("PS256", bank.key.kid)

    for wrong in (
        bank.by(party=bank.party.with_key(weak)).request_object(bank.request()),
        sign({**bank.request(), "client_id": "notary"}, b"", alg="none"),
        text[:-4] + "AAAA",
        bank.by(party=bank.party.with_key(other)).request_object(bank.request()),
    ):
        told = await bank.send({"request": wrong})
        assert refused(told) == "invalid_request_object"


async def test_a_request_that_is_not_signed(bank: Bank) -> None:
    """ensure-unsigned-request-at-par-endpoint-fails."""
    told = await bank.send(bank.request())

    assert refused(told) in {"invalid_request", "invalid_request_object"}


async def test_a_refusal_is_signed_too(bank: Bank) -> None:
    """user-rejects-authentication, with JARM."""
    asking = bank.by(mode="jwt")
    page = await asking.bring(await asking.pushed(prompt="login"))
    visitor = asking.party.visitor
    sent = await visitor.submit(page, "login-form", "login-cancel")

    answer = await asking.read(await visitor.follow(sent))

    assert answer.pop("error_description")
    assert answer == {
        "error": "access_denied",
        "state": "state-1",
        "iss": asking.issuer,
    }
