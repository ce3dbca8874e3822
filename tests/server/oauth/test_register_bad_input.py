"""What cannot be registered, and what is no registration at all."""

import json
from itertools import product
from typing import Any

import pytest

from tests.server.conftest import ClientFactory, Server, serve
from tests.server.oauth.registering import PATH, WEB_APP, call, register, registered

KEY = {"kty": "EC", "crv": "P-256", "x": "x", "y": "y"}
NATIVE = {"application_type": "native", "token_endpoint_auth_method": "none"}
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
METADATA = "invalid_client_metadata"
REDIRECT = "invalid_redirect_uri"


@pytest.fixture
async def server(
    furnished_url: str, redis_url: str, aiohttp_client: ClientFactory
) -> Server:
    """A server in production, where everybody may register."""
    return await serve(
        furnished_url,
        redis_url,
        aiohttp_client,
        registration="open",
        development=False,
    )


BODIES = (
    b"",
    b"{",
    b"null",
    b"[]",
    b'"x"',
    b"{}{}",
    b'{"redirect_uris": ["https://a.example/"], "redirect_uris": []}',
    b'{"redirect_uris": ["https://a.example/"], "jwks": {"keys": [], "keys": []}}',
    b'{"client_name": "\xff"}',
    b'{"default_max_age": NaN}',
    b'{"default_max_age": -Infinity}',
    b'{"default_max_age": ' + b"9" * 5000 + b"}",
    b"[" * 60_000,
    b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    b'{"x": ' + b"[" * 9 + b"]" * 9 + b"}",
)


async def test_what_is_no_json_object_is_refused(server: Server) -> None:
    """RFC 7591 §3.1, §3.2.2."""
    for body in BODIES:
        answer = await call(server, "POST", PATH, body)

        assert answer.error == (400, METADATA), body[:40]
        assert answer.headers["Cache-Control"] == "no-store"


async def test_another_type_of_body_is_refused(server: Server) -> None:
    """A form of another site can't register."""
    body = json.dumps(WEB_APP).encode()

    for content_type in (
        "application/x-www-form-urlencoded",
        "text/plain",
        "text/html",
    ):
        answer = await call(server, "POST", PATH, body, content_type=content_type)

        assert answer.error == (400, METADATA), content_type


