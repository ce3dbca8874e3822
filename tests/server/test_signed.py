"""What others signed is read without believing a word of it (RFC 7515, RFC 8725)."""

import hmac
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st

from server import jwk_set, signed
from server.jws import base64url
from server.signed import Unverified
from tests.client_key import ClientKey, jwks, make_key, sign

ALGORITHMS = ("ES256", "ES384", "PS256", "RS256", "RS512", "EdDSA")
CLAIMS = {"iss": "me"}
EC = make_key("ES256", "ec")
SECRET = b"s" * 64


def fits(text: str, key: ClientKey, *algorithms: str) -> bool:
    said = signed.read(text, algorithms=algorithms or ALGORITHMS)
    keys = jwk_set.parse(jwks(key)).for_signature(said.alg, said.kid)
    return any(said.fits(one) for one in keys)


def why(text: str, *algorithms: str) -> str:
    with pytest.raises(Unverified) as refusal:
        signed.read(text, algorithms=algorithms or ALGORITHMS)
    return refusal.value.reason


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_every_algorithm_works(alg: str) -> None:
    key, other = make_key(alg), make_key(alg)

    assert fits(key.sign(CLAIMS), key)
    assert not fits(other.sign(CLAIMS), key)
    assert signed.read(key.sign(CLAIMS), algorithms=[alg]).claims == CLAIMS


@pytest.mark.parametrize("alg", sorted(signed.HASHES))
def test_every_mac_works(alg: str) -> None:
    """RFC 7518 §3.2: with a secret as long as the hash, and with that one only."""
    said = signed.read(sign(CLAIMS, SECRET, alg=alg), algorithms=[alg])

    assert said.fits_secret(SECRET)
    assert not said.fits_secret(SECRET + b"s")


def test_a_short_secret_makes_no_mac() -> None:
    """RFC 7518 §3.2: what is shorter than the hash can be guessed."""
    for alg, length in signed.SHORTEST_SECRET.items():
        short = SECRET[: length - 1]
        said = signed.read(sign(CLAIMS, short, alg=alg), algorithms=[alg])

        assert not said.fits_secret(short)


def test_none_is_no_algorithm() -> None:
    """RFC 8725 §3.2: whatever its spelling."""
    for alg in ("none", "None", "NONE", "nOnE", ""):
        unsigned = sign(CLAIMS, b"", alg=alg, made_by="none")

        assert why(unsigned) == "JWS_MALFORMED"
        assert why(unsigned + "AA") == "ALG_REFUSED"


def test_a_public_key_is_no_secret() -> None:
    """RFC 8725 §2.1: an HS256 made with the RSA key's public half."""
    rsa = make_key("RS256")
    forged = sign(CLAIMS, rsa.key.as_pem(private=False), alg="HS256")  # type: ignore[union-attr]  # an RSA key has it

    assert why(forged, *ALGORITHMS) == "ALG_REFUSED"
    assert not fits(forged, rsa, "HS256", "RS256")


def test_the_header_cannot_choose_an_algorithm() -> None:
    """RFC 8725 §3.1: the key has its own."""
    assert not fits(EC.sign(CLAIMS, alg="RS256", made_by="ES256"), EC)
    assert why(EC.sign(CLAIMS), "RS256") == "ALG_REFUSED"
    for alg in (["ES256"], None, 7, {"ES256": "ES256"}):
        assert why(EC.sign(CLAIMS, alg=alg, made_by="ES256")) == "ALG_REFUSED"


def test_a_key_in_the_header_is_not_looked_at() -> None:
    """RFC 8725 §3.10: `jwk`, `jku`, `x5u`, `x5c` of whoever forged it."""
    thief = make_key("ES256", "ec")
    for brought in (
        {"jwk": thief.jwk},
        {"jku": "https://thief.example/jwks"},
        {"x5u": "https://thief.example/x5u"},
        {"x5c": ["MII="]},
    ):
        assert not fits(thief.sign(CLAIMS, **brought), EC)
        assert fits(EC.sign(CLAIMS, **brought), EC)


def test_what_is_critical_is_not_understood() -> None:
    """RFC 7515 §4.1.11; RFC 7797 would leave the payload unencoded."""
    for crit in (["b64"], ["exp"], [], "b64", None):
        header = {"alg": "ES256", "crit": crit, "b64": True}

        assert why(_with_header(header)) == "CRIT_UNKNOWN"


def test_a_payload_that_is_not_encoded_is_none_of_a_jwt() -> None:
    """RFC 7797 §7: who ignores the word reads another payload than was signed."""
    for b64 in (False, 0, "false", None):
        assert why(_with_header({"alg": "ES256", "b64": b64})) == "CRIT_UNKNOWN"


def _with_header(header: Any) -> str:
    body = base64url(msgspec.json.encode(CLAIMS))
    return f"{base64url(msgspec.json.encode(header))}.{body}.AAAA"


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "a.b.c.d.e",
        EC.sign([]),
        EC.sign("text"),
        EC.sign(b"\xff"),
        EC.sign(b"{"),
        EC.sign(b"[" * 50_000),
        EC.sign(b'{"a":' * 50_000),
        EC.sign(CLAIMS, kid=7),
        EC.sign(CLAIMS) + "=",
        EC.sign(CLAIMS) + "\n",
        EC.sign(CLAIMS).replace(".", "\u3002"),
        EC.sign(CLAIMS).rpartition(".")[0] + ".",
        _with_header([]),
        _with_header("x"),
    ],
)
def test_what_is_no_jws_of_claims_is_refused(text: str) -> None:
    """Broken, padded, unsigned, too deep, no object."""
    assert why(text) == "JWS_MALFORMED"


@given(st.text(max_size=40) | st.from_regex(r"[A-Za-z0-9_-]{0,9}(\.[\w=-]{0,9}){0,4}"))
def test_garbage_is_refused(text: str) -> None:
    """Nothing but the one exception, whatever it is."""
    with pytest.raises(Unverified):
        signed.read(text, algorithms=ALGORITHMS)


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_noticed(place: int, change: int) -> None:
    """In the signature as in what was signed."""
    raw = bytearray(EC.sign(CLAIMS).encode())
    place %= len(raw)
    raw[place] ^= change
    with suppress(Unverified):
        assert not fits(raw.decode("latin-1"), EC)


def test_a_signature_of_another_length_is_none() -> None:
    """ES256 is 64 bytes, never DER and never empty (RFC 7518 §3.4)."""
    head = EC.sign(CLAIMS).rpartition(".")[0]
    for length in (1, 63, 65, 72, 1000):
        assert not fits(f"{head}.{base64url(bytes(length))}", EC)
    assert not fits(f"{head}.{base64url(bytes(64))}", EC)


def test_the_mac_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return True

    monkeypatch.setattr(hmac, "compare_digest", compare)
    said = signed.read(sign(CLAIMS, SECRET, alg="HS256"), algorithms=["HS256"])

    assert said.fits_secret(bytes(64))
    assert len(compared) == 1


def test_what_nobody_signed_is_read_apart() -> None:
    """RFC 7519 §6: by `none` alone, with nothing for a signature."""
    body = base64url(msgspec.json.encode(CLAIMS))
    none, es256 = (
        base64url(msgspec.json.encode({"alg": a})) for a in ("none", "ES256")
    )

    assert signed.unsigned(f"{none}.{body}.").claims == CLAIMS
    for text in (f"{none}.{body}.e30", f"{es256}.{body}.", f"{none}.{body}", "..", ""):
        with pytest.raises(Unverified):
            signed.unsigned(text)
    assert why(f"{none}.{body}.", "none") == "JWS_MALFORMED"
