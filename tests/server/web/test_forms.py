"""What clients send: read strictly, or refused with the right error."""

import asyncio
import json
import zlib
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given, strategies as st
from yarl import URL

from domain.errors import InvalidRequest
from server.web import forms

Client = TestClient[web.Request, web.Application]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def client(
    aiohttp_client: Callable[[TestServer], Awaitable[Client]],
) -> Client:
    """A server that says what it read, or why not."""

    async def echo(request: web.Request) -> web.Response:
        read = forms.read if request.method == "POST" else _query
        try:
            form = await read(request)
        except InvalidRequest as refusal:
            return web.json_response(
                {"refused": refusal.reason, "why": refusal.description}, status=400
            )
        return web.json_response({name: form.every(name) for name in form})

    async def _query(request: web.Request) -> forms.Form:
        return forms.query(request)

    app = web.Application(client_max_size=forms.LARGEST_BODY)
    app.router.add_route("*", "/", echo)
    return await aiohttp_client(TestServer(app))


async def test_a_form_is_read_decoded(client: Client) -> None:
    """Plus and percent are undone; UTF-8 comes through."""
    body = b"code=a%2Bb&name=J%C3%BCrgen+X&resource=https%3A%2F%2Fa"

    answer = await client.post("/", data=body, headers=FORM)

    assert await answer.json() == {
        "code": ["a+b"],
        "name": ["Jürgen X"],
        "resource": ["https://a"],
    }


async def test_json_is_read_like_a_form(client: Client) -> None:
    """Auth0's SDKs send flat JSON; null and "" are as good as absent."""
    body = {"grant_type": "refresh_token", "scope": "", "audience": None}

    answer = await client.post("/", data=json.dumps(body), headers=JSON)

    assert await answer.json() == {"grant_type": ["refresh_token"]}


async def test_resource_may_repeat_and_nothing_else(client: Client) -> None:
    """RFC 8707 §2 allows several resources; RFC 6749 §3.2 forbids the rest."""
    twice = await client.post("/", data="resource=a&resource=b", headers=FORM)
    several = await client.post("/", data='{"resource": ["a", "b"]}', headers=JSON)
    others = await client.post("/", data="scope=a&scope=b", headers=FORM)

    assert await twice.json() == await several.json() == {"resource": ["a", "b"]}
    assert await others.json() == {
        "refused": "PARAMETER_REPEATED",
        "why": "scope is given twice",
    }


async def test_an_empty_body_has_no_parameters(client: Client) -> None:
    """A POST without a body and without a type is an empty form."""
    answer = await client.post("/")

    assert (answer.status, await answer.json()) == (200, {})


async def test_the_charset_may_be_named(client: Client) -> None:
    """`; charset=UTF-8` is common; another charset is refused."""
    utf8 = await client.post(
        "/", data="a=b", headers={"Content-Type": f"{forms.FORM}; charset=UTF-8"}
    )
    utf16 = await client.post(
        "/", data="a=b", headers={"Content-Type": f"{forms.FORM}; charset=utf-16"}
    )

    assert (utf8.status, utf16.status) == (200, 400)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (FORM, b"a=b&a=b"),
        (FORM, b"a=&a=b"),
        (FORM, b"a=%00"),
        (FORM, b"%00=a"),
        (FORM, b"a=\x00"),
        (FORM, b"a=%zz"),
        (FORM, b"a=%"),
        (FORM, b"a=%ff"),
        (FORM, b"a=%ed%a0%80"),  # a surrogate in UTF-8's clothes
        (FORM, b"a=\xff"),
        (FORM, b"&".join(b"p%d=1" % n for n in range(101))),
        (FORM, b"a=" + b"x" * 65536),
        (JSON, b"{"),
        (JSON, b"[]"),
        (JSON, b'"text"'),
        (JSON, b"null"),
        (JSON, b'{"a": 1}'),
        (JSON, b'{"a": true}'),
        (JSON, b'{"a": {"b": "c"}}'),
        (JSON, b'{"a": ["b", "c"]}'),
        (JSON, b'{"resource": [["b"]]}'),
        (JSON, b'{"a": "b", "a": "b"}'),
        (JSON, b'{"a": "\\ud800"}'),
        (JSON, b'{"\\ud800": "a"}'),
        (JSON, b'{"a": "\\u0000"}'),
        (JSON, b'{"a": "\xff"}'),
        (JSON, b"[" * 60000),
        (JSON, b'{"a":' * 10000),
        (JSON, b'{"a": ' + b"1" * 5000 + b"}"),
        (JSON, b'{"a": NaN}'),
        ({"Content-Type": "text/plain"}, b"a=b"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x--"),
        ({"Content-Type": "nonsense"}, b"a=b"),
        ({"Content-Type": "application/json; charset=nonsense"}, b"{}"),
        ({}, b"a=b"),
    ],
)
async def test_what_is_no_form_is_refused(
    client: Client, headers: dict[str, str], body: bytes
) -> None:
    """Nothing of this is ever a 500."""
    answer = await client.post(
        "/", data=body, headers=headers, skip_auto_headers={"Content-Type"}
    )

    assert answer.status == 400


async def test_a_broken_or_bursting_compression_is_refused(client: Client) -> None:
    """A small body that unpacks to a large one does not get in."""
    bomb = zlib.compress(b"a=" + b"x" * 1_000_000)
    packed = FORM | {"Content-Encoding": "deflate"}

    burst = await client.post("/", data=bomb, headers=packed)
    broken = await client.post("/", data=b"nonsense", headers=packed)

    assert (burst.status, broken.status) == (400, 400)


@pytest.mark.parametrize("query", ["a=b&a=c", "a=%00", "a=%ff", "a=%zz", "a=%ED%A0%80"])
async def test_the_query_is_read_as_strictly(client: Client, query: str) -> None:
    """GET has the same rules as POST."""
    answer = await client.get(URL(f"/?{query}", encoded=True))

    assert answer.status == 400


async def test_raw_bytes_in_the_query_are_refused(client: Client) -> None:
    """A client that doesn't escape gets an answer, not a crash."""
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(b"GET /?a=\xff\xfe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    status = await reader.readline()
    writer.close()
    await writer.wait_closed()

    assert b" 400 " in status


def test_a_missing_parameter_is_named() -> None:
    """The client is told which."""
    with pytest.raises(InvalidRequest, match="code is missing"):
        forms.required({}, "code")


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_every_text_survives_or_is_refused(parameters: dict[str, str]) -> None:
    """Whatever urlencode wrote comes back the same, NUL and surrogates aside."""
    try:
        body = urlencode(parameters)
    except UnicodeEncodeError:
        return
    try:
        form = forms.collect(forms.form_pairs(body))
    except InvalidRequest:
        assert "\0" in "".join([*parameters, *parameters.values()])
        return

    assert form == {name: value for name, value in parameters.items() if value}
