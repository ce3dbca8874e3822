"""What others encrypted to us is opened, and only that (RFC 7516 §5.2, RFC 8725)."""

from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, strategies as st
from joserfc import jwe
from joserfc.jwk import ECKey, OctKey, RSAKey

from domain.algorithms import ENCODINGS, OPENED_ALGS
from server import jws, opening
from server.jws import base64url
from server.opening import Opener
from server.signed import Unverified


def make(alg: str) -> Opener:
    key = jws.generate(alg)
    return opening.opener(jws.public_key(key, alg), jws.to_bytes(key))


OPENERS = {alg: make(alg) for alg in OPENED_ALGS}
PLAIN = "a.b.c"


def public(one: Opener) -> RSAKey | ECKey:
    kind = type(one.key)
    return kind.import_key(cast("Any", one.key.as_dict(private=False)))


def closed(one: Opener, text: str | bytes = PLAIN, **header: Any) -> str:
    said = {"alg": one.alg, "enc": "A256GCM", "kid": one.kid, "cty": "JWT", **header}
    told = {name: value for name, value in said.items() if value is not None}
    allowed = [one.alg, told["alg"], told["enc"], "DEF"]
    return jwe.encrypt_compact(told, text, public(one), algorithms=allowed)


def opened(text: str, *openers: Opener) -> str:
    return opening.opened(text, openers or OPENERS.values())


def refused(text: str) -> bool:
    with pytest.raises(Unverified):
        opened(text)
    return True


@pytest.mark.parametrize("alg", OPENED_ALGS)
@pytest.mark.parametrize("enc", ENCODINGS)
def test_every_pair_that_is_promised_works(alg: str, enc: str) -> None:
    """With the name of the key, or without."""
    one = OPENERS[alg]

    assert opened(closed(one, enc=enc)) == PLAIN
    assert opened(closed(one, enc=enc, kid=None)) == PLAIN
    assert opening.is_closed(closed(one))


@pytest.mark.parametrize("alg", OPENED_ALGS)
def test_only_the_right_key_opens(alg: str) -> None:
    other = make(alg)

    assert refused(closed(other))
    assert refused(closed(other, kid=OPENERS[alg].kid))
    assert refused(closed(OPENERS[alg], kid=other.kid))
    assert opened(closed(other, kid=None), *OPENERS.values(), other) == PLAIN


def test_a_key_has_one_algorithm() -> None:
    """RFC 8725 §3.1: what it could open by another is none of its business."""
    assert refused(closed(OPENERS["RSA-OAEP-256"], alg="RSA-OAEP"))
    assert refused(closed(OPENERS["ECDH-ES"], alg="ECDH-ES+A256KW"))


def test_nothing_is_unpacked() -> None:
    """A kilobyte of it can be a gigabyte (RFC 8725 §3.6)."""
    for one in OPENERS.values():
        assert refused(closed(one, "x" * 60_000, zip="DEF"))


def test_what_nobody_encrypted_to_a_key() -> None:
    """`dir` and passwords need no key of ours: anybody could have made the secret."""
    secret = OctKey.generate_key(256)
    direct = {"alg": "dir", "enc": "A256GCM"}
    assert refused(
        jwe.encrypt_compact(direct, PLAIN, secret, algorithms=["dir", "A256GCM"])
    )
    assert refused(closed(OPENERS["ECDH-ES"], "\u00e9"))
    for text in ("....", "x", "", "e30....", "e30.e30.e30.e30.e30", "\u00e9...."):
        assert refused(text)


def test_a_point_that_is_not_on_the_curve() -> None:
    """RFC 8725 §3.4: what such a point gives away is the key."""
    _, _, rest = closed(OPENERS["ECDH-ES"]).partition(".")
    points: list[object] = [
        {"kty": "EC", "crv": "P-256", "x": base64url(b"x" * 32), "y": "AA"},
        {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"},
        {"kty": "OKP", "crv": "X25519", "x": base64url(b"x" * 32)},
        *({}, [], None, "x"),
    ]

    for epk in points:
        said = {"alg": "ECDH-ES", "enc": "A256GCM", "epk": epk}
        assert refused(f"{base64url(msgspec.json.encode(said))}.{rest}")


members = st.sampled_from(["alg", "enc", "kid", "epk", "zip", "crit", "apu", "p2c"])
values = (
    st.none()
    | st.text()
    | st.integers(0, 9)
    | st.sampled_from([*OPENED_ALGS, *ENCODINGS, "DEF", ["exp"]])
    | st.dictionaries(st.sampled_from(["kty", "crv", "x", "y"]), st.text())
)


@given(
    st.dictionaries(members, values),
    st.sampled_from(OPENED_ALGS),
    st.lists(st.binary(max_size=64), min_size=4, max_size=4),
)
def test_whatever_comes_is_refused_and_nothing_breaks(
    header: dict[str, Any], alg: str, parts: list[bytes]
) -> None:
    told = {"alg": alg, "enc": "A256GCM", **header}
    try:
        encoded = msgspec.json.encode(told)
    except UnicodeEncodeError:
        return

    assert refused(".".join([base64url(encoded), *map(base64url, parts)]))
