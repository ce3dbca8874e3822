"""What the authorization endpoint refuses, and where it says so (RFC 9700 §4)."""

import pytest

from tests.house import NATIVE_CALLBACK, House
from tests.server.clients import CALLBACK, CHALLENGE
from tests.visitor import Page, Visitor, request_for, url_of

# RFC 9700 §4.1: all of them are near the registered one, none of them is it.
REDIRECTS = [
    "http://localhost:9999/cb/",
    "http://localhost:9999/CB",
    "http://localhost:9999/cb?x=1",
    "http://localhost:9999/cb#x",
    "http://localhost:9999/cb%2F",
    "http://localhost:9999/%63b",
    "http://localhost:9999/./cb",
    "http://localhost:9999/x/../cb",
    "http://localhost:9999/x/%2e%2e/cb",
    "http://localhost:9999//cb",
    "http://localhost:9999\\cb",
    "http:/localhost:9999/cb",
    "http://localhost:9998/cb",
    "http://localhost/cb",
    "http://LOCALHOST:9999/cb",
    "HTTP://localhost:9999/cb",
    "https://localhost:9999/cb",
    "http://user@localhost:9999/cb",
    "http://localhost:9999@evil.example/cb",
    "http://evil.example/localhost:9999/cb",
    "http://localhost:9999.evil.example/cb",
    "http://evil.example\\@localhost:9999/cb",
    "http://evil.example#@localhost:9999/cb",
    "http://127.0.0.1:9999/cb",
    "http://[::1]:9999/cb",
    "http://lоcalhost:9999/cb",  # noqa: RUF001 (a Cyrillic o)
    "//localhost:9999/cb",
    "/cb",
    "javascript:alert(1)",
    "data:text/html,hello",
    " http://localhost:9999/cb",
    "http://localhost:9999/cb ",
    "http://localhost:9999/cb\r\nSet-Cookie: x=1",
    "http://localhost:9999/cb\tx",
]


def is_error_page(page: Page, code: str = "invalid_request") -> bool:
    return (
        page.status == 400
        and "Location" not in page.headers
        and "error-page" in page.attributes
        and page.texts["error-code"] == code
        and bool(page.texts["error-description"])
        and bool(page.texts["request-id"])
    )


async def ask(visitor: Visitor, **parameters: str) -> Page:
    return await visitor.get(
        url_of(visitor.issuer, "/authorize", **request_for(**parameters))
    )


@pytest.mark.parametrize("redirect_uri", REDIRECTS)
async def test_a_redirect_uri_that_is_not_the_registered_one(
    passer_by: Visitor, redirect_uri: str
) -> None:
    """A page where the request came in, never a redirect: by GET and by POST."""
    asked = request_for(redirect_uri=redirect_uri)
    got = await passer_by.get(url_of(passer_by.issuer, "/authorize", **asked))
    posted = await passer_by.post("/authorize", list(asked.items()))

    assert is_error_page(got)
    assert is_error_page(posted)


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://localhost:51004/cb",
        "http://127.0.0.1:51004/other",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.1:51004@evil.example/cb",
        "https://127.0.0.1:51004/cb",
        "http://127.0.0.2/cb",
        "com.example.app:/other",
        "com.example.app://evil/cb",
    ],
)
async def test_a_native_client_gets_a_free_port_and_no_more(
    passer_by: Visitor, redirect_uri: str
) -> None:
    got = await ask(passer_by, client_id="native", redirect_uri=redirect_uri)

    assert is_error_page(got)


async def test_an_unknown_client(passer_by: Visitor) -> None:
    assert is_error_page(await ask(passer_by, client_id="nobody"))
    assert is_error_page(await ask(passer_by, client_id=""))


async def test_redirect_uri_left_out(visitor: Visitor) -> None:
    """OIDC requires it; OAuth lets a client with one URI leave it out."""
    await visitor.come_in("trusted")

    oidc = await ask(visitor, redirect_uri="")
    several = await ask(visitor, redirect_uri="", client_id="native", scope="")
    plain = await ask(
        visitor, redirect_uri="", client_id="trusted", scope="read:orders"
    )

    assert is_error_page(oidc)
    assert is_error_page(several)
    assert plain.location.startswith(f"{CALLBACK}?code=")


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
async def test_what_must_be_trusted_comes_twice(passer_by: Visitor, name: str) -> None:
    asked = url_of(passer_by.issuer, "/authorize", **request_for())

    page = await passer_by.get(f"{asked}&{name}=x")

    assert is_error_page(page)


@pytest.mark.parametrize(
    "name", ["scope", "response_type", "nonce", "code_challenge", "prompt", "max_age"]
)
async def test_a_parameter_comes_twice(passer_by: Visitor, name: str) -> None:
    """The client hears of it, with its state (RFC 6749 §3.1)."""
    asked = url_of(passer_by.issuer, "/authorize", **request_for(**{name: "openid"}))

    page = await passer_by.get(f"{asked}&{name}=x")

    assert page.answer["error"] == "invalid_request"
    assert page.answer["state"] == "state-1"


