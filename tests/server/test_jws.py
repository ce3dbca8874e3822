"""Our own compact JWS: what joserfc reads, and nothing that we did not write."""

from base64 import urlsafe_b64decode
from dataclasses import dataclass

import pytest
from joserfc import jws as library
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key

from domain.signing_key import PublicKey
from server import jws

KINDS: dict[str, type[RSAKey | ECKey | OKPKey]] = {
    "RSA": RSAKey,
    "EC": ECKey,
    "OKP": OKPKey,
}
CLAIMS = b'{"iss":"https://login.example","sub":"alice"}'

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One key as we hold it and as the library does."""

    signer: jws.Signer
    public: PublicKey
    library: Key


@pytest.fixture(params=jws.ALGORITHMS)
def pair(request: pytest.FixtureRequest) -> Pair:
    return made(request.param)


def made(alg: str) -> Pair:
    key = jws.generate(alg)
    public = jws.public_key(key, alg)
    pkcs8 = jws.to_bytes(key)
    return Pair(
        signer=jws.signer(public, pkcs8),
        public=public,
        library=KINDS[public.kty].import_key(pkcs8),
    )


def test_a_library_reads_what_we_write(pair: Pair) -> None:
    """Header, claims and signature are RFC 7515's, as joserfc sees it."""
    text = pair.signer.compact("at+jwt", CLAIMS)

    alg = pair.signer.alg
    public = import_key({**jws.jwk(pair.public)})
    read = library.deserialize_compact(text, public, algorithms=[alg])
    assert read.headers() == {"alg": alg, "kid": pair.signer.kid, "typ": "at+jwt"}
    assert read.payload == CLAIMS


def test_we_write_what_a_library_writes(pair: Pair) -> None:
    """Byte for byte up to the signature, and in it where nothing is random."""
    alg, kid = pair.signer.alg, pair.signer.kid

    ours = pair.signer.compact("JWT", CLAIMS)
    theirs = library.serialize_compact(
        {"alg": alg, "kid": kid, "typ": "JWT"}, CLAIMS, pair.library, algorithms=[alg]
    )

    assert ours.rpartition(".")[0] == theirs.rpartition(".")[0]
    assert len(ours) == len(theirs)
    assert (ours == theirs) == (alg in {"RS256", "EdDSA"})


def test_the_same_claims_give_the_same_token(pair: Pair) -> None:
    """An honest retry is answered byte for byte (RFC 6979); PSS alone is salted."""
    repeated = {pair.signer.compact("at+jwt", CLAIMS) for _ in range(3)}

    assert (len(repeated) == 1) == (pair.signer.alg != "PS256")


def test_the_kid_is_the_start_of_the_thumbprint(pair: Pair) -> None:
    """RFC 7638: the same key has the same name everywhere."""
    assert pair.library.thumbprint().startswith(pair.public.kid)


def test_a_published_key_holds_no_private_member(pair: Pair) -> None:
    """RFC 7517 §9.2: `d` and the primes stay at home."""
    published = jws.jwk(pair.public)

    assert published.keys() <= {"kty", "crv", "x", "y", "n", "e", "alg", "kid", "use"}
    assert published["use"] == "sig"


def test_what_we_signed_verifies(pair: Pair) -> None:
    """The claims come back as they went."""
    text = pair.signer.compact("at+jwt", CLAIMS)

    assert jws.verifier(pair.public).claims(text, "at+jwt") == CLAIMS


def test_another_key_of_the_same_kind_verifies_nothing(pair: Pair) -> None:
    """Even under our key id."""
    other = made(pair.signer.alg)
    forged = library.serialize_compact(
        {"alg": pair.signer.alg, "kid": pair.signer.kid, "typ": "at+jwt"},
        CLAIMS,
        other.library,
        algorithms=[pair.signer.alg],
    )

    assert jws.verifier(pair.public).claims(forged, "at+jwt") is None


def _replaced(text: str, index: int, segment: str) -> str:
    parts = text.split(".")
    parts[index] = segment
    return ".".join(parts)


@pytest.mark.parametrize(
    "header",
    [
        b'{"alg":"none"}',
        b'{"alg":"none","kid":"KID","typ":"at+jwt"}',
        b'{"alg":"HS256","kid":"KID","typ":"at+jwt"}',
        b'{"alg":"ALG","kid":"KID","typ":"JWT"}',
        b'{"alg":"ALG","kid":"other","typ":"at+jwt"}',
        b'{"alg":"ALG","kid":"KID","typ":"at+jwt","crit":["exp"]}',
        b'{"alg":"ALG","kid":"KID","typ":"at+jwt","jku":"https://evil"}',
        b'{"alg":"ALG","kid":"KID","typ":"at+jwt","zip":"DEF"}',
        b'{"kid":"KID","alg":"ALG","typ":"at+jwt"}',
        b"",
        b"\xff",
    ],
)
def test_only_our_own_header_is_believed(pair: Pair, header: bytes) -> None:
    """RFC 8725 §2.1, §3.1: a token has no say in how it is verified."""
    named = header.replace(b"KID", pair.signer.kid.encode())
    named = named.replace(b"ALG", pair.signer.alg.encode())
    # Signed by the right key: the header alone makes the difference.
    signed = f"{jws.base64url(named)}.{jws.base64url(CLAIMS)}"
    text = f"{signed}.{jws.base64url(pair.signer.sign(signed.encode()))}"

    assert jws.verifier(pair.public).claims(text, "at+jwt") is None


def test_a_changed_token_is_not_believed(pair: Pair) -> None:
    """Neither other claims nor any other spelling of the signature."""
    text = pair.signer.compact("at+jwt", CLAIMS)
    signature = text.rpartition(".")[2]
    last = chr(ord(signature[-1]) + 1)
    verifier = jws.verifier(pair.public)

    for changed in (
        _replaced(text, 1, jws.base64url(CLAIMS.replace(b"alice", b"mallo"))),
        _replaced(text, 2, signature + "="),
        _replaced(text, 2, signature[:-1] + last),
        _replaced(text, 2, signature[:-8]),
        _replaced(text, 2, ""),
        text + ".",
        text.replace(".", ""),
        text + "\u00e9",
        "",
        ".",
        "..",
    ):
        assert verifier.claims(changed, "at+jwt") is None


def test_base64url_has_one_spelling() -> None:
    """Spare bits, padding and foreign characters are refused."""
    assert jws.strict_bytes("_-8") == b"\xff\xef"
    assert urlsafe_b64decode("_-9=") == b"\xff\xef"  # the lenient reader's view
    for spelling in ("_-9", "_-8=", "/+8", "_ -8", "_", "\u00e9"):
        assert jws.strict_bytes(spelling) is None


def test_an_unknown_algorithm_has_no_key() -> None:
    with pytest.raises(ValueError, match="HS256"):
        jws.generate("HS256")
