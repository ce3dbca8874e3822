"""A whole run, then a search for every secret it used: log, Redis, log lines.

Design rule 7: digests and key ids only; personal data only under the person's key.
"""

import asyncio
import json
from base64 import b64encode
from collections.abc import Iterable
from contextlib import ExitStack

import aiohttp
import pyotp
import pytest
import structlog
from redis.asyncio import Redis

from server import logs
from tests import kept
from tests.device import Device, enter
from tests.house import BYE, TOTP_SECRET, House
from tests.server.clients import VERIFIER, WEB_SECRET
from tests.visitor import Visitor, request_for, url_of

SCOPE = "openid profile email offline_access read:orders"
WRONG_CODE = "WRNG-WRNG"
MAIL = "dora@example.com"
AGENT = "Mozilla/5.0 (a browser to be recognised by)"


class Shopkeeper:
    """The client's side of the run; remembers every secret that went by."""

    def __init__(self, issuer: str, http: aiohttp.ClientSession) -> None:
        self._issuer = issuer
        self._http = http
        self.secrets = {WEB_SECRET, VERIFIER}

    async def post(self, path: str, **form: str) -> dict[str, str]:
        auth = aiohttp.encode_basic_auth("web", WEB_SECRET)
        self.secrets.add(auth.removeprefix("Basic "))
        async with self._http.post(
            f"{self._issuer}{path}", data=form, headers={"Authorization": auth}
        ) as response:
            text = await response.text()
            answer: dict[str, str] = json.loads(text) if text else {}
        told = {name for name in answer if name.endswith("token")}
        self.secrets |= {answer[name] for name in told} | set(form.values()) & {
            form.get("code", ""),
            form.get("token", ""),
        }
        return answer


async def live_a_grants_life(house: House, visitor: Visitor) -> set[str]:
    """Sign in with a second factor, consent, redeem, refresh, ask, revoke, leave."""
    visitor.http.headers["User-Agent"] = AGENT
    keeper = Shopkeeper(house.issuer, visitor.http)
    login = await visitor.authorize(scope=SCOPE)
    await visitor.log_in(login, "bob", "a-wrong-password-of-bob")
    otp = pyotp.TOTP(TOTP_SECRET).now()
    mfa = await visitor.log_in(await visitor.authorize(scope=SCOPE), "bob")
    consent = await visitor.follow(
        await visitor.submit(mfa, "mfa-form", "otp-submit", otp=otp)
    )
    back = await visitor.allow(consent)
    cookie = visitor.cookie() or ""
    tokens = await keeper.post(
        "/oauth/token",
        grant_type="authorization_code",
        code=back.answer["code"],
        code_verifier=VERIFIER,
        redirect_uri=login_redirect(),
    )
    fresh = await keeper.post(
        "/oauth/token",
        grant_type="refresh_token",
        refresh_token=tokens["refresh_token"],
    )
    assert (await keeper.post("/oauth/introspect", token=fresh["access_token"]))[
        "active"
    ]
    await keeper.post(
        "/oauth/token", grant_type="refresh_token", refresh_token="rt.nonsense"
    )
    await keeper.post("/oauth/revoke", token=fresh["refresh_token"])
    in_front = await visitor.authorize(
        "hybrid", response_type="code id_token token", nonce="n-1", scope=SCOPE
    )
    keeper.secrets |= {
        in_front.fragment[name] for name in ("code", "id_token", "access_token")
    }
    await visitor.get(
        url_of(
            house.issuer,
            "/oidc/logout",
            id_token_hint=fresh["id_token"],
            post_logout_redirect_uri=BYE,
        )
    )
    keeper.secrets.add(await push_a_request(keeper, visitor))
    passwords = {"bob-password-1", "a-wrong-password-of-bob", TOTP_SECRET}
    session_secret = cookie.split(".")[1]
    return keeper.secrets | passwords | {session_secret, back.answer["code"]}