async def test_the_state_comes_twice(passer_by: Visitor) -> None:
    """Nobody knows which was meant, so none goes back."""
    asked = url_of(passer_by.issuer, "/authorize", **request_for())

    page = await passer_by.get(f"{asked}&state=x")

    assert page.answer["error"] == "invalid_request"
    assert "state" not in page.answer


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"response_type": ""}, "invalid_request"),
        ({"response_type": "none"}, "unsupported_response_type"),
        ({"response_type": "code code"}, "unsupported_response_type"),
        ({"response_type": "code  "}, "unsupported_response_type"),
        ({"response_type": "CODE"}, "unsupported_response_type"),
        ({"response_mode": "web"}, "invalid_request"),
        ({"request": "e30.e30."}, "invalid_request_object"),
        ({"request_uri": "http://169.254.169.254/"}, "invalid_request_uri"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"scope": "read:nothing"}, "invalid_scope"),
        ({"scope": "openid\topenid"}, "invalid_scope"),
        ({"scope": 'openid"'}, "invalid_scope"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "9" * 30}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge": "", "code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1]}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "A"}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1] + "="}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1] + "+"}, "invalid_request"),
    ],
)
async def test_the_client_hears_why(
    still_house: House, passer_by: Visitor, parameters: dict[str, str], error: str
) -> None:
    """At its redirect_uri, with state and `iss`, and nothing it must not know."""
    page = await ask(passer_by, **parameters)

    assert page.status == 302
    assert page.location.startswith(f"{CALLBACK}?")
    assert page.answer["error"] == error
    assert page.answer["state"] == "state-1"
    assert page.answer["iss"] == still_house.issuer
    assert set(page.answer) == {"error", "error_description", "state", "iss"}


async def test_a_public_client_always_needs_pkce(passer_by: Visitor) -> None:
    page = await ask(
        passer_by, client_id="spa", code_challenge="", code_challenge_method=""
    )

    assert page.answer["error"] == "invalid_request"


async def test_a_confidential_client_may_be_let_off_pkce(passer_by: Visitor) -> None:
    """By its registration only; and half a challenge is refused even so."""
    login = await ask(
        passer_by, client_id="lenient", code_challenge="", code_challenge_method=""
    )
    half = await ask(passer_by, client_id="lenient", code_challenge="")

    assert login.status == 303
    assert half.answer["error"] == "invalid_request"


async def test_no_header_can_be_written_by_a_value(passer_by: Visitor) -> None:
    """CR, LF and friends come back as text inside the query (CWE-113)."""
    state = "a\r\nSet-Cookie: evil=1\r\n\r\n<html>\u2028\u0085"

    page = await ask(passer_by, state=state, prompt="none")

    assert page.answer["state"] == state
    assert page.headers["Location"].isascii()
    assert page.headers["Location"].isprintable()
    assert not any("evil" in cookie for cookie in page.cookies)


@pytest.mark.parametrize("name", ["state", "scope", "client_id", "login_hint", "x"])
async def test_what_is_no_text(passer_by: Visitor, name: str) -> None:
    """NUL, broken UTF-8 and broken escapes: a page, whatever they stand in."""
    for bad in ("%00", "%ff", "%ED%A0%80", "%zz"):
        asked = request_for()
        asked.pop(name, None)
        page = await passer_by.get(
            f"{url_of(passer_by.issuer, '/authorize', **asked)}&{name}={bad}"
        )
        assert is_error_page(page)


async def test_a_huge_body(passer_by: Visitor) -> None:
    page = await passer_by.post("/authorize", [("state", "x" * 100_000)])

    assert page.status in {400, 413}
    assert "Location" not in page.headers


async def test_nothing_that_is_sent_becomes_markup(
    still_house: House, passer_by: Visitor
) -> None:
    """State, hint, names of parameters: text in the page, never tags (CWE-79)."""
    attack = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"

    login = await passer_by.follow(
        await ask(passer_by, login_hint=attack, state=attack)
    )
    error = await ask(passer_by, redirect_uri=attack, client_id=attack)
    failed = await passer_by.submit(
        login, "login-form", "login-submit", username=attack, password=attack
    )

    for page in (login, error, failed):
        assert "<script" not in page.text
        assert "<img src=x" not in page.text
    assert login.attributes["username"]["value"] == attack
    assert failed.attributes["username"]["value"] == attack


async def test_every_page_is_fenced_in(passer_by: Visitor) -> None:
    """No frame, no foreign script, no cache, no referrer to others."""
    login = await passer_by.authorize()
    error = await ask(passer_by, client_id="nobody")

    for page in (login, error):
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "same-origin"
        assert page.headers["X-Frame-Options"] == "DENY"
        assert page.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_native_callback_is_still_exact(visitor: Visitor) -> None:
    await visitor.come_in("trusted")

    consent = await visitor.authorize("native", redirect_uri=NATIVE_CALLBACK)

    assert "consent-form" in consent.forms
