"""Clients that register themselves: the Dynamic OP plan, and that of §4's sign-ins."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from joserfc import jws

from server import published_keys
from tests.client_key import ClientKey, jwks, make_key, sign
from tests.conformance import strict
from tests.conformance.conftest import Meet, Register, described
from tests.conformance.flows import CODE, RESPONSES
from tests.conformance.party import REDIRECT_URI, Flow
from tests.conformance.site import Site
from tests.conformance.test_sign_in import is_error_page
from tests.relying_party import Told
from tests.server.conftest import Client
from tests.visitor import Visitor

BY_KEY = {"token_endpoint_auth_method": "private_key_jwt"}
OTHER_URI = "https://rp.example/test/a/grantlog/callback2"
WITH_QUERY = f"{REDIRECT_URI}?foo=bar"


@pytest.mark.parametrize("flow", RESPONSES, ids=lambda flow: flow.name)
async def test_a_client_registers_and_signs_somebody_in(meet: Meet, flow: Flow) -> None:
    """oidcc-server, oidcc-idtoken-rs256,
    oidcc-ensure-client-assertion-with-iss-aud-succeeds: by its key, with `aud` the
    issuer."""
    party = await meet(flow, **BY_KEY, id_token_signed_response_alg="RS256")

    got = await party.sign_in()

    assert got.claims
    header = jws.extract_compact(got.id_token.encode()).headers()
    assert header["alg"] == "RS256"


async def test_a_key_may_have_no_name(meet: Meet, client_key: ClientKey) -> None:
    """oidcc-server: the suite's client has one key, says no `kid` and no `alg`."""
    bare = {n: v for n, v in client_key.jwk.items() if n not in {"kid", "alg"}}
    party = await meet(CODE, **BY_KEY, jwks={"keys": [bare]})

    got = await party.with_key(replace(client_key, kid="")).sign_in()

    assert got.tokens["id_token"]


async def test_a_registration_is_answered_in_full(
    register: Register, client_key: ClientKey, browser: Visitor
) -> None:
    """What RFC 7591 §3.2.1 and RFC 7592 §3 want in it, and the same again when read;
    a client that leaves is answered by 204."""
    told = await register(
        CODE,
        client_name="Certified",
        logo_uri="https://rp.example/logo.png",
        policy_uri="https://rp.example/policy",
        tos_uri="https://rp.example/tos",
        initiate_login_uri="https://rp.example/initiate",
    )

    assert told.status == 201
    strict.check_json(told.headers)
    said = told.body
    assert type(said["client_id_issued_at"]) is int
    assert said["client_secret_expires_at"] == 0
    assert len(said["client_secret"]) >= 32
    assert said["registration_client_uri"].startswith(browser.issuer)
    assert said["redirect_uris"] == [REDIRECT_URI]
    assert said["jwks"] == jwks(client_key)
    for name in ("client_name", "logo_uri", "policy_uri", "tos_uri", "contacts"):
        assert said[name]

    read = await manage(browser, "GET", said)
    assert read.status == 200
    assert "client_secret" not in read.body
    assert read.body.items() <= said.items()
    assert (await manage(browser, "DELETE", said)).status == 204


async def manage(browser: Visitor, method: str, client: Mapping[str, Any]) -> Told:
    headers = {"Authorization": f"Bearer {client['registration_access_token']}"}
    async with browser.http.request(
        method, client["registration_client_uri"], headers=headers
    ) as answer:
        text = await answer.text()
        body = json.loads(text) if text else None
        return Told(status=answer.status, headers=answer.headers, body=body)


