"""Whatever comes in: the right error as JSON, never a 500, nothing half-written."""

import asyncio
import json
from collections.abc import AsyncIterator
from urllib.parse import urlencode
from uuid import UUID

import pytest
from yarl import URL

from server.web import forms
from tests.server.clients import WEB_SECRET, issue_code
from tests.server.conftest import Server
from tests.server.oauth.calls import basic, redeem

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
ENDPOINTS = ("/oauth/token", "/oauth/par", "/oauth/introspect", "/oauth/revoke")


BODIES = (
    (FORM, b"", 400),
    (FORM, b"token=a&token=a", 400),
    (FORM, b"grant_type=a&grant_type=b", 400),
    (FORM, b"token=%00&grant_type=%00", 400),
    (FORM, b"token=%ff", 400),
    (FORM, b"token=%zz", 400),
    (FORM, b"token=\xff\xfe", 400),
    (FORM, b"token=" + b"x" * 70_000, 413),
    (FORM, b"&".join(b"p%d=x" % n for n in range(200)), 413),
    (JSON, b"{", 400),
    (JSON, b'{"token": 1, "grant_type": 1}', 400),
    (JSON, b'{"token": {"a": []}, "grant_type": []}', 400),
    (JSON, b'{"token": "\\ud800", "grant_type": "\\udfff"}', 400),
    (JSON, b'{"token": "\\u0000", "grant_type": "\\u0000"}', 400),
    (JSON, b"[" * 60_000, 400),
    (JSON, b'{"token": "' + b"x" * 70_000 + b'"}', 413),
    ("text/plain", b"token=a&grant_type=a", 400),
    ("multipart/form-data; boundary=x", b"--x--", 400),
    ("application/xml", b"<token/>", 400),
    ("", b"token=a&grant_type=a", 400),
)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_a_body_that_is_no_form_is_refused(shop: Server, endpoint: str) -> None:
    """As JSON, even to a browser; not kept; with a request id."""
    for content_type, body, status in BODIES:
        async with shop.client.post(
            endpoint,
            data=body,
            headers={
                "Content-Type": content_type,
                "Authorization": basic(("web", WEB_SECRET)),
                "Accept": "text/html",
            },
        ) as response:
            answer = await response.json()

        assert response.status == status, (content_type, body[:40], answer)
        assert answer["error"] == "invalid_request"
        assert answer.keys() <= {"error", "error_description"}
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Request-Id"]


async def test_strange_text_is_only_text(shop: Server) -> None:
    """No header, page or log is broken by it; descriptions stay in their alphabet."""
    for nonsense in ("\u202e", "\r\nSet-Cookie: a=b", "<b>", "'", '"'):
        names = ("grant_type", "code", "scope", nonsense)
        async with shop.client.post(
            "/oauth/token",
            data=urlencode(dict.fromkeys(names, nonsense)),
            headers={
                "Content-Type": FORM,
                "Authorization": basic(("web", WEB_SECRET)),
            },
        ) as response:
            answer = await response.json()

        assert response.status == 400, nonsense
        assert "Set-Cookie" not in response.headers
        said = answer["error_description"]
        assert all(c in " !" or "#" <= c <= "[" or "]" <= c <= "~" for c in said)


async def test_a_parameter_twice_names_it_in_the_allowed_alphabet(
    shop: Server,
) -> None:
    """RFC 6749 §5.2: error_description holds no quote, backslash or umlaut."""
    async with shop.client.post(
        "/oauth/token", data=[('\u00fc"\\', "x"), ('\u00fc"\\', "y")]
    ) as response:
        answer = await response.json()

    assert answer["error_description"] == "??? is given twice"


async def test_only_post_is_answered(shop: Server) -> None:
    """RFC 6749 §3.2: a GET would leave secrets in every log."""
    for endpoint in ENDPOINTS:
        async with shop.client.get(endpoint) as response:
            answer = await response.json()

        assert response.status == 405
        assert set(response.headers["Allow"].split(",")) - {"OPTIONS"} == {"POST"}
        assert answer["error"] == "invalid_request"


async def test_parameters_in_the_address_do_not_count(
    shop: Server, alice: UUID
) -> None:
    """RFC 6749 §3.2: they belong in the body."""
    code = await issue_code(shop.known, alice)
    query = {"grant_type": "authorization_code", "code": code}

    async with shop.client.post(
        URL("/oauth/token").with_query(query),
        headers={"Authorization": basic(("web", WEB_SECRET))},
    ) as response:
        assert response.status == 400

    assert (await redeem(shop, code)).status == 200


async def test_unknown_parameters_are_ignored(shop: Server, alice: UUID) -> None:
    """RFC 6749 §3.2."""
    code = await issue_code(shop.known, alice)

    assert (await redeem(shop, code, nonsense="x", realm="y")).status == 200


async def test_an_empty_parameter_is_an_absent_one(shop: Server, alice: UUID) -> None:
    """RFC 6749 §3.1: in forms and in JSON."""
    code = await issue_code(shop.known, alice)

    answer = await redeem(shop, code, audience="", resource="", scope="")

    assert answer.status == 200


async def test_a_refusal_says_nothing_of_us(shop: Server, alice: UUID) -> None:
    """The exact reason stays inside: the same words for wrong and for unknown."""
    code = await issue_code(shop.known, alice)
    wrong = await redeem(shop, code, auth=None, client_id="spa")

    text = json.dumps(wrong.body)
    assert "CLIENT_MISMATCH" not in text
    assert str(alice) not in text
    assert "Server" not in wrong.headers or wrong.headers["Server"] == "grantlog"


async def test_a_body_that_does_not_come_is_not_waited_for(
    shop: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who sends it by the byte holds a connection for a while, and no longer."""
    monkeypatch.setattr(forms, "PATIENCE", 0.05)
    told = asyncio.Event()

    async def by_the_byte() -> AsyncIterator[bytes]:
        yield b"token="
        await told.wait()

    for endpoint in ENDPOINTS:
        told.clear()
        async with shop.client.post(
            endpoint, data=by_the_byte(), headers={"Content-Type": FORM}
        ) as response:
            answer = await response.json()
            told.set()

        assert response.status == 408
        assert answer["error"] == "invalid_request"
