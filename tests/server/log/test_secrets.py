"""Keys of persons, credentials, the server's roots: wrapped, forgettable, bound."""

import asyncio
from base64 import b64encode

import pytest

from server.clock import new_id, secret_bytes
from server.log import server_keys
from server.log.credentials import Credential, Credentials
from server.log.kek import BadSecrets, CannotOpen, Keks
from server.log.log import Log
from server.log.people import PersonKeys
from tests.server.log.stories import sql


def kek_text(name: str, fill: int) -> str:
    return f"{name}:{b64encode(bytes([fill] * 32)).decode()}"


OLD, NEW = kek_text("old", 1), kek_text("new", 2)


@pytest.fixture
def keks() -> Keks:
    return Keks.parse(OLD, secret_bytes=secret_bytes)


@pytest.fixture
def people(log: Log, keks: Keks) -> PersonKeys:
    return PersonKeys(log.pool, keks, secret_bytes=secret_bytes)


@pytest.fixture
def credentials(log: Log, keks: Keks) -> Credentials:
    return Credentials(log.pool, keks)


async def test_what_is_sealed_for_a_person_opens_for_the_person(
    people: PersonKeys,
) -> None:
    alice = new_id()

    sealed = await people.seal(alice, b"Alice Adams")

    assert sealed is not None
    assert b"Alice" not in sealed
    assert await people.open(alice, sealed) == b"Alice Adams"


async def test_the_same_text_is_never_sealed_the_same(people: PersonKeys) -> None:
    alice = new_id()

    assert await people.seal(alice, b"x") != await people.seal(alice, b"x")