async def test_userinfo_is_signed_where_a_client_wants_that(meet: Meet) -> None:
    """oidcc-userinfo-rs256: a JWT that says who speaks, and to whom."""
    party = await meet(CODE, **BY_KEY, userinfo_signed_response_alg="RS256")
    got = await party.sign_in()

    bearer = f"Bearer {got.access_token}"
    page = await party.visitor.get("/userinfo", Authorization=bearer)

    assert page.status == 200
    assert page.headers["Content-Type"].partition(";")[0] == "application/jwt"
    keys = await party.published()
    claims = strict.verified(page.text, keys=keys, alg="RS256")
    assert claims["sub"] == got.said["sub"]
    assert claims["iss"] == party.house.issuer
    assert claims["aud"] == party.client["client_id"]


async def test_which_of_two_addresses_must_be_said(meet: Meet) -> None:
    """oidcc-ensure-redirect-uri-in-authorization-request."""
    party = await meet(CODE, **BY_KEY, redirect_uris=[REDIRECT_URI, OTHER_URI])

    assert is_error_page(await party.ask(redirect_uri=""))


@pytest.mark.parametrize("flow", RESPONSES, ids=lambda flow: flow.name)
async def test_an_address_keeps_its_query(meet: Meet, flow: Flow) -> None:
    """oidcc-redirect-uri-query-OK, -mismatch, -added."""
    party = await meet(flow, **BY_KEY, redirect_uris=[WITH_QUERY])

    got = await party.sign_in()

    assert got.front.get("foo", "bar") == "bar"
    for address in (f"{REDIRECT_URI}?bar=foo", f"{WITH_QUERY}&foo=foo", REDIRECT_URI):
        assert is_error_page(await party.ask(redirect_uri=address))


async def test_an_address_has_no_query_that_was_not_registered(meet: Meet) -> None:
    """oidcc-redirect-uri-query-added."""
    party = await meet(CODE, **BY_KEY)

    assert is_error_page(await party.ask(redirect_uri=WITH_QUERY))


async def test_an_address_has_no_fragment(register: Register) -> None:
    """oidcc-redirect-uri-regfrag."""
    told = await register(CODE, redirect_uris=[f"{REDIRECT_URI}#foobar"])

    assert told.status == 400
    strict.check_json(told.headers)
    assert strict.check_error(told.body) == "invalid_redirect_uri"


async def test_a_sign_in_begins_over_https_alone(
    production: Client, client_key: ClientKey
) -> None:
    """oidcc-3rd_party-init-login-nohttps."""
    said = described(CODE, client_key, initiate_login_uri="http://rp.example/begin")

    async with production.post("/oidc/register", json=said) as answer:
        assert answer.status == 400
        strict.check_json(answer.headers)
        assert strict.check_error(await answer.json()) == "invalid_client_metadata"


@pytest.mark.parametrize(
    ("member", "element"),
    [
        ("logo_uri", "client-logo"),
        ("policy_uri", "client-policy"),
        ("tos_uri", "client-tos"),
    ],
)
async def test_the_sign_in_page_shows_what_the_client_registered(
    meet: Meet, member: str, element: str
) -> None:
    """oidcc-registration-logo-uri, -policy-uri, -tos-uri."""
    address = f"https://rp.example/{member}"
    party = await meet(CODE, **BY_KEY, **{member: address})

    page = await party.ask()

    assert address in page.attributes[element].values()


async def test_a_client_registers_where_others_begin_its_sign_in(
    register: Register, browser: Visitor
) -> None:
    """oidcc-3rd_party-init-login: told, told again, and the browser is sent there."""
    address = "https://rp.example/initiate_login"
    client = (await register(CODE, initiate_login_uri=address)).body

    read = await manage(browser, "GET", client)

    assert client["initiate_login_uri"] == read.body["initiate_login_uri"] == address
    strict.check_json(read.headers)
    page = await browser.get(f"/login/initiate?client_id={client['client_id']}")
    assert page.location.startswith(f"{address}?iss=http")


async def test_keys_may_be_where_the_client_publishes_them(
    meet: Meet, site: Site, client_key: ClientKey
) -> None:
    """oidcc-registration-jwks-uri."""
    party = await meet(
        CODE, **BY_KEY, jwks=None, jwks_uri=site.publish(jwks(client_key))
    )

    got = await party.sign_in()

    assert got.tokens["id_token"]


