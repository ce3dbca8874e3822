"""auth0-spa-js, unmodified, in a real browser against `GRANTLOG_DIALECT=auth0`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pyotp
import pytest
from aiohttp import web
from playwright.async_api import Page

from tests.clients.conftest import NOTES
from tests.clients.single_page_app import App, Refused, fill_in, site
from tests.server.oauth.calls import segment
from tests.started import Started

SCOPE = "openid profile email read:notes"
ASKING = {"authorizationParams": {"audience": NOTES, "scope": SCOPE}}
REFRESHING = {**ASKING, "useRefreshTokens": True, "cacheLocation": "localstorage"}
ANEW = {"cacheMode": "off"}


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"GRANTLOG_DIALECT": "auth0", "GRANTLOG_DPOP_NONCE": "required"}


@pytest.fixture(scope="module")
async def home(packages: Path, app_port: int) -> AsyncIterator[str]:
    """The app's own server; an origin beside ours."""
    runner = web.AppRunner(site(packages))
    await runner.setup()
    await web.TCPSite(runner, "localhost", app_port).start()
    yield f"http://localhost:{app_port}"
    await runner.cleanup()


@pytest.fixture
async def app(page: Page, server: Started, home: str) -> App:
    """The app in a browser that has never been anywhere."""
    return App(page=page, server=server, url=home)


async def test_sign_in_and_out(app: App) -> None:
    """loginWithRedirect, handleRedirectCallback, getUser; then /v2/logout."""
    await app.begin()
    assert await app.call("isAuthenticated") is False

    await app.sign_in()

    assert await app.call("isAuthenticated") is True
    user = await app.call("getUser")
    assert user["name"] == "Alice Adams"
    assert user["email"] == "alice@example.com"
    claims = await app.call("getIdTokenClaims")
    assert claims["iss"] == app.server.issuer == f"{app.server.url}/"

    await app.leave("logout", {"logoutParams": {"returnTo": f"{app.url}/bye"}})
    await app.page.wait_for_url(f"{app.url}/bye")
    await app.begin()
    with pytest.raises(Refused) as refused:
        await app.token()
    assert refused.value.error == "login_required"


async def test_refresh_tokens_rotate(app: App) -> None:
    """Each getTokenSilently past the cache is one event of the grant."""
    before = len(await app.server.events())
    await app.begin(**REFRESHING)
    await app.sign_in()

    first = await app.token()
    assert await app.token() == first
    second = await app.token(**ANEW)
    third = await app.token(**ANEW)

    assert len({first, second, third}) == 3
    assert (await app.server.events())[before:] == [
        "grant.code_issued",
        "grant.code_redeemed",
        "grant.refreshed",
        "grant.refreshed",
    ]
    said = segment(third, 1)
    assert said["aud"] == [NOTES, f"{app.server.issuer}userinfo"]
    assert said["azp"] == "app"
    assert "read:notes" in said["scope"].split()


async def test_a_reload_keeps_who_is_signed_in(app: App) -> None:
    """By what lies in localStorage: the server is not asked."""
    await app.begin(**REFRESHING)
    await app.sign_in()
    token = await app.token()
    before = len(await app.server.events())

    await app.begin(**REFRESHING)

    assert await app.call("isAuthenticated") is True
    assert await app.token() == token
    assert len(await app.server.events()) == before


async def test_a_worker_keeps_the_refresh_token(app: App) -> None:
    """The library's way without storage: its web worker calls the token endpoint."""
    await app.begin(**ASKING, useRefreshTokens=True)
    await app.sign_in()

    assert await app.token(**ANEW) != await app.token(**ANEW)
    assert len(app.page.workers) == 1


async def test_a_hidden_frame_gets_tokens(app: App) -> None:
    """prompt=none and web_message, where the app itself keeps nothing."""
    await app.begin(**ASKING)
    await app.sign_in()

    await app.begin(**ASKING)
    assert await app.call("isAuthenticated") is False
    await app.call("checkSession")

    assert (await app.call("getUser"))["name"] == "Alice Adams"
    assert await app.token() != await app.token(**ANEW)


async def test_nobody_is_signed_in(app: App) -> None:
    """checkSession keeps quiet about it, getTokenSilently says what to do."""
    await app.begin()
    await app.call("checkSession")

    assert await app.call("isAuthenticated") is False
    with pytest.raises(Refused) as refused:
        await app.token()
    assert refused.value.error == "login_required"


