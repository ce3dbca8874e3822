"""People by name: registered once, readable by key only, forgotten for ever."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from domain.errors import AlreadyExists, NotFound
from domain.user import USER, Gone, Person, UserState
from server.directory import PASSWORD, TOTP
from server.log.errors import Unavailable
from server.profiles import profile_of
from server.services import Services
from server.usernames import UnusableName, normalized
from tests.server.clients import SOURCE
from tests.server.conftest import Server
from tests.server.log.stories import sql

TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


async def register(known: Services, username: str = "alice") -> UUID:
    return await known.directory.register(
        username=username,
        password="alice-password-1",
        email="alice@example.com",
        email_verified=True,
        claims={"name": "Alice Adams"},
        totp_secret=TOTP_SECRET,
        source=SOURCE,
    )


async def state_of(known: Services, user_id: UUID) -> UserState:
    return (await known.reading.truth(USER, user_id)).state


async def person(known: Services, user_id: UUID) -> Person:
    state = await state_of(known, user_id)
    assert isinstance(state, Person)
    return state


async def test_a_person_is_registered_with_roles_or_not_at_all(
    server: Server, furnished_url: str
) -> None:
    """One append: nobody is there for a moment without them."""
    roles = {"https://notes.example/": ("reader",)}
    user_id = await server.known.directory.register(
        username="alice", password="alice-password-1", roles=roles, source=SOURCE
    )

    transactions = "select count(distinct x) from log.event where stream_id = $1"
    [(appends,)] = await sql(furnished_url, transactions, user_id)
    assert (await person(server.known, user_id)).roles == roles
    assert appends == 1


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Alice", "alice"),
        ("  alice ", "alice"),
        ("\uff21\uff2c\uff29\uff23\uff25", "alice"),
        ("Straße", "strasse"),
        ("ﬁne", "fine"),
        ("ΟΔΥΣΣΕΥΣ", "οδυσσευσ"),
        ("e\u0301", "é"),
        ("Ann \u00a0 Lee", "ann lee"),
    ],
)
def test_a_name_has_one_spelling(written: str, name: str) -> None:
    """Width, case, ligatures and accents make no other person."""
    assert normalized(written) == name
    assert normalized(name) == name


@pytest.mark.parametrize(
    "written",
    [
        *("", "  ", "a\x00b", "a\nb", "admin\u202e", "a\u200bb", "\ud800", "a" * 257),
        *("\u3164", "a\u3164", "a\u115f", "a\uffa0", "a\u034fb", "a\ufe0f", "a\u2800"),
        *("a\u17b4", "a\u180b", "a\U000e0100"),
    ],
)
def test_a_name_that_cannot_be_read_is_refused(written: str) -> None:
    """Controls, direction marks, lone surrogates, letters that show nothing, nothing
    itself, and far too much."""
    with pytest.raises(UnusableName):
        normalized(written)


async def test_somebody_registered_is_found_by_any_spelling(server: Server) -> None:
    """And by no other name, usable or not."""
    user_id = await register(server.known)

    assert await server.known.directory.find("ALICE ") == user_id
    assert await server.known.directory.find("bob") is None
    assert await server.known.directory.find("a\x00") is None


async def test_the_profile_comes_back_as_claims(server: Server) -> None:
    """OIDC Core §5.1's names; the user name is preferred_username."""
    user_id = await register(server.known, "Alice")

    assert await server.known.directory.profile(user_id) == {
        "name": "Alice Adams",
        "preferred_username": "Alice",
        "email": "alice@example.com",
        "email_verified": True,
    }


async def test_claims_say_since_when_they_are_so(server: Server) -> None:
    """`updated_at` moves with the profile, unless the profile says another."""
    directory = server.known.directory
    user_id = await register(server.known)
    first = await directory.claims(user_id) or {}
    server.clock.shift = 100

    await directory.change_profile(user_id, {"name": "A"}, source=SOURCE)
    second = await directory.claims(user_id) or {}
    await directory.change_profile(user_id, {"updated_at": 7}, source=SOURCE)

    assert second == {"name": "A", "updated_at": second["updated_at"]}
    assert second["updated_at"] >= first["updated_at"] + 100
    assert await directory.claims(user_id) == {"updated_at": 7}


async def test_secrets_are_kept_apart_and_the_log_knows_their_version(
    server: Server,
) -> None:
    """A password as a hash, a second factor as it is, both with version 1."""
    user_id = await register(server.known)

    known = await person(server.known, user_id)
    assert known.credentials == {PASSWORD: 1, TOTP: 1}
    assert await server.known.directory.has_password(user_id, "alice-password-1")
    assert not await server.known.directory.has_password(user_id, "alice-password-2")
    assert await server.known.directory.secret(user_id, TOTP) == TOTP_SECRET


