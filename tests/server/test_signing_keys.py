"""A signing key's life, seen by one process and by its neighbours (RFC 7517 §5)."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest

from domain.errors import Malformed
from domain.signing_key import Current, Distrusted, Next, Previous
from server import app as server_app, signing_keys
from server.log.errors import Unavailable
from server.log.values import Stored
from server.services import Services
from tests.server.clients import ShiftingClock, register_api, register_client
from tests.server.conftest import settings_for

FAST = ("ES256",)


@pytest.fixture
async def known(database_url: str, redis_url: str) -> AsyncIterator[Services]:
    """One process over an empty database."""
    async with process(database_url, redis_url) as services:
        yield services


@pytest.fixture
async def neighbour(
    known: Services, database_url: str, redis_url: str
) -> AsyncIterator[Services]:
    """Another process over the same."""
    async with process(database_url, redis_url) as services:
        yield services


@contextlib.asynccontextmanager
async def process(database_url: str, redis_url: str) -> AsyncIterator[Services]:
    settings = settings_for(database_url, redis_url)
    async with server_app.open_services(settings, clock=ShiftingClock()) as services:
        yield services


def kids(known: Services) -> list[str]:
    return [key["kid"] for key in known.signing.jwks()["keys"]]


def states(known: Services) -> dict[str, str]:
    return {s.key.kid: type(s).__name__ for s in known.signing.states()}


def later(known: Services, seconds: int) -> None:
    assert isinstance(known.clock, ShiftingClock)
    known.clock.shift += seconds


async def test_without_keys_nothing_is_signed(known: Services) -> None:
    """An answer to try again, not a token without a signature."""
    with pytest.raises(Unavailable):
        known.signing.active("ES256")


async def test_every_algorithm_gets_a_current_and_a_next_key(known: Services) -> None:
    """The next one is published before it signs: caches know it in time."""
    await known.signing.ensure()

    assert known.signing.algorithms() == ("RS256", "ES256", "PS256", "EdDSA")
    for alg in known.signing.algorithms():
        kinds = {type(s) for s in known.signing.states() if s.key.alg == alg}
        assert kinds == {Current, Next}


async def test_to_ensure_again_changes_nothing(known: Services) -> None:
    """Every start does it."""
    await known.signing.ensure(FAST)
    before = states(known)

    await known.signing.ensure(FAST)

    assert states(known) == before


async def test_processes_that_start_together_make_one_set(
    known: Services, neighbour: Services
) -> None:
    """Each place is claimed in the log: no two current keys, no two next ones."""
    await asyncio.gather(
        *(one.signing.ensure(FAST) for one in (known, neighbour) for _ in range(3))
    )
    await known.signing.refresh()
    await neighbour.signing.refresh()

    assert sorted(states(known).values()) == ["Current", "Next"]
    assert states(known) == states(neighbour)
    assert known.signing.active("ES256").kid == neighbour.signing.active("ES256").kid


async def test_a_neighbour_signs_with_the_same_key(
    known: Services, neighbour: Services
) -> None:
    """The private half travels sealed, in the credential table."""
    await known.signing.ensure(FAST)
    await neighbour.signing.refresh()

    ours = known.signing.active("ES256").compact("JWT", b"{}")
    theirs = neighbour.signing.active("ES256").compact("JWT", b"{}")

    assert ours == theirs
    assert neighbour.signing.claims(ours, typ="JWT") == b"{}"


async def test_rotation_activates_the_next_key_and_keeps_the_old_one(
    known: Services, neighbour: Services
) -> None:
    """Until its last token is dead; neighbours learn of it at their next look."""
    await known.signing.ensure(FAST)
    await neighbour.signing.refresh()
    before = known.signing.active("ES256")
    text = before.compact("JWT", b"{}")
    published = kids(known)
    later(known, signing_keys.AHEAD)

    kid = await known.signing.rotate("ES256")

    assert kid in published  # it was published ahead
    assert known.signing.active("ES256").kid == kid != before.kid
    assert sorted(states(known).values()) == ["Current", "Next", "Previous"]
    assert before.kid in kids(known)
    assert known.signing.claims(text, typ="JWT") == b"{}"
    assert known.signing.signer(before.kid) is not None
    await neighbour.signing.refresh()
    assert neighbour.signing.active("ES256").kid == kid


async def test_a_key_that_caches_may_not_know_does_not_sign_yet(
    known: Services,
) -> None:
    """Whoever keeps the JWKS would refuse its tokens; nothing has changed, and in time
    it signs. So a rotation that was sent twice rotates once."""
    await known.signing.ensure(FAST)
    before = states(known)
    later(known, signing_keys.JWKS_LIFETIME)

    with pytest.raises(Malformed, match="caches may not know it"):
        known.signing.check_next("ES256")
    with pytest.raises(Malformed) as refusal:
        await known.signing.rotate("ES256")
    assert refusal.value.reason == "KEY_TOO_NEW"
    assert states(known) == before

    later(known, signing_keys.AHEAD - signing_keys.JWKS_LIFETIME)
    known.signing.check_next("ES256")
    await known.signing.rotate("ES256")
    with pytest.raises(Malformed):
        await known.signing.rotate("ES256")


async def test_a_stolen_key_is_replaced_by_one_however_new(known: Services) -> None:
    """Tokens that some refuse for minutes are better than tokens of a thief."""
    await known.signing.ensure(FAST)
    stolen = known.signing.active("ES256").kid

    await known.signing.compromise(stolen)

    assert known.signing.active("ES256").kid != stolen


async def test_a_retired_key_leaves_when_its_last_token_is_dead(
    known: Services,
) -> None:
    """The longest lifetime of any API or client decides."""
    await register_api(known, "https://slow.example/", token_lifetime=7200)
    await register_client(known, "slower", access_token_lifetime=9000)
    await known.signing.ensure(FAST)
    before = known.signing.active("ES256")
    text = before.compact("JWT", b"{}")

    await known.signing.rotate("ES256", force=True)

    later(known, 9000 + signing_keys.SLACK - 60)
    assert known.signing.claims(text, typ="JWT") == b"{}"
    later(known, 120)
    assert known.signing.claims(text, typ="JWT") is None
    assert before.kid not in kids(known)
    assert known.signing.signer(before.kid) is None


async def test_a_compromised_key_leaves_at_once(known: Services) -> None:
    """Nothing it signed is believed, and another key signs."""
    await known.signing.ensure(FAST)
    stolen = known.signing.active("ES256")
    text = stolen.compact("JWT", b"{}")

    await known.signing.compromise(stolen.kid)

    assert stolen.kid not in kids(known)
    assert known.signing.claims(text, typ="JWT") is None
    assert known.signing.distrusts(stolen.kid)
    assert known.signing.active("ES256").kid != stolen.kid
    assert sorted(states(known).values()) == ["Current", "Distrusted", "Next"]


async def test_a_slow_look_at_the_keys_undoes_no_later_one(
    known: Services, neighbour: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a neighbour distrusts meanwhile is not believed again."""
    await known.signing.ensure(FAST)
    stolen = known.signing.active("ES256").kid
    before = await known.log.heads("signing_key")
    await neighbour.signing.compromise(stolen)
    after = await known.log.heads("signing_key")
    arrived = asyncio.Event()

    async def late() -> list[Stored]:
        await arrived.wait()
        return before

    async def at_once() -> list[Stored]:
        return [one for one in after if one.stream_id in {b.stream_id for b in before}]

    answers = iter([late(), at_once()])
    monkeypatch.setattr(known.log, "heads", lambda _: next(answers))
    looks = [asyncio.create_task(known.signing.refresh()) for _ in range(2)]
    for _ in range(9):  # as far as they get
        await asyncio.sleep(0)
    arrived.set()
    await asyncio.gather(*looks)

    assert known.signing.distrusts(stolen)


