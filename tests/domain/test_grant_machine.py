"""A grant that began at the authorization or the token endpoint, under fire."""

from functools import partial

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from typing_extensions import override

from domain import pushing
from domain.errors import InvalidRequestUri
from domain.grant import (
    Announced,
    CodeIssued,
    CodeRedeemed,
    CodeReplayed,
    Dead,
    Issued,
    Live,
)
from domain.issuing import issue, issue_code
from tests.domain.grant_machine import BEGIN, CLIENTS, GrantUnderFire, kinds
from tests.domain.grant_world import Decision, World
from tests.domain.grants import APPROVAL, CODE, PUSHED_REQUEST, VERIFIER

STARTS = ["code", "code and token", "tokens", "pushed"]
VERIFIERS = [VERIFIER] * 6 + [None, "x" * 43]


class BrowsersGrantUnderFire(GrantUnderFire):
    @initialize(
        start=st.sampled_from(STARTS),
        refresh_lifetime=st.sampled_from([10_000, 10_000, 10_000, 200, None]),
        lifetime=st.sampled_from([5, 60, 300, 3000]),
    )
    def begin(self, start: str, refresh_lifetime: int | None, lifetime: int) -> None:
        world = World(now=BEGIN, lifetime=lifetime, refresh_lifetime=refresh_lifetime)
        if start == "tokens":
            begin = partial(issue, mint=world.mint(), refresh_lifetime=refresh_lifetime)
            world.run(partial(begin, approval=APPROVAL))
        elif start == "pushed":
            world.run(partial(pushing.push, request=PUSHED_REQUEST))
        else:
            mint = world.mint() if start == "code and token" else None
            world.run(partial(issue_code, approval=APPROVAL, code=CODE, mint=mint))
        self.world = world

    @precondition(lambda self: isinstance(self.world.state, Dead))
    @rule(
        start=st.sampled_from(STARTS),
        refresh_lifetime=st.sampled_from([10_000, None]),
        lifetime=st.sampled_from([5, 300]),
    )
    def bury(self, start: str, refresh_lifetime: int | None, lifetime: int) -> None:
        """The next grant, so that a run is not spent on a dead one."""
        self.begin(start, refresh_lifetime, lifetime)

    # The pushed request

    def using(self) -> Decision:
        begin = partial(issue_code, approval=APPROVAL, code=CODE)
        return partial(pushing.use, begin=begin, now=self.world.now)

    @rule()
    def use(self) -> None:
        in_time = self.world.now < PUSHED_REQUEST.expires_at
        if isinstance(self.world.state, Announced) and in_time:
            assert kinds(self.world.run(self.using())) == [CodeIssued]
        else:
            with pytest.raises(InvalidRequestUri):
                self.using()(self.world.state)

    # The code

    @precondition(lambda self: self.world.code_is_out())
    @rule(client_id=st.sampled_from(CLIENTS), verifier=st.sampled_from(VERIFIERS))
    def redeem(self, client_id: str, verifier: str | None) -> None:
        decide = self.world.redemption(client_id=client_id, verifier=verifier)
        in_time = self.world.now < CODE.expires_at
        if client_id == "web" and verifier == VERIFIER and in_time:
            assert kinds(self.world.run(decide)) == [CodeRedeemed]
            assert isinstance(self.world.state, Live)
        else:
            self.refused(decide)

    @precondition(lambda self: not self.world.code_is_out())
    @rule(
        client_id=st.sampled_from(["web", "thief"]), verifier=st.sampled_from(VERIFIERS)
    )
    def redeem_again(self, client_id: str, verifier: str | None) -> None:
        decide = self.world.redemption(client_id=client_id, verifier=verifier)
        if isinstance(self.world.state, Announced | Dead) or client_id == "thief":
            self.refused(decide)
        else:
            assert self.world.run(decide) == (CodeReplayed(at=self.world.now),)
            assert isinstance(self.world.state, Dead)

    @override
    def racers(self) -> list[Decision]:
        redemption = self.world.redemption(client_id="web", verifier=VERIFIER)
        return [self.using(), redemption, *super().racers()]

    @invariant()
    def a_grant_begins_once(self) -> None:
        log = kinds(self.world.log)
        assert sum(kind in {CodeIssued, Issued} for kind in log) <= 1

    @invariant()
    def a_code_is_redeemed_once(self) -> None:
        assert kinds(self.world.log).count(CodeRedeemed) <= 1


BrowsersGrantUnderFire.TestCase.settings = settings(
    max_examples=60, stateful_step_count=50
)
test_a_grant_under_fire = BrowsersGrantUnderFire.TestCase