async def test_a_name_that_is_taken_stays_with_its_owner(server: Server) -> None:
    """Whatever the spelling; the first keeps name, profile and password."""
    user_id = await register(server.known)

    with pytest.raises(AlreadyExists):
        await server.known.directory.register(username="ALICE", source=SOURCE)

    assert await server.known.directory.find("alice") == user_id
    assert await server.known.directory.has_password(user_id, "alice-password-1")


async def test_of_two_who_want_a_name_at_once_one_gets_it(server: Server) -> None:
    """The unique key is claimed with the registration, in one statement."""
    wishes = [register(server.known) for _ in range(8)]

    answers = await asyncio.gather(*wishes, return_exceptions=True)

    winners = [one for one in answers if isinstance(one, UUID)]
    assert winners == [await server.known.directory.find("alice")]
    assert {type(one) for one in answers} == {UUID, AlreadyExists}


async def test_a_crash_before_the_event_lets_nobody_in_and_a_retry_works(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Key and secret are written first: alone they are reached by no name."""

    async def crash(*_: object, **__: object) -> None:
        raise Unavailable("crash")

    with monkeypatch.context() as patched:
        patched.setattr(server.known.commands, "begin", crash)
        with pytest.raises(Unavailable):
            await register(server.known)

    assert await server.known.directory.find("alice") is None
    user_id = await register(server.known)
    assert await server.known.directory.has_password(user_id, "alice-password-1")


async def test_a_profile_changes_only_if_it_differs(server: Server) -> None:
    """The same again appends nothing."""
    user_id = await register(server.known)
    directory = server.known.directory
    new = profile_of(username="alice", email="alice@new.example")

    assert await directory.change_profile(user_id, new, source=SOURCE)
    version = (await server.known.reading.truth(USER, user_id)).version
    assert not await directory.change_profile(user_id, new, source=SOURCE)

    assert await directory.profile(user_id) == new
    assert (await server.known.reading.truth(USER, user_id)).version == version


async def test_a_new_password_ends_what_the_old_one_had_started(
    server: Server,
) -> None:
    """The epoch kills grants that began by now; the old password is no good."""
    user_id = await register(server.known)
    directory = server.known.directory

    phc = await directory.hashed("alice-password-2")
    await directory.set_password(user_id, phc, source=SOURCE)

    known = await person(server.known, user_id)
    assert known.credentials[PASSWORD] == 2
    assert known.epoch >= known.registered_at > 0
    assert await directory.has_password(user_id, "alice-password-2")
    assert not await directory.has_password(user_id, "alice-password-1")


async def test_a_secret_the_log_does_not_know_is_not_there(server: Server) -> None:
    """A crash between the secret and its event leaves the next try to finish."""
    user_id = await register(server.known)

    await server.known.credentials.put(user_id, TOTP, version=2, secret=b"NEWER")

    assert await server.known.directory.secret(user_id, TOTP) is None
    await server.known.directory.set_totp(user_id, "NEWER", source=SOURCE)
    assert await server.known.directory.secret(user_id, TOTP) == "NEWER"


async def test_who_is_erased_is_forgotten_and_the_name_is_free(server: Server) -> None:
    """Key, secrets and name go; the state says that there was somebody."""
    user_id = await register(server.known)
    directory = server.known.directory

    await directory.erase(user_id, source=SOURCE)

    assert isinstance(await state_of(server.known, user_id), Gone)
    assert await directory.profile(user_id) is None
    assert await directory.find("alice") is None
    assert await server.known.credentials.get(user_id, PASSWORD) is None
    assert await register(server.known) != user_id


async def test_an_erasure_cut_short_is_finished_by_the_next(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name goes last, so that the same command finds its person again."""
    user_id = await register(server.known)

    async def crash(*_: object, **__: object) -> None:
        raise Unavailable("crash")

    with monkeypatch.context() as patched:
        patched.setattr(server.known.commands, "run", crash)
        with pytest.raises(Unavailable):
            await server.known.directory.erase(user_id, source=SOURCE)

    assert await server.known.directory.find("alice") == user_id
    await server.known.directory.erase(user_id, source=SOURCE)
    assert await server.known.directory.find("alice") is None


async def test_nobody_can_be_changed_who_is_not_there(server: Server) -> None:
    """An unknown id is no person."""
    stranger = server.known.clock.new_id()

    with pytest.raises(NotFound):
        await server.known.directory.set_totp(stranger, "X", source=SOURCE)


async def test_the_database_holds_nothing_that_names_a_person(
    server: Server,
) -> None:
    """Name, address and password are not in any table as they are."""
    await register(server.known)

    connection = await asyncpg.connect(server.known.settings.database_url)
    rows = await connection.fetch(
        "select t::text from log.event t union all select t::text from log.credential t"
        " union all select t::text from log.live_key t"
        " union all select t::text from log.subject_key t"
    )
    await connection.close()

    dump = "\n".join(row[0] for row in rows).lower()
    for secret in ("alice", "adams", "example.com", "argon2", TOTP_SECRET.lower()):
        assert secret not in dump
        assert secret.encode().hex() not in dump