async def push_a_request(keeper: Shopkeeper, visitor: Visitor) -> str:
    """Say whom it is about, and send them with it; its request_uri is a secret too."""
    asked = request_for("web", login_hint="bob@example.com", nonce=VERIFIER)
    pushed = await keeper.post("/oauth/par", **asked)
    request_uri = pushed["request_uri"]
    await visitor.follow(
        await visitor.get(
            url_of(
                visitor.issuer, "/authorize", client_id="web", request_uri=request_uri
            )
        )
    )
    return request_uri.rpartition(":")[2]


async def let_a_device_in(device: Device, visitor: Visitor) -> set[str]:
    """Ask, guess wrong, allow, fetch; its codes are secrets too."""
    asked = await device.ask()
    await enter(visitor, WRONG_CODE)
    page = await enter(visitor, asked["user_code"])
    await visitor.submit(page, "device-form", "device-allow")
    tokens = (await device.poll(asked)).body
    codes = {asked["device_code"], asked["user_code"], WRONG_CODE}
    plain = {code.replace("-", "") for code in codes}
    return codes | plain | {tokens[name] for name in tokens if name.endswith("token")}


async def make_an_account(visitor: Visitor) -> set[str]:
    """Ask for a name that is taken, then for another."""
    passwords = ("dora's first wish", "dora's second wish")
    form = await visitor.authorize("trusted", prompt="create")
    await visitor.sign_up(form, "bob", MAIL, passwords[0])
    back = await visitor.sign_up(form, "dora", MAIL, passwords[1])
    return {*passwords, back.answer["code"]}


def login_redirect() -> str:
    return "http://localhost:9999/cb"


def found_in(haystack: bytes, secrets: Iterable[str]) -> list[str]:
    """Return the secrets that stand there, plain, as hex or in base64."""
    return [
        secret
        for secret in secrets
        if any(
            form in haystack
            for form in (
                secret.encode(),
                secret.encode().hex().encode(),
                b64encode(secret.encode()).rstrip(b"="),
            )
        )
    ]


async def test_no_secret_and_no_name_stays(
    house: House,
    visitor: Visitor,
    stranger: Visitor,
    device: Device,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Neither the database, nor Redis, nor the log lines hold one in the clear."""
    logging = ExitStack()
    logging.enter_context(logs.configured(level="debug", style="json"))
    secrets = await live_a_grants_life(house, visitor)
    secrets |= await let_a_device_in(device, stranger)
    secrets |= await make_an_account(stranger)
    await structlog.get_logger().ainfo("run.done", authorization=f"Basic {WEB_SECRET}")
    await asyncio.to_thread(logging.close)  # it waits until all is written
    printed = "".join(capfd.readouterr())
    personal = {"bob@example.com", "Bob Adams", AGENT, MAIL}

    database = await kept.in_postgres(house.known.settings.database_url)
    redis = await kept.in_redis(house.known.settings.redis_url)

    assert len(secrets) > 18
    assert b"grant.code_redeemed" not in database  # types are numbers there
    assert b"g:{p" in redis
    assert "run.done" in printed
    assert found_in(database, secrets | personal) == []
    assert found_in(redis, secrets | personal) == []
    assert found_in(printed.encode(), secrets | personal) == []


async def test_the_search_finds_what_is_there(house: House) -> None:
    """The search itself works: what may be read in the log or in Redis is found."""
    among_others = "-" * 300 + VERIFIER + "-" * 300
    url = house.known.settings.redis_url
    async with Redis.from_url(url, driver_info=None) as redis:
        await redis.hset("planted", mapping={"row": among_others})
        kept_in_redis = await kept.in_redis(url)
        await redis.delete("planted")
    database = await kept.in_postgres(house.known.settings.database_url)

    assert found_in(database, {"Shop", "not-there"}) == ["Shop"]
    assert found_in(kept_in_redis, {VERIFIER, "not-there"}) == [VERIFIER]
