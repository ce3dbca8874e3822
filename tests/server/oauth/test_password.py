"""A person's password, sent by a client that is trusted with it (RFC 6749 §4.3)."""

from typing import Any
from uuid import UUID

import pyotp
import pytest

from domain import user
from domain.grant import GRANT, Live
from domain.user import USER
from server.authentication.tries import PER_ACCOUNT
from tests.server.clients import (
    ORDERS,
    SOURCE,
    WEB_SECRET,
    register_client,
)
from tests.server.conftest import Server
from tests.server.oauth.calls import (
    Answer,
    all_of,
    claims,
    introspect,
    is_active,
    post,
    refresh,
)

REALM = "http://auth0.com/oauth/grant-type/password-realm"
MFA_OTP = "http://auth0.com/oauth/grant-type/mfa-otp"
TRUSTED = ("trusted", WEB_SECRET)
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SECRET = "correct horse battery"


@pytest.fixture
async def trusting(shop: Server) -> Server:
    """The shop with a client that may ask for passwords, and two people."""
    both: dict[str, Any] = {"secret": WEB_SECRET, "response_types": ()}
    types = ("password", REALM, MFA_OTP, "refresh_token")
    scope = "openid email offline_access read:orders"
    for name in ("trusted", "other"):
        await register_client(
            shop.known, name, grant_types=types, scope=scope, first_party=True, **both
        )
    await person(shop, "alice")
    await person(shop, "bob", totp_secret=TOTP_SECRET)
    return shop


async def person(server: Server, name: str, totp_secret: str | None = None) -> UUID:
    return await server.known.directory.register(
        username=name,
        password=SECRET,
        email=f"{name}@example.com",
        email_verified=True,
        claims={},
        totp_secret=totp_secret,
        source=SOURCE,
    )


async def sign_in(server: Server, username: str = "alice", **form: Any) -> Answer:
    given = {
        "auth": TRUSTED,
        "grant_type": "password",
        "username": username,
        "password": SECRET,
        **form,
    }
    return await post(server, "/oauth/token", **given)


async def test_the_password_is_good_for_tokens(trusting: Server) -> None:
    answer = await sign_in(
        trusting, scope="openid offline_access read:orders", audience=ORDERS
    )

    assert answer.status == 200
    said = claims(answer.body["id_token"])
    assert said["amr"] == ["pwd"]
    assert said["auth_time"] == said["iat"]
    assert claims(answer.body["access_token"])["aud"] == ORDERS
    again = await refresh(trusting, answer.body["refresh_token"], auth=TRUSTED)
    assert again.status == 200


async def test_the_grant_says_how_it_began(trusting: Server) -> None:
    answer = await sign_in(trusting, scope="openid")

    named = trusting.known.keys.authentic(answer.body["access_token"], "at")
    assert named is not None
    state = (await trusting.known.reading.state(GRANT, named.stream_id)).state
    assert isinstance(state, Live)
    assert state.approval.grant_type == "password"
    assert state.approval.session_id is None


async def test_without_offline_access_there_is_no_refresh_token(
    trusting: Server,
) -> None:
    assert "refresh_token" not in (await sign_in(trusting, scope="openid")).body


async def test_a_realm_is_needed_where_the_grant_has_one(trusting: Server) -> None:
    """Auth0's variant; there is one directory, and every realm names it."""
    without = await sign_in(trusting, grant_type=REALM, scope="openid")
    within = await sign_in(trusting, grant_type=REALM, realm="people", scope="openid")

    assert without.error == (400, "invalid_request")
    assert within.status == 200


@pytest.mark.parametrize(
    "wrong",
    [{"password": "wrong"}, {"username": "nobody"}, {"username": "\u202ealice"}],
)
async def test_a_wrong_password_and_an_unknown_person_are_answered_alike(
    trusting: Server, wrong: dict[str, str]
) -> None:
    answer = await sign_in(trusting, **wrong)

    assert answer.error == (400, "invalid_grant")
    assert answer.body["error_description"] == "user name or password is wrong"


async def test_a_client_that_is_not_registered_for_it_gets_nothing(
    trusting: Server,
) -> None:
    answer = await sign_in(trusting, auth=("web", WEB_SECRET))

    assert answer.error == (400, "unauthorized_client")


@pytest.mark.parametrize("missing", ["username", "password"])
async def test_both_halves_are_needed(trusting: Server, missing: str) -> None:
    assert (await sign_in(trusting, **{missing: ""})).error == (400, "invalid_request")


