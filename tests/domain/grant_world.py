"""A grant's log, its clock, and what the world has seen come out of it."""

from collections.abc import Callable, Sequence

import msgspec

from domain.errors import OAuthError
from domain.grant import (
    GRANT,
    AccessToken,
    AccessTokenAdded,
    AccessTokenRevoked,
    Coded,
    CodeIssued,
    CodeRedeemed,
    DeviceRedeemed,
    Event,
    GrantState,
    Issued,
    Live,
    Mint,
    Refresh,
    Refreshed,
    is_unrevoked,
)
from domain.redemption import Redemption, redeem
from domain.refreshing import Refreshment, refresh
from tests.domain.grants import REDEMPTION, mint_at

Decision = Callable[[GrantState], Sequence[Event]]
Wish = tuple[str, ...] | None
"""The scope that a refresh asks for."""

LEEWAY = 30


class World:
    """Decisions append at the version they were taken on, or not at all."""

    def __init__(
        self, *, now: int, lifetime: int = 300, refresh_lifetime: int | None = None
    ) -> None:
        self.now = now
        self.lifetime = lifetime
        self.refresh_lifetime = refresh_lifetime
        self.log: list[Event] = []
        self.state: GrantState = GRANT.initial
        self.given: dict[int, AccessToken] = {}
        self.revoked: set[int] = set()
        self.answers: dict[tuple[int, Wish], AccessToken] = {}

    def run(self, decide: Decision) -> tuple[Event, ...]:
        """Decide on what stands and append it; nobody is in between."""
        events = tuple(decide(self.state))
        assert self.append(len(self.log), events)
        return events

    def attempt(self, decide: Decision) -> tuple[Event, ...]:
        """What would be appended; nothing for a refusal."""
        try:
            return tuple(decide(self.state))
        except OAuthError:
            return ()

    def append(self, expected: int, events: Sequence[Event]) -> bool:
        """Compare and set: what was decided on an older state does not count."""
        if expected != len(self.log):
            return False
        for event in events:
            self.log.append(event)
            self._see(event)
        self.state = stored(GRANT.fold(events, since=self.state))
        return True

    def _see(self, event: Event) -> None:
        match event:
            case (
                CodeIssued(token=AccessToken() as token)
                | CodeRedeemed(token=token)
                | DeviceRedeemed(token=token)
                | Issued(token=AccessToken() as token)
                | Refreshed(token=token)
                | AccessTokenAdded(token=token)
            ):
                assert token.number == len(self.given) + 1
                self.given[token.number] = token
            case AccessTokenRevoked(number=number):
                self.revoked.add(number)
            case _:
                pass

    # What may be decided

    def mint(self, wish: Wish = None) -> Mint:
        return mint_at(self.now, lifetime=self.lifetime, scope=wish)

    def redemption(self, *, client_id: str, verifier: str | None) -> Decision:
        presented = Redemption(
            client_id=client_id,
            redirect_uri=REDEMPTION.redirect_uri,
            code_verifier=verifier,
        )
        return lambda state: redeem(
            state,
            presented,
            mint=self.mint(),
            refresh_lifetime=self.refresh_lifetime,
            now=self.now,
        )

    def refreshment(
        self, generation: int, wish: Wish = None, *, client_id: str = "web"
    ) -> Decision:
        presented = Refreshment(client_id=client_id, generation=generation, scope=wish)
        return lambda state: refresh(
            state, presented, mint=self.mint(wish), leeway=LEEWAY, now=self.now
        )

    # What an API that introspects would hear

    def alive(self, token: AccessToken) -> bool:
        """Whether the token is to pass, as far as its grant does."""
        return token.number not in self.revoked and self.now < token.expires_at

    def believed(self, number: int) -> bool:
        """Whether the state lets the token pass, listed or by its signature."""
        return (
            isinstance(self.state, Live)
            and number <= self.state.issued
            and is_unrevoked(self.state, number)
            and self.now < self.given[number].expires_at
        )

    def code_is_out(self) -> bool:
        return isinstance(self.state, Coded) or (
            isinstance(self.state, Live) and self.state.code is not None
        )

    def newest_refresh(self) -> Refresh | None:
        return self.state.refresh if isinstance(self.state, Live) else None

    def generation(self) -> int:
        newest = self.newest_refresh()
        return newest.generation if newest else 1


def stored(state: GrantState) -> GrantState:
    """The state as the next request reads it."""
    return _DECODER.decode(msgspec.json.encode(state))


_DECODER: msgspec.json.Decoder[GrantState] = msgspec.json.Decoder(GrantState)
