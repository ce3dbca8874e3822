"""Which of a client's keys is for what (RFC 7517 §4, §5)."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, strategies as st
from joserfc.jwk import ECKey, OKPKey

from server import jwk_set
from server.jwk_set import JwkSet
from server.jws import base64url
from tests.client_key import ClientKey, jwks, make_key

EC = make_key("ES256", "ec")
ED = make_key("EdDSA", "ed")
RSA = make_key("RS256", "rsa")


def kids(found: Any) -> list[str]:
    return [key.kid for key in found]


def bare(key: ClientKey, **members: Any) -> dict[str, Any]:
    """The key with nothing said about its purpose but this."""
    known = {k: v for k, v in key.jwk.items() if k not in {"alg", "use"}}
    return {**known, **members}


def only(**members: Any) -> JwkSet:
    return jwk_set.parse({"keys": [bare(EC, **members)]})


def test_a_key_is_found_by_its_algorithm_and_its_name() -> None:
    """`kid` chooses; without one all that fit the algorithm do."""
    keys = jwk_set.parse(jwks(EC, ED, RSA))

    assert kids(keys.for_signature("ES256", "ec")) == ["ec"]
    assert kids(keys.for_signature("EdDSA", None)) == ["ed"]
    assert kids(keys.for_signature("RS256", "ec")) == []
    assert kids(keys.for_signature("ES256", "other")) == []
    assert kids(keys.for_signature("ES384", None)) == []


@pytest.mark.parametrize(
    "members",
    [{"use": "enc"}, {"key_ops": ["deriveKey"]}, {"alg": "ES384"}, {"alg": "ECDH-ES"}],
)
def test_a_key_that_is_for_something_else_verifies_nothing(
    members: dict[str, Any],
) -> None:
    """RFC 7517 §4.2 to §4.4."""
    assert only(**members).for_signature("ES256", None) == ()


@pytest.mark.parametrize(
    "members", [{}, {"use": "sig"}, {"key_ops": ["verify"]}, {"alg": "ES256"}]
)
def test_a_key_may_leave_its_purpose_open(members: dict[str, Any]) -> None:
    assert kids(only(**members).for_signature("ES256", None)) == ["ec"]


def test_an_rsa_key_without_alg_is_for_each_of_its_algorithms() -> None:
    keys = jwk_set.parse({"keys": [bare(RSA)]})

    for alg in ("RS256", "RS512", "PS256"):
        assert kids(keys.for_signature(alg, None)) == ["rsa"]


def test_a_key_of_another_curve_signs_nothing_by_that_name() -> None:
    """X25519 is no signature's; Ed448 is a second curve under EdDSA's name."""
    found = [OKPKey.generate_key(crv).as_dict() for crv in ("X25519", "Ed448")]

    assert jwk_set.parse({"keys": found}).for_signature("EdDSA", None) == ()


def weak_rsa() -> dict[str, str]:
    numbers = rsa.generate_private_key(65537, 1024).public_key().public_numbers()
    return {"kty": "RSA", "n": base64url(numbers.n.to_bytes(128, "big")), "e": "AQAB"}


@pytest.mark.parametrize(
    "useless",
    [
        {"kty": "unheard of"},
        {"kty": "EC", "crv": "P-256"},
        {"kty": "EC", "crv": "P-0", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "oct", "k": base64url(bytes(32))},
        {**EC.key.as_dict(private=True)},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "n": base64url(b"\xff" * 2048), "e": "AQAB"},
        {**bare(RSA), "e": base64url(b"\x01" * 9)},
        weak_rsa(),
        {"kty": ["EC"]},
        {},
        "key",
        None,
        7,
    ],
)
def test_a_key_that_cannot_be_used_is_as_if_it_were_not_there(useless: Any) -> None:
    """RFC 7517 §5: its neighbours are good; a symmetric or private one is none."""
    keys = jwk_set.parse({"keys": [useless, EC.jwk]})

    assert kids(keys.keys) == ["ec"]


@pytest.mark.parametrize("members", [{}, {"keys": None}, {"keys": "x"}, {"keys": {}}])
def test_what_has_no_keys_is_no_set(members: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="keys"):
        jwk_set.parse(members)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
MEMBERS = ("kty", "crv", "x", "y", "n", "e", "use", "key_ops", "alg", "kid", "x5c")


@given(
    st.dictionaries(
        st.sampled_from(MEMBERS),
        JSON | st.sampled_from(["EC", "RSA", "OKP", "P-256", "Ed25519", "AQAB"]),
    )
)
def test_nothing_in_a_key_can_break_the_reader(members: dict[str, Any]) -> None:
    """It comes from a host of somebody else."""
    keys = jwk_set.parse({"keys": [members, EC.jwk]})

    assert EC.kid in kids(keys.keys)
    keys.for_signature("RS256", None)
    keys.for_encryption("RSA-OAEP-256")


def test_a_set_of_any_length_costs_no_more_than_its_bound() -> None:
    keys = jwk_set.parse({"keys": [{**EC.jwk, "kid": str(n)} for n in range(200)]})

    assert len(keys.keys) == jwk_set.MOST_KEYS


def test_the_key_to_encrypt_to_is_one_meant_for_it() -> None:
    """RFC 7517 §4.2: a signing key is none, one for everything is the last."""
    open_to_all = {**bare(RSA), "kid": "open"}
    meant = {**bare(RSA, use="enc"), "kid": "meant"}
    keys = jwk_set.parse({"keys": [RSA.jwk, open_to_all, meant]})

    found = keys.for_encryption("RSA-OAEP-256")

    assert found is not None
    assert found.kid == "meant"
    assert jwk_set.parse({"keys": [RSA.jwk]}).for_encryption("RSA-OAEP") is None
    assert jwk_set.parse({"keys": [open_to_all]}).for_encryption("RSA-OAEP") is not None


def test_a_key_agreement_takes_its_own_curves() -> None:
    """EC and X25519, no Ed25519; RSA1_5 and the symmetric ones not at all."""
    agreeing = OKPKey.generate_key("X25519", {"kid": "x"}).as_dict()
    ec = ECKey.generate_key("P-384", {"kid": "ec"}).as_dict()

    def chosen(alg: str, *keys: Any) -> str | None:
        found = jwk_set.parse({"keys": list(keys)}).for_encryption(alg)
        return found.kid if found else None

    assert chosen("ECDH-ES+A256KW", bare(ED), agreeing) == "x"
    assert chosen("ECDH-ES", ec) == "ec"
    assert chosen("ECDH-ES", bare(RSA)) is None
    for alg in ("RSA1_5", "dir", "A128KW", "PBES2-HS256+A128KW", "none"):
        assert chosen(alg, bare(RSA), ec) is None
