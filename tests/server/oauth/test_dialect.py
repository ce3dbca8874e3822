"""What Auth0's SDKs expect where the RFCs say otherwise, each beside the RFC's."""

from urllib.parse import urlsplit

import pytest

from tests.server.clients import (
    ORDERS,
    WEB_SECRET,
    issue_code,
    register_client,
    register_person,
)
from tests.server.conftest import ISSUER, ClientFactory, Server, serve
from tests.server.oauth.calls import (
    claims,
    get,
    introspect,
    machine,
    post,
    redeem,
    refresh,
    segment,
    tokens_of,
)
from tests.visitor import request_for

REALM = "http://auth0.com/oauth/grant-type/password-realm"
BOTH = pytest.mark.parametrize("dialect", ["rfc", "auth0"])


@pytest.fixture
async def spoken(
    shop_url: str, redis_url: str, aiohttp_client: ClientFactory, dialect: str
) -> Server:
    """The shop, in either dialect."""
    issuer = {"rfc": ISSUER, "auth0": f"{ISSUER}/"}[dialect]
    return await serve(
        shop_url, redis_url, aiohttp_client, dialect=dialect, issuer=issuer
    )


@BOTH
async def test_a_machine_is_called_by_its_id_or_as_a_client(
    spoken: Server, dialect: str
) -> None:
    said = claims((await machine(spoken, audience=ORDERS)).body["access_token"])

    assert said["sub"] == {"rfc": "machine", "auth0": "machine@clients"}[dialect]
    assert said["aud"] == ORDERS


@BOTH
async def test_an_access_token_names_its_client_and_grant(
    spoken: Server, dialect: str
) -> None:
    said = claims((await machine(spoken, audience=ORDERS)).body["access_token"])

    expected = {"rfc": {}, "auth0": {"azp": "machine", "gty": "client-credentials"}}
    assert {k: v for k, v in said.items() if k in {"azp", "gty"}} == expected[dialect]


@BOTH
async def test_a_token_for_an_api_and_openid_is_for_userinfo_too(
    spoken: Server, dialect: str
) -> None:
    """In the JWT and in what introspection says of it."""
    alice = await register_person(spoken.known)
    scope, audience = ("openid", "read:orders"), (ORDERS,)
    given = await tokens_of(spoken, alice, scope=scope, audience=audience)

    aud = {"rfc": ORDERS, "auth0": [ORDERS, f"{ISSUER}/userinfo"]}[dialect]
    assert claims(given["access_token"])["aud"] == aud
    assert (await introspect(spoken, given["access_token"]))["aud"] == aud
    me = await get(spoken, "/userinfo", Authorization=f"Bearer {given['access_token']}")
    assert me.status == 200


@BOTH
async def test_a_token_narrowed_to_the_api_is_for_the_api_alone(
    spoken: Server,
) -> None:
    """In both: without `openid` it opens no userinfo."""
    alice = await register_person(spoken.known)
    scope = ("openid", "offline_access", "read:orders")
    given = await tokens_of(spoken, alice, scope=scope, audience=(ORDERS,))

    narrow = await refresh(spoken, given["refresh_token"], scope="read:orders")

    assert claims(narrow.body["access_token"])["aud"] == ORDERS


@BOTH
async def test_without_an_audience_the_token_is_opaque(spoken: Server) -> None:
    """In both: it is for /userinfo, which is ours."""
    alice = await register_person(spoken.known)
    given = await tokens_of(spoken, alice, scope=("openid",))

    assert given["access_token"].count(".") != 2


@BOTH
async def test_only_rsa_keys_are_published_where_others_crash(
    spoken: Server, dialect: str
) -> None:
    keys = (await get(spoken, "/.well-known/jwks.json")).body["keys"]
    document = (await get(spoken, "/.well-known/openid-configuration")).body

    kinds = {key["kty"] for key in keys}
    assert (kinds == {"RSA"}) == (dialect == "auth0")
    signs = set(document["id_token_signing_alg_values_supported"])
    assert ("ES256" in signs) == (dialect == "rfc")
    opened = document["request_object_encryption_alg_values_supported"]
    assert ("ECDH-ES" in opened) == (dialect == "rfc")


