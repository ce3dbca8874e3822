"""A grant under fire: any order of refreshing, retrying, replaying, revoking, racing
and waiting, and what holds through all of it, however it began."""

from collections.abc import Iterable

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)

from domain.errors import InvalidGrant
from domain.grant import (
    GRANT,
    LISTED_TOKENS,
    AccessTokenAdded,
    Carried,
    CodeReplayed,
    Dead,
    DeviceDenied,
    Live,
    Refreshed,
    RefreshReplayed,
    Revoked,
    expires_at,
    listed,
)
from domain.refreshing import Refreshment, answer
from domain.revocation import revoke, revoke_access_token
from tests.domain.grant_world import LEEWAY, Decision, Wish, World
from tests.domain.grants import APPROVAL

BEGIN = 100
WISHES: list[Wish] = [None, None, ("openid",), ("openid", "read")]
CLIENTS = ["web"] * 7 + ["thief"]


class GrantUnderFire(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World(now=BEGIN)

    @rule(seconds=st.sampled_from([-5, 1, 5, LEEWAY - 1, LEEWAY, 100]))
    def wait(self, seconds: int) -> None:
        """The next node's clock may be behind."""
        self.world.now += seconds

    def refused(self, decide: Decision) -> None:
        with pytest.raises(InvalidGrant):
            decide(self.world.state)

    # The refresh token: the newest, the one before it, older ones

    @precondition(lambda self: self.world.newest_refresh())
    @rule(wish=st.sampled_from(WISHES), client_id=st.sampled_from(CLIENTS))
    def refresh(self, wish: Wish, client_id: str) -> None:
        generation = self.world.generation()
        decide = self.world.refreshment(generation, wish, client_id=client_id)
        if client_id == "thief" or self.refresh_expired():
            self.refused(decide)
        else:
            assert kinds(self.world.run(decide)) == [Refreshed]
            self.check_answer(generation, wish)

    @precondition(lambda self: self.world.generation() > 1)
    @rule(wish=st.sampled_from(WISHES), client_id=st.sampled_from(CLIENTS))
    def retry(self, wish: Wish, client_id: str) -> None:
        """The answer was lost, or so it seems."""
        newest, generation = self.world.newest_refresh(), self.world.generation() - 1
        assert newest
        decide = self.world.refreshment(generation, wish, client_id=client_id)
        if client_id == "thief" or self.refresh_expired():
            self.refused(decide)
        elif self.world.now < newest.rotated_at + LEEWAY:
            assert kinds(self.world.run(decide)) in ([], [AccessTokenAdded])
            self.check_answer(generation, wish)
        else:
            self.replayed(decide, generation)

    @precondition(lambda self: self.world.generation() > 2)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        """Its successor was used: whoever comes with it, somebody stole it."""
        generation = data.draw(st.integers(1, self.world.generation() - 2))
        decide = self.world.refreshment(generation)
        if self.refresh_expired():
            self.refused(decide)
        else:
            self.replayed(decide, generation)

    def replayed(self, decide: Decision, generation: int) -> None:
        replay = RefreshReplayed(generation=generation, at=self.world.now)
        assert self.world.run(decide) == (replay,)
        assert isinstance(self.world.state, Dead)

    def refresh_expired(self) -> bool:
        newest = self.world.newest_refresh()
        return newest is not None and self.world.now >= newest.expires_at

    def check_answer(self, generation: int, wish: Wish) -> None:
        """It is alive and what was wished; a retry's is what it was."""
        state = self.world.state
        assert isinstance(state, Live)
        presented = Refreshment(client_id="web", generation=generation, scope=wish)
        token = answer(state, presented)
        assert token is not None
        assert self.world.alive(token)
        assert set(token.scope or APPROVAL.scope) == set(wish or APPROVAL.scope)
        assert self.world.generation() == generation + 1
        before = self.world.answers.get((generation, wish), token)
        assert token == before or not self.world.alive(before)
        self.world.answers[generation, wish] = token

    @precondition(lambda self: self.world.newest_refresh())
    @precondition(lambda self: len(self.world.given) < LISTED_TOKENS)
    @rule()
    def refresh_often(self) -> None:
        for _ in range(LISTED_TOKENS):
            self.refresh(wish=None, client_id="web")

    # Ends

    @rule()
    def revoke(self) -> None:
        now = self.world.now
        self.world.run(lambda state: revoke(state, reason="logout", now=now))

        assert isinstance(self.world.state, Dead)

    @precondition(lambda self: isinstance(self.world.state, Live))
    @rule(data=st.data())
    def revoke_access_token(self, data: st.DataObject) -> None:
        world = self.world
        number = data.draw(st.integers(0, len(world.given) + 1))
        alive = number in world.given and world.alive(world.given[number])
        events = world.run(
            lambda state: revoke_access_token(state, number=number, now=world.now)
        )

        assert not alive or events
        assert number not in world.given or not world.believed(number)

    @rule()
    def carry(self) -> None:
        before, carried = self.world.state, Carried(at=self.world.now)
        self.world.run(lambda _: (carried,))

        assert self.world.state == before

    # Races

    @rule(data=st.data())
    def race(self, data: st.DataObject) -> None:
        """Two decide on the same state: one append wins, the other decides again."""
        racers = st.sampled_from(self.racers())
        first, second = data.draw(racers), data.draw(racers)
        version = len(self.world.log)
        ours, theirs = self.world.attempt(first), self.world.attempt(second)

        assert self.world.append(version, ours)
        assert self.world.append(version, theirs) == (not ours)
        if ours:
            self.world.run(lambda _: self.world.attempt(second))

    def racers(self) -> list[Decision]:
        world, generation = self.world, self.world.generation()
        return [
            world.refreshment(generation),
            world.refreshment(max(1, generation - 1)),
            lambda state: revoke(state, reason="logout", now=world.now),
            lambda state: revoke_access_token(state, number=1, now=world.now),
        ]

    # What holds

    @invariant()
    def the_state_is_the_fold_of_the_events(self) -> None:
        assert self.world.state == GRANT.fold(self.world.log)

    @invariant()
    def the_end_is_the_end(self) -> None:
        """After a replay or a revocation no token passes, and nothing is added."""
        log = kinds(self.world.log)
        ends = [i for i, kind in enumerate(log) if kind in ENDS]
        assert len(ends) <= 1
        assert isinstance(self.world.state, Dead) == bool(ends)
        if ends:
            assert set(log[ends[0] + 1 :]) <= {Carried}
            assert not any(map(self.world.believed, self.world.given))

    @invariant()
    def a_token_passes_while_it_and_its_grant_are_alive(self) -> None:
        state = self.world.state
        if isinstance(state, Live):
            for number, token in self.world.given.items():
                assert self.world.believed(number) == self.world.alive(token)
                assert listed(state, number) in (None, token)
                assert number not in self.world.revoked or not listed(state, number)

    @invariant()
    def generations_only_grow_and_the_family_ends_when_it_was_meant_to(self) -> None:
        first = [e.refresh for e in self.world.log if hasattr(e, "refresh")][:1]
        later = [e.refresh for e in self.world.log if isinstance(e, Refreshed)]
        assert [r.generation for r in later] == list(range(2, len(later) + 2))
        assert {r.expires_at for r in later} <= {r.expires_at for r in first if r}

    @invariant()
    def it_is_kept_as_long_as_anything_of_it_may_live(self) -> None:
        """Dead ones too: until then somebody may come and ask."""
        until, newest = expires_at(self.world.state), self.world.newest_refresh()
        ends = {token.expires_at for token in self.world.given.values()}
        assert max(ends | {newest.expires_at if newest else 0}) <= (until or 0)

    @invariant()
    def its_state_stays_small(self) -> None:
        if isinstance(self.world.state, Live):
            assert len(self.world.state.tokens) <= LISTED_TOKENS


ENDS = {CodeReplayed, DeviceDenied, RefreshReplayed, Revoked}


def kinds(events: Iterable[object]) -> list[type]:
    return [type(event) for event in events]