async def test_losing_every_key_at_once_is_survived(known: Services) -> None:
    """Both the current and the next are stolen: new ones are made."""
    await known.signing.ensure(FAST)
    stolen = list(states(known))

    for kid in stolen:
        await known.signing.compromise(kid)

    assert known.signing.active("ES256").kid not in stolen
    assert all(kid not in kids(known) for kid in stolen)


async def test_two_operators_rotate_at_once(
    known: Services, neighbour: Services
) -> None:
    """Every algorithm still has one current and one next key."""
    await known.signing.ensure(FAST)
    await neighbour.signing.refresh()

    await asyncio.gather(
        known.signing.rotate("ES256", force=True),
        neighbour.signing.rotate("ES256", force=True),
    )
    await known.signing.refresh()

    kinds = [type(s) for s in known.signing.states()]
    assert kinds.count(Current) == kinds.count(Next) == 1
    assert kinds.count(Previous) in {1, 2}
    assert Distrusted not in kinds


async def test_no_private_half_is_in_the_log(known: Services) -> None:
    """The events hold the public JWK and nothing else."""
    await known.signing.ensure(FAST)

    for stored in await known.log.heads("signing_key"):
        key = json.loads(stored.state)["key"]
        assert key.keys() == {"kid", "alg", "kty", "crv", "x", "y"}
