"""A grant that a device began, under fire: buttons and polls at any time."""

from functools import partial
from uuid import UUID

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from typing_extensions import override

from domain import device
from domain.device import approve, ask, deny
from domain.errors import OAuthError
from domain.grant import (
    CodeReplayed,
    Dead,
    DeviceAllowed,
    DeviceApproved,
    DeviceAsked,
    DeviceDenied,
    DeviceRedeemed,
    Live,
    listed,
)
from domain.session import Active
from tests.domain.grant_machine import BEGIN, CLIENTS, GrantUnderFire, kinds
from tests.domain.grant_world import Decision, World
from tests.domain.grants import ALICE, DEVICE_REQUEST, SESSION_ID

INTERVAL = DEVICE_REQUEST.interval
PEOPLE = [ALICE, ALICE, ALICE, UUID(int=7)]


class DevicesGrantUnderFire(GrantUnderFire):
    @initialize(
        refresh_lifetime=st.sampled_from([10_000, 10_000, 200, None]),
        lifetime=st.sampled_from([5, 60, 300, 3000]),
    )
    def begin(self, refresh_lifetime: int | None, lifetime: int) -> None:
        world = World(now=BEGIN, lifetime=lifetime, refresh_lifetime=refresh_lifetime)
        world.run(partial(ask, request=DEVICE_REQUEST))
        self.world = world

    def allowing(self, user_id: UUID) -> Decision:
        session = Active(
            user_id=user_id,
            secret_digest="d",
            started_at=1,
            auth_time=1,
            expires_at=99_999,
        )
        return partial(
            approve,
            session_id=SESSION_ID,
            session=session,
            allowed=DEVICE_REQUEST.scope,
            now=self.world.now,
        )

    def fetching(self, client_id: str = "web") -> Decision:
        return partial(
            device.redeem,
            client_id=client_id,
            mint=self.world.mint(),
            refresh_lifetime=self.world.refresh_lifetime,
            leeway=INTERVAL,
            now=self.world.now,
        )

    # The person

    @precondition(lambda self: self.waits())
    @rule(user_id=st.sampled_from(PEOPLE))
    def allow(self, user_id: UUID) -> None:
        assert kinds(self.world.run(self.allowing(user_id))) == [DeviceApproved]
        assert isinstance(self.world.state, DeviceAllowed)

    @precondition(lambda self: self.waits())
    @rule(user_id=st.sampled_from(PEOPLE))
    def deny(self, user_id: UUID) -> None:
        decide = partial(deny, user_id=user_id, now=self.world.now)

        assert kinds(self.world.run(decide)) == [DeviceDenied]
        assert isinstance(self.world.state, Dead)

    @precondition(lambda self: not self.waits())
    @rule(user_id=st.sampled_from(PEOPLE))
    def decide_again(self, user_id: UUID) -> None:
        """Too late, or the same again: nothing changes any more."""
        now, before = self.world.now, self.world.state
        self.world.run(lambda _: self.world.attempt(self.allowing(user_id)))
        self.world.run(
            lambda _: self.world.attempt(partial(deny, user_id=user_id, now=now))
        )

        assert self.world.state == before

    def waits(self) -> bool:
        return device.waiting(self.world.state, self.world.now) is not None

    # The device

    @precondition(lambda self: isinstance(self.world.state, DeviceAllowed))
    @rule(client_id=st.sampled_from(CLIENTS))
    def redeem(self, client_id: str) -> None:
        in_time = self.world.now < DEVICE_REQUEST.expires_at
        if client_id == "web" and in_time:
            assert kinds(self.world.run(self.fetching())) == [DeviceRedeemed]
            assert isinstance(self.world.state, Live)
        else:
            self.unheard(client_id)

    @precondition(lambda self: not isinstance(self.world.state, DeviceAllowed))
    @rule(client_id=st.sampled_from(CLIENTS))
    def redeem_again(self, client_id: str) -> None:
        """Or too early."""
        if client_id == "web" and self.is_replay():
            replay = CodeReplayed(at=self.world.now)
            assert self.world.run(self.fetching()) == (replay,)
            assert isinstance(self.world.state, Dead)
        else:
            self.unheard(client_id)

    def is_replay(self) -> bool:
        """Whether it is a copy's, rather than a poll that was under way together."""
        if not isinstance(self.world.state, Live):
            return False
        first = self.world.given[1]
        in_time = self.world.now < first.issued_at + INTERVAL
        return not in_time or listed(self.world.state, 1) is None

    def unheard(self, client_id: str) -> None:
        with pytest.raises(OAuthError):
            self.fetching(client_id)(self.world.state)

    @override
    def racers(self) -> list[Decision]:
        return [
            self.allowing(ALICE),
            partial(deny, user_id=UUID(int=7), now=self.world.now),
            self.fetching(),
            self.fetching(),
            *super().racers(),
        ]

    # What holds

    @invariant()
    def one_decision_and_one_answer(self) -> None:
        log = kinds(self.world.log)
        assert sum(kind in {DeviceApproved, DeviceDenied} for kind in log) <= 1
        assert log.count(DeviceRedeemed) <= log.count(DeviceApproved)

    @invariant()
    def tokens_rest_on_what_a_person_allowed(self) -> None:
        state = self.world.state
        if isinstance(state, DeviceAsked | Dead):
            return
        [approved] = [e for e in self.world.log if isinstance(e, DeviceApproved)]
        assert isinstance(state, DeviceAllowed | Live)
        assert state.approval == approved.approval


DevicesGrantUnderFire.TestCase.settings = settings(
    max_examples=60, stateful_step_count=50
)
test_a_device_grant_under_fire = DevicesGrantUnderFire.TestCase
