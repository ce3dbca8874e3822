"""Where an answer may be sent: the registered text, and no other spelling of it."""

import pytest
from hypothesis import given, strategies as st

from domain.errors import InvalidRedirectUri, InvalidRequest
from domain.redirect_uri import check_registrable, is_web_url, match, select, split

REGISTERED = "https://app.example/cb"

ATTACKS = {
    "user info": "https://app.example@evil.example/cb",
    "user info before": "https://evil.example@app.example/cb",
    "password": "https://user:pw@app.example/cb",
    "fragment": "https://app.example/cb#evil",
    "empty fragment": "https://app.example/cb#",
    "encoded dot": "https://app%2eexample/cb",
    "encoded dots": "https://app.example/%2e%2e/cb",
    "encoded slash": "https://app.example%2fcb",
    "twice encoded slash": "https://app.example/%252fcb",
    "encoded path": "https://app.example/%63b",
    "host case": "https://APP.example/cb",
    "scheme case": "HTTPS://app.example/cb",
    "path case": "https://app.example/CB",
    "trailing slash": "https://app.example/cb/",
    "no path": "https://app.example",
    "extra query": "https://app.example/cb?x=1",
    "empty query": "https://app.example/cb?",
    "backslash": "https://app.example\\cb",
    "backslash host": "https://evil.example\\@app.example/cb",
    "international": "https://\u0430pp.example/cb",
    "punycode": "https://xn--pp-6kc.example/cb",
    "fullwidth": "https://\uff41pp.example/cb",
    "dotless": "https://app\u3002example/cb",
    "traversal": "https://app.example/cb/../evil",
    "traversal to itself": "https://app.example/x/../cb",
    "dot segment": "https://app.example/./cb",
    "double slash": "https://app.example//cb",
    "default port": "https://app.example:443/cb",
    "other port": "https://app.example:8443/cb",
    "http": "http://app.example/cb",
    "no scheme": "//app.example/cb",
    "subdomain": "https://evil.app.example/cb",
    "suffix": "https://app.example.evil.example/cb",
    "prefix": "https://app.example/cbevil",
    "leading space": " https://app.example/cb",
    "trailing space": "https://app.example/cb ",
    "line break": "https://app.example/cb\n",
    "carriage return": "https://app.example/cb\r\nSet-Cookie: a=b",
    "tab inside": "https://app.exa\tmple/cb",
    "zero": "https://app.example/cb\x00",
    "zero width": "https://app.example/cb\u200b",
    "wildcard": "https://*.example/cb",
    "empty": "",
    "script": "javascript:alert(1)",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
@pytest.mark.parametrize("application_type", ["web", "native"])
def test_nothing_but_the_registered_text_matches(
    attack: str, application_type: str
) -> None:
    assert not match(REGISTERED, attack, application_type)
    with pytest.raises(InvalidRequest) as refusal:
        select((REGISTERED,), attack, application_type=application_type, required=False)
    assert refusal.value.reason == "REDIRECT_URI_MISMATCH"


@given(presented=st.text() | st.text(":/.@?#%[]\\0127", max_size=20))
def test_no_text_but_itself_matches(presented: str) -> None:
    for application_type in ("web", "native"):
        assert match(REGISTERED, presented, application_type) == (
            presented == REGISTERED
        )


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_a_native_client_listens_on_any_loopback_port(host: str) -> None:
    """RFC 8252 §7.3."""
    registered = f"http://{host}/cb?a=b"

    assert match(registered, f"http://{host}:51004/cb?a=b", "native")
    assert match(f"http://{host}:8080/cb", f"http://{host}:51004/cb", "native")
    assert match(f"http://{host}:8080/cb", f"http://{host}/cb", "native")
    assert match(f"http://{host}", f"http://{host}:51004", "native")
    assert not match(registered, f"http://{host}:51004/cb?a=b", "web")


@pytest.mark.parametrize(
    "presented",
    [
        "http://127.0.0.1:51004/other",
        "http://127.0.0.1:51004/cb/",
        "http://127.0.0.1:51004/cb?x=1",
        "http://127.0.0.1:51004/cb#x",
        "http://127.0.0.1:51004@evil.example/cb",
        "http://127.0.0.1:51004.evil.example/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:999999/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:\u0661/cb",
        "http://127.0.0.1:51004\n/cb",
        "http://127.0.0.2:51004/cb",
        "http://127.1:51004/cb",
        "http://2130706433:51004/cb",
        "http://0x7f000001:51004/cb",
        "http://localhost:51004/cb",
        "http://[::1]:51004/cb",
        "http://[0:0:0:0:0:0:0:1]:51004/cb",
        "https://127.0.0.1:51004/cb",
        "HTTP://127.0.0.1:51004/cb",
        "http://user@127.0.0.1:51004/cb",
    ],
)
def test_the_port_is_all_that_may_differ(presented: str) -> None:
    assert not match("http://127.0.0.1:8080/cb", presented, "native")


def test_localhost_is_a_name_and_keeps_its_port() -> None:
    """RFC 8252 §8.3: it may resolve elsewhere."""
    registered = "http://localhost:9999/cb"

    assert match(registered, registered, "native")
    assert not match(registered, "http://localhost:9998/cb", "native")


def test_an_absent_uri_is_the_only_registered_one() -> None:
    """RFC 6749 §3.1.2.3; OIDC requests must send it (Core §3.1.2.1)."""
    two = (REGISTERED, "https://app.example/other")

    assert (
        select((REGISTERED,), None, application_type="web", required=False)
        == REGISTERED
    )
    assert select(two, two[1], application_type="web", required=True) == two[1]
    for registered, required in (((), False), (two, False), ((REGISTERED,), True)):
        with pytest.raises(InvalidRequest) as refusal:
            select(registered, None, application_type="web", required=required)
        assert refusal.value.reason == "REDIRECT_URI_MISSING"


def test_the_answer_goes_to_the_port_that_was_presented() -> None:
    presented = "http://127.0.0.1:51004/cb"
    chosen = select(
        ("http://127.0.0.1/cb",), presented, application_type="native", required=True
    )

    assert chosen == presented


#        uri                              web    web in development   native
REGISTRABLE = [
    ("https://app.example/cb", True, True, True),
    ("https://app.example:8443/cb?a=b%20c", True, True, True),
    ("https://app.example", True, True, True),
    ("http://localhost:9999/cb", True, True, True),
    ("http://127.0.0.1/cb", True, True, True),
    ("http://[::1]:8080/cb", True, True, True),
    ("http://app.example/cb", False, True, False),
    ("com.example.app:/cb", False, False, True),
    ("com.example.app://cb", False, False, True),
    ("myapp://cb", False, False, False),
    ("urn:ietf:wg:oauth:2.0:oob", False, False, False),
    ("javascript:alert(1)", False, False, False),
    ("JavaScript:alert(1)", False, False, False),
    ("data:text/html,x", False, False, False),
    ("vbscript:x", False, False, False),
    ("file:///etc/passwd", False, False, False),
    ("blob:https://app.example/x", False, False, False),
    ("https://app.example/cb#part", False, False, False),
    ("https://app.example/cb#", False, False, False),
    ("https://user@app.example/cb", False, False, False),
    ("https://user:pw@app.example/cb", False, False, False),
    ("https://*.example/cb", False, False, False),
    ("https:///cb", False, False, False),
    ("https:cb", False, False, False),
    ("https://", False, False, False),
    ("/cb", False, False, False),
    ("cb", False, False, False),
    ("", False, False, False),
    ("https://app.example/a/../b", False, False, False),
    ("https://app.example/a/%2E%2e/b", False, False, False),
    ("https://app.example/.", False, False, False),
    ("https://app.example/..?x", False, False, False),
    ("https://app.example\\cb", False, False, False),
    ("https://app.example/c b", False, False, False),
    ("https://app.example/%zz", False, False, False),
    ("https://app.example:0/cb", False, False, False),
    ("https://app.example:99999/cb", False, False, False),
    ("https://app.example:x/cb", False, False, False),
    ("https://[::1/cb", False, False, False),
    ("https://äpp.example/cb", False, False, False),
    ("https://app.example/cb\n", False, False, False),
    ("com.example.app:/cb#part", False, False, False),
    ("https://app.example/" + "a" * 2048, False, False, False),
]


@pytest.mark.parametrize(
    ("uri", "web", "development", "native"),
    REGISTRABLE,
    ids=[r[0][:40] for r in REGISTRABLE],
)
def test_what_may_be_registered(
    uri: str,
    web: bool,  # noqa: FBT001 — a row of the table
    development: bool,  # noqa: FBT001
    native: bool,  # noqa: FBT001
) -> None:
    assert may_register(uri, "web", development=False) == web
    assert may_register(uri, "web", development=True) == development
    assert may_register(uri, "native", development=False) == native


def may_register(uri: str, application_type: str, *, development: bool) -> bool:
    try:
        check_registrable(
            "redirect_uris",
            uri,
            application_type=application_type,
            development=development,
        )
    except InvalidRedirectUri:
        return False
    return True


def test_a_refusal_names_the_member_and_the_uri() -> None:
    with pytest.raises(InvalidRedirectUri, match="redirect_uris: 'cb'"):
        check_registrable(
            "redirect_uris", "cb", application_type="web", development=False
        )


@given(st.text())
def test_any_text_is_judged_without_a_crash(text: str) -> None:
    for application_type in ("web", "native"):
        may_register(text, application_type, development=False)


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://app.example/logo.png", True),
        ("http://app.example/logo.png", False),
        ("http://localhost/logo.png", True),
        ("javascript:alert(1)", False),
        ("com.example.app:/logo", False),
        ("ftp://app.example/logo", False),
    ],
)
def test_what_is_a_web_url(url: str, good: bool) -> None:  # noqa: FBT001
    assert is_web_url(url, any_host=False) == good
    assert split(url) is not None