async def test_a_body_that_is_too_large_is_refused(server: Server) -> None:
    """A megabyte; and 64 KiB are allowed."""
    large = await register(server, x="x" * 1_000_000)
    assert large.error == (413, "invalid_request")

    assert (await register(server, x="x" * 60_000)).status == 201


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"client_name": 1}, "client_name"),
    ({"client_name": {"en": "x"}}, "client_name"),
    ({"client_name": "a\x00b"}, "client_name"),
    ({"client_name": "a\ud800b"}, "client_name"),
    ({"client_name": "a\u202eb"}, "client_name"),
    ({"client_name#ja": 1}, "client_name#ja"),
    ({"client_name#ja": "a\x00b"}, "client_name#ja"),
    ({"logo_uri#ja": "javascript:alert(1)"}, "logo_uri#ja"),
    ({"logo_uri": "javascript:alert(1)"}, "logo_uri"),
    ({"policy_uri": "data:text/html,x"}, "policy_uri"),
    ({"tos_uri": "/terms"}, "tos_uri"),
    ({"client_uri": "https://u:p@a.example/"}, "client_uri"),
    ({"contacts": "admin@a.example"}, "contacts"),
    ({"contacts": [1]}, "contacts"),
    ({"grant_types": "authorization_code"}, "grant_types"),
    ({"grant_types": {"a": 1}}, "grant_types"),
    ({"grant_types": ["magic"]}, "grant_types"),
    ({"grant_types": ["password"]}, "grant_types"),
    ({"grant_types": ["implicit"]}, "grant_types"),
    ({"response_types": ["magic"]}, "response_types"),
    (
        {"response_types": ["id_token"], "grant_types": ["authorization_code"]},
        "grant_types",
    ),
    ({"scope": ["openid"]}, "scope"),
    ({"scope": "openid  email"}, "scope"),
    ({"scope": "openid\n"}, "scope"),
    ({"scope": "launch:rockets"}, "scope"),
    ({"application_type": "desktop"}, "application_type"),
    ({"subject_type": "secret"}, "subject_type"),
    # It could name another's sector, and never be seen at its addresses.
    (
        {"subject_type": "pairwise", "grant_types": ["authorization_code", DEVICE]},
        "subject_type",
    ),
    ({"token_endpoint_auth_method": "magic"}, "token_endpoint_auth_method"),
    ({"token_endpoint_auth_method": "private_key_jwt"}, "jwks"),
    (
        {
            "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "none",
        },
        "token_endpoint_auth_method",
    ),
    ({"id_token_signed_response_alg": "none"}, "id_token_signed_response_alg"),
    ({"id_token_signed_response_alg": "HS256"}, "id_token_signed_response_alg"),
    ({"default_max_age": "1"}, "default_max_age"),
    ({"default_max_age": 1.5}, "default_max_age"),
    ({"default_max_age": -1}, "default_max_age"),
    ({"default_max_age": 10**30}, "default_max_age"),
    ({"require_auth_time": "true"}, "require_auth_time"),
    ({"jwks": [1]}, "jwks"),
    ({"jwks": {"keys": 1}}, "jwks"),
    ({"jwks": {"x": []}}, "jwks"),
    ({"jwks": {"keys": [{**KEY, "d": "private"}]}}, "jwks"),
    ({"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}}, "jwks"),
    ({"jwks": {"keys": [KEY, {"kty": "RSA", "n": "n", "p": "p"}]}}, "jwks"),
    ({"jwks": {"keys": [KEY]}, "jwks_uri": "https://a.example/"}, "jwks"),
    ({"jwks_uri": "http://a.example/jwks"}, "jwks_uri"),
    ({"jwks_uri": "file:///etc/passwd"}, "jwks_uri"),
    ({"initiate_login_uri": "http://a.example/"}, "initiate_login_uri"),
    ({"initiate_login_uri": "app:/login"}, "initiate_login_uri"),
    ({"sector_identifier_uri": "http://a.example/"}, "sector_identifier_uri"),
    ({"backchannel_logout_uri": "https://a/#b"}, "backchannel_logout_uri"),
    ({"request_uris": ["gopher://a.example/"]}, "request_uris"),
)


async def test_metadata_that_cannot_be_is_refused_by_name(server: Server) -> None:
    """RFC 7591 §3.2.2: and nothing of it is written."""
    for said, member in WRONG:
        answer = await register(server, **said)

        assert answer.error == (400, METADATA), (said, answer)
        assert answer.body["error_description"].startswith(member)
    assert await server.known.log.heads("client") == []


AMBIGUOUS = (
    "javascript:alert(1)",
    "JavaScript://%0aalert(1)",
    "data:text/html,x",
    "vbscript:x",
    "blob:https://a.example/x",
    "file:///etc/passwd",
    "https://a.example/cb#fragment",
    "https://a.example/cb#",
    "https://user@a.example/cb",
    "https://a.example/../cb",
    "https://a.example/%2e%2e/cb",
    "https://a.example\\@b.example/",
    "https://*.a.example/cb",
    "https://a.example/c b",
    "https://a.example/\r\nX: y",
    "https://ä.example/cb",
    "https:///cb",
    "https://a.example:0/cb",
    "//a.example/cb",
    "/cb",
    "",
    "https://a.example/" + "x" * 2048,
)


async def test_a_redirect_uri_that_can_mean_something_else_is_refused(
    server: Server,
) -> None:
    """RFC 9700 §4.1, RFC 8252 §8: for every kind of client."""
    good: dict[str, Any] = {"redirect_uris": ["https://a.example/cb"]}

    for uri, kind, member in product(
        AMBIGUOUS, ({}, NATIVE), ("redirect_uris", "post_logout_redirect_uris")
    ):
        answer = await register(server, **kind, **good | {member: [uri]})

        assert answer.error == (400, REDIRECT), (uri, kind, member)


PLACES: tuple[tuple[dict[str, Any], str, bool], ...] = (
    ({}, "https://a.example/cb?x=1", True),
    ({}, "http://127.0.0.1:9999/cb", True),
    ({}, "http://a.example/cb", False),
    ({}, "com.example.app:/cb", False),
    ({"response_types": ["id_token"]}, "https://a.example/cb", True),
    ({"response_types": ["id_token"]}, "https://localhost/cb", False),
    ({"response_types": ["code token"]}, "http://localhost/cb", False),
    (NATIVE, "com.example.app:/cb", True),
    (NATIVE, "http://127.0.0.1/cb", True),
    (NATIVE, "http://[::1]/cb", True),
    (NATIVE, "https://a.example/cb", True),
    (NATIVE, "http://a.example/cb", False),
    (NATIVE, "myapp:/cb", False),
)


async def test_web_and_native_clients_have_addresses_of_their_own(
    server: Server,
) -> None:
    """OIDC Registration §2 (application_type), RFC 8252 §7."""
    for kind, uri, allowed in PLACES:
        answer = await register(server, **kind, redirect_uris=[uri])

        assert answer.status == (201 if allowed else 400), (kind, uri, answer)


async def test_a_client_that_redirects_says_where_to(server: Server) -> None:
    """OIDC Registration §2: redirect_uris is required."""
    for uris in (None, [], "https://a.example/", [1], {"a": "b"}):
        answer = await register(server, redirect_uris=uris)

        assert answer.error == (400, REDIRECT), uris


async def test_keys_are_kept_without_what_is_beside_them(server: Server) -> None:
    """RFC 7517 §5: other members of a set of keys are ignored."""
    jwks = {"keys": [KEY], "d": "private", "x": [10**30]}

    assert (await registered(server, jwks=jwks))["jwks"] == {"keys": [KEY]}


async def test_only_post_registers(server: Server) -> None:
    """And who isn't named can't be read."""
    for method in ("GET", "PUT", "DELETE"):
        answer = await call(server, method, PATH)

        assert (answer.status, answer.headers["Allow"]) == (405, "POST")
