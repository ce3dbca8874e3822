"""How long a browser's session goes on, and whom it is good for (OWASP ASVS 7.3)."""

from domain.grant import Coded
from domain.session import SESSION, Active
from domain.stream_id import from_text
from tests.house import House
from tests.visitor import Visitor, request_for, url_of


async def test_a_session_that_nobody_uses_ends_sooner(
    house: House, visitor: Visitor
) -> None:
    await visitor.come_in()
    house.clock.shift = house.known.settings.session_idle_lifetime

    login = await visitor.authorize("trusted")

    assert "login-form" in login.forms


async def test_use_keeps_it_awake_and_appends_nothing(
    house: House, visitor: Visitor
) -> None:
    """Until it ends by itself, however much it is used."""
    await visitor.come_in()
    session_id = from_text((visitor.cookie() or "").partition(".")[0])
    assert session_id is not None
    settings = house.known.settings

    for _ in range(3):
        house.clock.shift += settings.session_lifetime // 4
        assert "code" in (await visitor.authorize("trusted", prompt="none")).answer
    assert len(await house.known.log.read(session_id)) == 2  # started, client joined
    house.clock.shift += settings.session_lifetime // 4 + 1

    assert "login-form" in (await visitor.authorize("trusted")).forms


async def test_the_cookie_is_new_now_and_then(house: House, visitor: Visitor) -> None:
    """Ten times in an idle lifetime, on whatever page the person is."""
    await visitor.come_in()
    first = visitor.cookie()
    tenth = house.known.settings.session_idle_lifetime // 10

    house.clock.shift = tenth - 60
    assert (await visitor.get("/logged-out")).cookies == []
    house.clock.shift = tenth
    [cookie] = (await visitor.get("/logged-out")).cookies
    assert (await visitor.get("/logged-out")).cookies == []

    assert cookie.startswith("__Host-grantlog=")
    assert "HttpOnly; Path=/; SameSite=Lax; Secure" in cookie
    assert visitor.cookie() != first


async def test_a_copy_of_the_cookie_does_not_live_by_others_use(
    house: House, visitor: Visitor, stranger: Visitor
) -> None:
    """What was stolen and kept is idle, though the session is not."""
    await visitor.come_in()
    stolen = visitor.cookie()
    half = house.known.settings.session_idle_lifetime // 2
    for _ in range(2):
        house.clock.shift += half
        await visitor.authorize("trusted")

    asked = url_of(house.issuer, "/authorize", **request_for("trusted", prompt="none"))
    back = await stranger.get(asked, Cookie=f"__Host-grantlog={stolen}")

    assert back.answer["error"] == "login_required"
    assert "code" in (await visitor.authorize("trusted", prompt="none")).answer


async def test_nobody_makes_a_session_look_used(
    house: House, visitor: Visitor, stranger: Visitor
) -> None:
    """The time of the last use is under a MAC."""
    await visitor.come_in()
    named, secret, used_at, mac = (visitor.cookie() or "").split(".")
    asked = url_of(house.issuer, "/authorize", **request_for("trusted", prompt="none"))

    for cookie in (
        f"{named}.{secret}.{int(used_at) + 1}.{mac}",
        f"{named}.{secret}.{used_at}.",
        f"{named}.{secret}.{used_at}",
        f"{named}.{secret}",
    ):
        back = await stranger.get(asked, Cookie=f"__Host-grantlog={cookie}")
        assert back.answer["error"] == "login_required"


# Single sign-on


async def test_one_sign_in_is_enough_for_every_client(
    house: House, visitor: Visitor
) -> None:
    """Each asks for its own consent; all learn of the same session and sign-in."""
    await visitor.come_in()
    session_id = from_text((visitor.cookie() or "").partition(".")[0])
    assert session_id is not None

    consent = await visitor.authorize("web")
    assert "consent-form" in consent.forms
    back = await visitor.allow(consent)

    artefact = house.known.keys.authentic(back.answer["code"], "ac")
    assert artefact is not None
    grant = (await house.known.reading.live(artefact.stream_id)).grant.state
    state = (await house.known.reading.truth(SESSION, session_id)).state
    assert isinstance(grant, Coded)
    assert isinstance(state, Active)
    assert grant.approval.session_id == session_id
    assert grant.approval.auth_time == state.auth_time
    assert state.clients == ("trusted", "web")
