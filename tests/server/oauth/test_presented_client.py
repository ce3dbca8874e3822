"""How a client says who it is: read strictly, and one way at a time (RFC 6749 §2.3)."""

from base64 import b64encode
from urllib.parse import quote_plus

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given, strategies as st
from multidict import CIMultiDict

from domain.errors import InvalidClient, InvalidRequest
from server.oauth.proving import presented as reading
from server.oauth.proving.presented import Presented
from tests.client_key import make_key, sign


def basic(name: str, secret: str, *, encode: bool = True) -> str:
    text = f"{quote_plus(name)}:{quote_plus(secret)}" if encode else f"{name}:{secret}"
    return f"Basic {b64encode(text.encode()).decode()}"


def presented(
    *headers: str, path: str = "/oauth/token", **form: str
) -> reading.Presented:
    pairs = [("Authorization", header) for header in headers]
    request = make_mocked_request("POST", path, headers=CIMultiDict(pairs))
    return reading.presented(request, form)


@given(
    st.text(min_size=1).filter(lambda text: "\0" not in text),
    st.text(min_size=1).filter(lambda text: "\0" not in text),
)
def test_every_name_and_secret_comes_through(name: str, secret: str) -> None:
    """Both halves are form-encoded: %, + and : in them are no trouble (§2.3.1)."""
    try:
        header = basic(name, secret)
    except UnicodeEncodeError:  # a lone surrogate is no text
        return

    said = reading.parse_basic(header)

    assert (said.client_id, said.method) == (name, "client_secret_basic")
    assert said.secrets[0] == secret


def test_a_secret_that_was_not_encoded_is_understood() -> None:
    """curl and many libraries send the halves as they are."""
    said = reading.parse_basic(basic("web", "a+b/c%3D==", encode=False))

    assert said.secrets == ("a b/c===", "a+b/c%3D==")


def test_an_api_is_named_by_its_uri() -> None:
    """Its colon is no end of the name, encoded or not."""
    for encode in (True, False):
        said = reading.parse_basic(
            basic("https://api.example.com/", "s3cret", encode=encode)
        )

        assert said.client_id == "https://api.example.com/"
        assert "s3cret" in said.secrets


def test_an_empty_secret_is_none() -> None:
    """Public clients send Basic so; it is no failed authentication."""
    said = presented(basic("spa", ""))

    assert said == Presented(client_id="spa", method="none")


def test_a_public_client_names_itself_in_the_body() -> None:
    """RFC 6749 §3.2.1."""
    assert presented(client_id="spa") == Presented(client_id="spa", method="none")


def test_a_secret_may_come_in_the_body() -> None:
    """RFC 6749 §2.3.1."""
    assert presented(client_id="web", client_secret="s") == Presented(
        client_id="web", method="client_secret_post", secrets=("s",)
    )


def test_basic_and_the_same_client_in_the_body_agree() -> None:
    """Many libraries send both; only one is a proof."""
    said = presented(basic("web", "s"), client_id="web")

    assert said.method == "client_secret_basic"


@pytest.mark.parametrize(
    ("headers", "path", "form", "reason"),
    [
        ((basic("web", "s"),), "", {"client_secret": "s"}, "TWO_METHODS"),
        ((basic("spa", ""),), "", {"client_secret": "s"}, "TWO_METHODS"),
        ((basic("web", "s"),), "", {"client_assertion": "j"}, "TWO_METHODS"),
        ((basic("web", "s"), basic("web", "s")), "", {}, "TWO_METHODS"),
        ((), "", {"client_secret": "s", "client_assertion": "j"}, "TWO_METHODS"),
        ((basic("web", "s"),), "", {"client_id": "other"}, "CLIENT_MISMATCH"),
        ((), "?client_id=web&client_secret=s", {}, "SECRET_IN_QUERY"),
        ((basic("web", "s"),), "?client_secret=s", {}, "SECRET_IN_QUERY"),
    ],
)
def test_two_ways_at_once_are_refused(
    headers: tuple[str, ...], path: str, form: dict[str, str], reason: str
) -> None:
    """RFC 6749 §2.3: one method in each request, and never in the address."""
    with pytest.raises(InvalidRequest) as refusal:
        presented(*headers, path=f"/oauth/token{path}", **form)

    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic d2Vi",  # no colon
        "Basic OnM=",  # no name
        "Basic /zpz",  # no UTF-8
        "Basic d2ViOnM",  # no padding
        "Basic JUZGOnM=",  # %FF is no UTF-8
        "Basic dwBlOnM=",  # NUL
        "Basic JTAwOnM=",  # NUL, escaped
        "Bearer d2ViOnM=",
        "DPoP d2ViOnM=",
        "Basic\u00e9 d2ViOnM=",
        "Basic \udcffd2ViOnM=",
    ],
)
def test_a_header_that_cannot_be_read_is_no_client(header: str) -> None:
    """The client is told that it failed, with the challenge."""
    with pytest.raises(InvalidClient):
        reading.parse_basic(header)


TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY = make_key()
SIGNED = KEY.sign({"sub": "machine"})
MAC = sign({"sub": "web"}, bytes(32), alg="HS256")


def test_an_assertion_says_whose_it_is() -> None:
    """RFC 7521 §4.2: client_id is not needed, and the algorithm says which method."""
    said = presented(client_assertion_type=TYPE, client_assertion=SIGNED)
    other = presented(client_assertion_type=TYPE, client_assertion=MAC, client_id="web")

    assert said == Presented(
        client_id="machine", method="private_key_jwt", assertion=SIGNED
    )
    assert (other.client_id, other.method) == ("web", "client_secret_jwt")


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({}, "CLIENT_MISSING"),
        ({"client_assertion": SIGNED}, "ASSERTION_TYPE"),
        ({"client_assertion_type": TYPE}, "JWS_MALFORMED"),
        ({"client_assertion_type": TYPE, "client_id": "x"}, "JWS_MALFORMED"),
        (
            {
                "client_assertion": SIGNED,
                "client_assertion_type": TYPE.replace("jwt", "saml2"),
            },
            "ASSERTION_TYPE",
        ),
        (
            {
                "client_assertion": SIGNED,
                "client_assertion_type": TYPE,
                "client_id": "other",
            },
            "CLIENT_MISMATCH",
        ),
        (
            {
                "client_assertion": KEY.sign({"sub": ["machine"]}),
                "client_assertion_type": TYPE,
            },
            "ASSERTION_CLAIMS",
        ),
        (
            {
                "client_assertion": sign({"sub": "machine"}, b"", alg="none") + "AA",
                "client_assertion_type": TYPE,
            },
            "ALG_REFUSED",
        ),
    ],
)
def test_nobody_is_no_client(form: dict[str, str], reason: str) -> None:
    """Neither is a half, broken, or another client's assertion."""
    with pytest.raises(InvalidClient) as refusal:
        presented(**form)

    assert refusal.value.reason == reason