async def test_guesses_are_counted_as_on_the_page(trusting: Server) -> None:
    """Parallel ones too; the right password comes too late then."""
    guesses = [sign_in(trusting, password=f"no {n}") for n in range(PER_ACCOUNT + 5)]
    statuses = sorted(answer.status for answer in await all_of(*guesses))
    late = await sign_in(trusting)

    assert statuses == [400] * PER_ACCOUNT + [429] * 5
    assert late.status == 429
    assert int(late.headers["Retry-After"]) > 0


async def test_more_scope_than_the_client_has_is_refused(trusting: Server) -> None:
    answer = await sign_in(trusting, scope="openid write:orders")

    assert answer.error == (400, "invalid_scope")


async def test_revoking_a_persons_tokens_ends_the_grant(trusting: Server) -> None:
    answer = await sign_in(trusting, scope="openid")
    token = answer.body["access_token"]
    assert (await introspect(trusting, token, auth=TRUSTED))["sub"]

    alice = await trusting.known.directory.find("alice")
    assert alice is not None
    await trusting.known.commands.run(
        USER,
        alice,
        lambda state: user.invalidate_tokens(
            state, reason="test", now=trusting.known.clock.now()
        ),
        source=SOURCE,
    )

    assert not await is_active(trusting, token, auth=TRUSTED)


# Somebody with a second factor


def otp(server: Server, *, ahead: int = 0) -> str:
    """The code of now, or of a clock that is some seconds ahead."""
    return pyotp.TOTP(TOTP_SECRET).at(server.known.clock.now() + ahead)


async def with_otp(server: Server, mfa_token: str, code: str, **form: Any) -> Answer:
    given = {"auth": TRUSTED, "grant_type": MFA_OTP, "mfa_token": mfa_token, **form}
    return await post(server, "/oauth/token", otp=code, **given)


async def test_a_second_factor_is_asked_for(trusting: Server) -> None:
    answer = await sign_in(trusting, "bob", scope="openid email")

    assert answer.error == (403, "mfa_required")
    assert answer.body.keys() == {"error", "error_description", "mfa_token"}


async def test_the_second_factor_completes_it(trusting: Server) -> None:
    """And what was asked first is what is given, no more."""
    half = await sign_in(trusting, "bob", scope="openid email")

    answer = await with_otp(
        trusting, half.body["mfa_token"], otp(trusting), scope="openid read:orders"
    )

    assert answer.status == 200
    assert answer.body["scope"] == "openid email"
    assert claims(answer.body["id_token"])["amr"] == ["pwd", "otp", "mfa"]


async def test_a_code_completes_one_of_many_racers(trusting: Server) -> None:
    half = await sign_in(trusting, "bob", scope="openid")
    code = otp(trusting)

    racers = [with_otp(trusting, half.body["mfa_token"], code) for _ in range(5)]
    statuses = [answer.status for answer in await all_of(*racers)]

    assert statuses.count(200) == 1


async def test_an_mfa_token_is_used_once(trusting: Server) -> None:
    """With a later code too, which would be good itself; a wrong one spends nothing."""
    token = (await sign_in(trusting, "bob", scope="openid")).body["mfa_token"]

    wrong = await with_otp(trusting, token, "wrong")
    first = await with_otp(trusting, token, otp(trusting))
    again = await with_otp(trusting, token, otp(trusting, ahead=30))

    assert wrong.error == again.error == (400, "invalid_grant")
    assert first.status == 200


async def test_another_clients_mfa_token_is_worth_nothing(trusting: Server) -> None:
    half = await sign_in(trusting, "bob", scope="openid")
    token, code = half.body["mfa_token"], otp(trusting)

    stolen = await with_otp(trusting, token, code, auth=("other", WEB_SECRET))
    forged = await with_otp(trusting, f"{token[:-2]}xx", code)

    assert stolen.error == forged.error == (400, "invalid_grant")


async def test_an_mfa_token_waits_ten_minutes_at_most(trusting: Server) -> None:
    half = await sign_in(trusting, "bob", scope="openid")
    trusting.clock.shift = 600

    late = await with_otp(trusting, half.body["mfa_token"], otp(trusting))

    assert late.error == (400, "invalid_grant")


async def test_who_was_disabled_in_between_gets_nothing(trusting: Server) -> None:
    half = await sign_in(trusting, "bob", scope="openid")
    bob = await trusting.known.directory.find("bob")
    assert bob is not None
    await trusting.known.commands.run(
        USER,
        bob,
        lambda state: user.disable(state, reason="x", now=trusting.known.clock.now()),
        source=SOURCE,
    )

    answer = await with_otp(trusting, half.body["mfa_token"], otp(trusting))

    assert answer.error == (400, "invalid_grant")