async def test_the_person_says_no(app: App) -> None:
    app.client_id = "guest"
    await app.begin()
    await app.leave("loginWithRedirect", {"appState": {"target": "/basket"}})
    await fill_in(app.page)
    await app.page.click("#consent-deny")

    with pytest.raises(Refused) as refused:
        await app.come_back()

    assert refused.value.error == "access_denied"
    assert refused.value.members["appState"] == {"target": "/basket"}


async def test_a_frame_cannot_ask_for_consent(app: App) -> None:
    """Signed in by another app: this one must show itself first."""
    await app.begin()
    await app.sign_in()

    app.client_id = "guest"
    await app.begin()
    with pytest.raises(Refused) as refused:
        await app.token()

    assert refused.value.error == "consent_required"


async def test_a_popup_signs_in(app: App) -> None:
    await app.begin(**ASKING)
    async with app.page.expect_popup() as opened:
        await app.leave("loginWithPopup")
    popup = await opened.value
    async with popup.expect_event("close"):
        await fill_in(popup)

    await app.page.wait_for_function("client.isAuthenticated()")
    assert "read:notes" in segment(await app.token(), 1)["scope"].split()


async def test_tokens_are_bound_to_the_browsers_key(app: App) -> None:
    """useDpop: code, refresh tokens, access tokens and calls, each with our nonce."""
    await app.begin(**REFRESHING, useDpop=True)
    await app.sign_in()

    bound = segment(await app.token(**ANEW), 1)["cnf"]["jkt"]
    assert segment(await app.token(**ANEW), 1)["cnf"]["jkt"] == bound
    person = await app.page.evaluate(FETCH_PERSON, [app.server.url, NOTES])
    assert person["email"] == "alice@example.com"


FETCH_PERSON = """
async ([baseUrl, audience]) => {
  const fetcher = client.createFetcher({dpopNonceId: "userinfo", baseUrl});
  return (await fetcher.fetchWithAuth("/userinfo", {}, {audience})).json();
}
"""


async def test_a_revoked_refresh_token(app: App) -> None:
    """revokeRefreshToken ends the grant; a session would still give new tokens."""
    await app.begin(**REFRESHING)
    await app.sign_in()
    before = len(await app.server.events())
    await app.page.evaluate("() => { window.kept = {...localStorage} }")

    await app.call("revokeRefreshToken", {"audience": NOTES})

    assert (await app.server.events())[before:] == ["grant.revoked"]
    await app.page.evaluate("() => { Object.assign(localStorage, kept) }")
    with pytest.raises(Refused, match="Unknown or invalid refresh token") as refused:
        await app.token(**ANEW)
    assert refused.value.error == "invalid_grant"

    await app.begin(**REFRESHING, useRefreshTokensFallback=True)
    assert segment(await app.token(**ANEW), 1)["azp"] == "app"


async def test_an_app_of_another_site_sees_no_session(app: App) -> None:
    """Our cookie is nobody's third-party cookie; refresh tokens need none."""
    app.url = app.url.replace("localhost", "127.0.0.1")
    await app.begin(**REFRESHING)
    await app.sign_in()
    assert segment(await app.token(**ANEW), 1)["azp"] == "app"

    await app.begin(**ASKING)
    with pytest.raises(Refused) as refused:
        await app.token()
    assert refused.value.error == "login_required"


async def test_somebody_new(app: App) -> None:
    """screen_hint=signup, as the library's users write it."""
    await app.begin()
    hint = {"authorizationParams": {"screen_hint": "signup"}}
    await app.leave("loginWithRedirect", hint)
    await app.page.fill("[name=username]", "carol")
    await app.page.fill("[name=email]", "carol@example.com")
    await app.page.fill("[name=password]", "horse-stapler-orbit-9")
    await app.page.click("#signup-submit")
    await app.come_back()

    assert (await app.call("getUser"))["email"] == "carol@example.com"


async def test_a_token_for_more_by_a_popup(app: App) -> None:
    """getTokenWithPopup: another scope than the app began with."""
    await app.begin()
    await app.sign_in()

    more = {"audience": NOTES, "scope": "openid write:notes"}
    token = await app.call("getTokenWithPopup", {"authorizationParams": more})

    assert "write:notes" in segment(token, 1)["scope"].split()


async def test_a_second_factor(app: App) -> None:
    await app.begin()
    await app.leave("loginWithRedirect")
    await fill_in(app.page, "bob")
    secret = "GRANTLOGDEMOBOBTOTPSECRET2345672"
    await app.page.fill("[name=otp]", pyotp.TOTP(secret).now())
    await app.page.click("#otp-submit")
    await app.come_back()

    assert set((await app.call("getIdTokenClaims"))["amr"]) >= {"pwd", "otp"}