@BOTH
async def test_what_would_be_signed_otherwise_is_signed_by_rsa(
    spoken: Server, dialect: str
) -> None:
    await register_client(
        spoken.known,
        "curves",
        secret=WEB_SECRET,
        id_token_signed_response_alg="ES256",
    )
    alice = await register_person(spoken.known)
    code = await issue_code(spoken.known, alice, client_id="curves", scope=("openid",))
    given = await redeem(spoken, code, auth=("curves", WEB_SECRET))

    signed_by = segment(given.body["id_token"], 0)["alg"]
    assert signed_by == {"rfc": "ES256", "auth0": "RS256"}[dialect]


@BOTH
async def test_an_id_token_tells_the_claims_of_its_scopes_or_userinfo_does(
    spoken: Server, dialect: str
) -> None:
    """OIDC Core §5.4: where there is an access token, they are at /userinfo."""
    alice = await register_person(spoken.known)
    given = await tokens_of(spoken, alice, scope=("openid", "email"))

    said = segment(given["id_token"], 1)
    assert ("email" in said) == (dialect == "auth0")
    assert "name" not in said


@BOTH
async def test_a_bad_refresh_token_is_refused_in_the_words_of_the_dialect(
    spoken: Server, dialect: str
) -> None:
    answer = await refresh(spoken, "nonsense")

    assert answer.error == ({"rfc": 400, "auth0": 403}[dialect], "invalid_grant")
    words = answer.body["error_description"] == "Unknown or invalid refresh token."
    assert words == (dialect == "auth0")


@BOTH
@pytest.mark.parametrize("grant_type", ["password", REALM])
async def test_a_wrong_password_is_refused_in_the_words_of_the_dialect(
    spoken: Server, dialect: str, grant_type: str
) -> None:
    await register_client(
        spoken.known,
        "trusted",
        secret=WEB_SECRET,
        grant_types=("password", REALM),
        response_types=(),
    )

    answer = await post(
        spoken,
        "/oauth/token",
        auth=("trusted", WEB_SECRET),
        grant_type=grant_type,
        realm="people",
        username="nobody",
        password="wrong",
    )

    assert answer.error == ({"rfc": 400, "auth0": 403}[dialect], "invalid_grant")


@BOTH
async def test_a_refresh_token_is_revoked_by_json_too(spoken: Server) -> None:
    """As Auth0's SDKs send it, in both."""
    body = {"client_id": "posting", "client_secret": WEB_SECRET}
    await register_client(
        spoken.known,
        "posting",
        secret=WEB_SECRET,
        token_endpoint_auth_method="client_secret_post",
        grant_types=("authorization_code", "refresh_token"),
    )
    code = await issue_code(
        spoken.known, await register_person(spoken.known), client_id="posting"
    )
    given = await redeem(spoken, code, auth=None, **body)
    token = given.body["refresh_token"]

    async with spoken.client.post("/oauth/revoke", json={**body, "token": token}) as r:
        assert r.status == 200

    assert (await refresh(spoken, token, auth=None, **body)).body["error"] == (
        "invalid_grant"
    )


@pytest.mark.parametrize(
    ("changed", "page"),
    [
        ({"dialect": "rfc", "signup": "open"}, "login"),
        ({"dialect": "auth0", "signup": "open"}, "signup"),
        ({"dialect": "auth0", "signup": "closed"}, "login"),
    ],
)
async def test_a_hint_at_the_sign_up_page(
    shop_url: str,
    redis_url: str,
    aiohttp_client: ClientFactory,
    changed: dict[str, str],
    page: str,
) -> None:
    """`screen_hint=signup` is only a hint: where nobody may sign up they sign in."""
    server = await serve(shop_url, redis_url, aiohttp_client, **changed)
    asked = {**request_for("web"), "screen_hint": "signup"}

    async with server.client.get(
        "/authorize", params=asked, allow_redirects=False
    ) as response:
        location = response.headers["Location"]

    assert urlsplit(location).path == f"/{page}"