async def test_a_seal_opens_for_nobody_else(people: PersonKeys) -> None:
    alice, bob = new_id(), new_id()
    sealed = await people.seal(alice, b"Alice Adams")
    await people.create(bob)
    assert sealed is not None

    with pytest.raises(CannotOpen):
        await people.open(bob, sealed)
    with pytest.raises(CannotOpen):
        await people.open(alice, sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(CannotOpen):
        await people.open(alice, b"\x02" + sealed[1:])
    with pytest.raises(CannotOpen):
        await people.open(alice, sealed[:5])


async def test_a_person_who_was_erased_opens_nowhere_again(
    people: PersonKeys, log: Log, keks: Keks, database_url: str
) -> None:
    """What was sealed stays as it is and means nothing; no new key is ever made."""
    alice = new_id()
    sealed = await people.seal(alice, b"Alice Adams")
    assert sealed is not None

    await people.erase(alice)

    elsewhere = PersonKeys(log.pool, keks, secret_bytes=secret_bytes)
    for keys in (people, elsewhere):
        await keys.create(alice)
        assert await keys.open(alice, sealed) is None
        assert await keys.seal(alice, b"again") is None
    [row] = await sql(database_url, "select * from log.subject_key")
    assert (row["kek_id"], row["wrapped"]) == (None, None)
    assert row["erased_at"] is not None


async def test_somebody_unknown_can_be_erased_in_advance(people: PersonKeys) -> None:
    alice = new_id()

    await people.erase(alice)

    assert await people.seal(alice, b"x") is None


async def test_opening_makes_no_key(people: PersonKeys, database_url: str) -> None:
    assert await people.open(new_id(), b"\x01sealed elsewhere") is None
    assert await sql(database_url, "select from log.subject_key") == []


async def test_two_servers_that_meet_a_person_first_use_one_key(
    log: Log, keks: Keks
) -> None:
    alice = new_id()
    servers = [PersonKeys(log.pool, keks, secret_bytes=secret_bytes) for _ in range(5)]

    seals = await asyncio.gather(*(one.seal(alice, b"x") for one in servers))

    for sealed in seals:
        assert sealed is not None
        assert await servers[0].open(alice, sealed) == b"x"


async def test_an_erased_key_is_forgotten_elsewhere_within_seconds(
    people: PersonKeys, log: Log, keks: Keks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another process has in memory it looks up again after a while."""
    monkeypatch.setattr("server.log.people._REMEMBERED", 0.0)
    elsewhere = PersonKeys(log.pool, keks, secret_bytes=secret_bytes)
    alice = new_id()
    sealed = await elsewhere.seal(alice, b"Alice Adams")
    assert sealed is not None

    await people.erase(alice)

    assert await elsewhere.open(alice, sealed) is None


async def test_only_so_many_keys_are_kept_in_memory(
    people: PersonKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.log.people._CACHED", 3)
    for _ in range(10):
        await people.seal(new_id(), b"x")

    assert len(people._keys) == 3


async def test_after_a_rotation_old_wraps_open_and_new_ones_are_new(
    log: Log, people: PersonKeys, database_url: str
) -> None:
    """The first key of GRANTLOG_SECRETS wraps, every one of them unwraps."""
    alice, bob = new_id(), new_id()
    sealed = await people.seal(alice, b"Alice Adams")
    assert sealed is not None
    both = Keks.parse(f"{NEW}\n{OLD}\n", secret_bytes=secret_bytes)
    rotated = PersonKeys(log.pool, both, secret_bytes=secret_bytes)

    assert await rotated.open(alice, sealed) == b"Alice Adams"
    await rotated.create(bob)
    rows = await sql(database_url, "select kek_id from log.subject_key order by 1")
    assert [row[0] for row in rows] == ["new", "old"]


async def test_without_its_key_encryption_key_nothing_opens(
    log: Log, people: PersonKeys
) -> None:
    alice = new_id()
    sealed = await people.seal(alice, b"Alice Adams")
    other = Keks.parse(NEW, secret_bytes=secret_bytes)
    stranger = PersonKeys(log.pool, other, secret_bytes=secret_bytes)
    assert sealed is not None

    with pytest.raises(CannotOpen, match="no key 'old'"):
        await stranger.open(alice, sealed)


async def test_a_credential_is_there_until_a_later_one_replaces_it(
    credentials: Credentials,
) -> None:
    alice = new_id()

    assert await credentials.get(alice, "password") is None
    assert await credentials.put(alice, "password", version=1, secret=b"first")
    assert await credentials.put(alice, "password", version=2, secret=b"second")
    assert not await credentials.put(alice, "password", version=1, secret=b"late")
    assert await credentials.get(alice, "password") == Credential(2, b"second")


async def test_of_many_who_advance_to_one_version_one_does(
    credentials: Credentials,
) -> None:
    """So a one-time password counts once, however many bring it at once."""
    alice = new_id()

    first = await asyncio.gather(
        *(credentials.advance(alice, "totp_step", version=7) for _ in range(10))
    )

    assert sum(first) == 1
    assert not await credentials.advance(alice, "totp_step", version=6)
    assert await credentials.advance(alice, "totp_step", version=8)


async def test_credentials_are_removed_one_or_all(credentials: Credentials) -> None:
    alice, bob = new_id(), new_id()
    for who in (alice, bob):
        for kind in ("password", "totp"):
            await credentials.put(who, kind, version=1, secret=b"s")

    await credentials.remove(alice, "password")
    await credentials.remove(bob)

    assert await credentials.get(alice, "password") is None
    assert await credentials.get(alice, "totp") is not None
    assert await credentials.get(bob, "totp") is None


@pytest.mark.parametrize(
    "move",
    [
        "subject = 'a2b0c1d2-0000-7000-8000-000000000000'",
        "kind = 'totp'",
        "version = 2",
    ],
)
async def test_a_credential_copied_to_another_place_does_not_open(
    credentials: Credentials, database_url: str, move: str
) -> None:
    """Not another person's, not another kind, not an older one put back."""
    alice = new_id()
    await credentials.put(alice, "password", version=1, secret=b"hash")
    await sql(database_url, f"update log.credential set {move}")
    [row] = await sql(database_url, "select subject, kind from log.credential")

    with pytest.raises(CannotOpen):
        await credentials.get(row["subject"], row["kind"])


async def test_no_secret_lies_in_the_database_in_the_clear(
    credentials: Credentials,
    people: PersonKeys,
    log: Log,
    keks: Keks,
    database_url: str,
) -> None:
    alice = new_id()
    await credentials.put(alice, "password", version=1, secret=b"argon2-hash-of-alice")
    roots = await server_keys.load_or_create(log.pool, keks, secret_bytes=secret_bytes)

    tables = await sql(
        database_url,
        """select sealed as secret from log.credential
           union all select wrapped from log.server_key""",
    )

    for row in tables:
        assert b"argon2" not in row["secret"]
        assert roots["01"] not in row["secret"]


async def test_the_servers_roots_are_made_once(log: Log, keks: Keks) -> None:
    """Whoever comes later finds them, also when all come at once."""
    together = await asyncio.gather(
        *(
            server_keys.load_or_create(log.pool, keks, secret_bytes=secret_bytes)
            for _ in range(5)
        )
    )

    assert all(roots == together[0] for roots in together)
    assert [len(root) for root in together[0].values()] == [32]


async def test_one_more_root_sorts_after_the_old_ones(log: Log, keks: Keks) -> None:
    old = await server_keys.load_or_create(log.pool, keks, secret_bytes=secret_bytes)

    new = await server_keys.add(log.pool, keks, secret_bytes=secret_bytes)

    assert list(new) == ["01", "02"]
    assert new["01"] == old["01"]
    assert new["02"] != old["01"]


def test_secrets_are_read_from_lines_or_commas() -> None:
    for text in (f"{NEW},{OLD}", f"\n {NEW} \n\n{OLD}\n"):
        keks = Keks.parse(text, secret_bytes=secret_bytes)
        assert keks.current == "new"
        assert set(keks.keys) == {"new", "old"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "at least one"),
        (f"{OLD}\n{OLD}", "twice"),
        ("old", "key 1"),
        (f"{OLD}\n:{NEW}", "key 2"),
        ("old:AAAA", "key 1"),
        ("old:not base64!", "key 1"),
    ],
)
def test_secrets_that_cannot_be_used_are_not_quoted(text: str, problem: str) -> None:
    with pytest.raises(BadSecrets, match=problem) as refused:
        Keks.parse(text, secret_bytes=secret_bytes)

    assert "AAAA" not in str(refused.value)


def test_keys_are_not_shown(keks: Keks) -> None:
    assert "\\x01" not in repr(keks)