async def test_a_client_rotates_its_keys(
    meet: Meet, site: Site, client_key: ClientKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """oidcc-refresh-token-rp-key-rotation: the new one is found by its new name."""
    address = site.publish(jwks(client_key))
    party = await meet(
        CODE,
        **BY_KEY,
        jwks=None,
        jwks_uri=address,
        grant_types=["authorization_code", "refresh_token"],
    )
    asked = {"scope": "openid offline_access", "prompt": "consent"}
    got = await party.sign_in(**asked)

    key = make_key("RS256", "rp-2")
    site.change(address, jwks(key))
    # A minute has gone by: no host is asked twice in one breath.
    monkeypatch.setattr(published_keys, "PAUSE", 0.0)
    told = await party.with_key(key).post(
        "/oauth/token",
        {
            "grant_type": "refresh_token",
            "refresh_token": got.tokens["refresh_token"],
            "scope": asked["scope"],
        },
    )

    assert told.status == 200, told
    assert await party.userinfo(told.body["access_token"])


async def test_a_request_may_lie_at_the_clients_site(
    meet: Meet, site: Site, client_key: ClientKey
) -> None:
    """oidcc-request-uri-signed-rs256: the object says all that counts."""
    address = site.publish("")
    members = {"request_uris": [address], "request_object_signing_alg": "RS256"}
    party = await meet(CODE, **BY_KEY, **members)
    client_id, issuer = party.client["client_id"], party.house.issuer
    said = {
        "iss": client_id,
        "aud": issuer,
        "client_id": client_id,
        "redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "scope": "openid",
        "state": "state-1",
        "nonce": "nonce-1",
    }
    site.change(address, client_key.sign(said))

    bare = {"state": "", "nonce": "", "redirect_uri": ""}
    page = await party.ask(request_uri=address, **bare)
    got = await party.take(await party.agree(page))

    assert got.said["nonce"] == "nonce-1"


async def test_nobody_is_offered_unsigned_requests(meet: Meet) -> None:
    """oidcc-request-uri-unsigned, oidcc-unsigned-request-object-…,
    oidcc-request-uri-unsigned-supported-…, oidcc-ensure-request-object-with-…: they
    are skipped where discovery doesn't name `none`; such an object is refused."""
    party = await meet(CODE, **BY_KEY)
    page = await party.visitor.get("/.well-known/openid-configuration")
    names = json.loads(page.text)["request_object_signing_alg_values_supported"]
    assert "RS256" in names
    assert "none" not in names

    said = {"client_id": party.client["client_id"], "response_type": "code"}
    refused = await party.ask(request=sign(said, b"", alg="none"))

    assert party.refused(refused) == "request_not_supported"


@pytest.mark.parametrize("listed", [True, False])
async def test_a_sector_lists_its_addresses(
    register: Register, site: Site, *, listed: bool
) -> None:
    """oidcc-registration-sector-uri, oidcc-registration-sector-bad."""
    address = site.publish([REDIRECT_URI if listed else OTHER_URI])

    told = await register(
        CODE,
        **BY_KEY,
        subject_type="pairwise",
        sector_identifier_uri=address,
    )

    if listed:
        assert told.status == 201, told
        assert told.body["sector_identifier_uri"] == address
    else:
        assert told.status == 400
        strict.check_json(told.headers)
        assert strict.check_error(told.body) == "invalid_client_metadata"


async def test_the_server_rotates_its_keys(meet: Meet) -> None:
    """oidcc-server-rotate-keys: there is a new one, and the old one is still there."""
    party = await meet(CODE)
    before = {key.kid for key in await party.published()}
    token = (await party.sign_in()).id_token

    await party.house.known.signing.rotate("RS256", force=True)

    after = await party.published()
    assert before < {key.kid for key in after}
    assert strict.verified(token, keys=after, alg="RS256")
    assert (await party.sign_in(prompt="login")).claims
