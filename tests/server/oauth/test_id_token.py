"""ID tokens: what they say, and nothing that they should not."""

import json
from uuid import UUID

import pytest

from domain.grant import Approval
from server import jws
from server.oauth.id_token import Beside, half_hash, id_token

KEY = jws.generate("ES256")
SIGNER = jws.signer(jws.public_key(KEY, "ES256"), jws.to_bytes(KEY))
ALICE = UUID(int=1)
ACCESS = Beside(access_token="access-token")


def said(
    approval: Approval, beside: Beside = ACCESS, **more: object
) -> dict[str, object]:
    text = id_token(
        SIGNER,
        issuer="https://login.example/",
        approval=approval,
        issued_at=1000,
        lifetime=300,
        beside=beside,
        **more,  # type: ignore[arg-type]
    )
    claims: dict[str, object] = json.loads(jws.strict_bytes(text.split(".")[1]) or b"")
    return claims


def approved(**members: object) -> Approval:
    return Approval(
        client_id="web",
        grant_type="authorization_code",
        started_at=900,
        user_id=ALICE,
        **members,  # type: ignore[arg-type]
    )


def test_it_says_who_for_whom_and_until_when() -> None:
    """OIDC Core §2: the required claims, and one audience, so no `azp`."""
    claims = said(approved())

    assert claims == {
        "iss": "https://login.example/",
        "sub": str(ALICE),
        "aud": "web",
        "iat": 1000,
        "exp": 1300,
        "at_hash": half_hash("access-token", "ES256"),
    }


def test_it_says_how_and_when_the_person_signed_in() -> None:
    """OIDC Core §2, Back-Channel Logout §2.1 (`sid`)."""
    claims = said(
        approved(
            auth_time=950, acr="urn:x", amr=("pwd", "otp"), session_id=UUID(int=2)
        ),
        nonce="n-0S6_WzA2Mj",
    )

    assert claims["auth_time"] == 950
    assert claims["acr"] == "urn:x"
    assert claims["amr"] == ["pwd", "otp"]
    assert claims["nonce"] == "n-0S6_WzA2Mj"
    assert claims["sid"] == "AAAAAAAAAAAAAAAAAAAAAg"


def test_it_vouches_for_what_goes_out_with_it() -> None:
    """`at_hash`, `c_hash`, `s_hash`, each of what is there (§3.3.2.11, FAPI)."""
    everything = said(
        approved(), Beside(access_token="token", code="code", state="état")
    )
    alone = said(approved(), Beside())

    assert everything["at_hash"] == half_hash("token", "ES256")
    assert everything["c_hash"] == half_hash("code", "ES256")
    assert everything["s_hash"] == half_hash("état", "ES256")
    assert not alone.keys() & {"at_hash", "c_hash", "s_hash"}


def test_a_client_may_have_a_name_of_its_own_for_the_person() -> None:
    """OIDC Core §8.1: the grant remembers it."""
    assert said(approved(subject="a-pairwise-name"))["sub"] == "a-pairwise-name"


def test_a_profile_cannot_say_who_one_is() -> None:
    """A claim of the person never replaces one of the server."""
    claims = said(approved(), asked={"name": "Alice", "sub": "bob", "iss": "evil"})

    assert (claims["name"], claims["sub"]) == ("Alice", str(ALICE))
    assert claims["iss"] == "https://login.example/"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "77QmUPtjPfzWtF2AnpK9RQ"),
        (
            "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk",
            "LDktKdoQak3Pk0cnXxCltA",
        ),
    ],
)
def test_the_half_hash_is_the_specifications(text: str, expected: str) -> None:
    """OIDC Core appendix A.3, A.4."""
    assert half_hash(text, "RS256") == expected


def test_ed25519_has_the_longer_hash() -> None:
    """§3.1.3.6: the hash of the signature's algorithm, which is SHA-512."""
    assert len(half_hash("text", "EdDSA")) == 43
