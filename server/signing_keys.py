"""The life of signing keys: made, published ahead, active, retired, compromised.

A key is published before its first use, signs, is kept until its last token is
dead, and leaves at once when it is compromised (RFC 7517 §5, RFC 8725 §3.5). Its
life is a stream; its private half lies sealed in the credential table. Every
process holds the ring in memory and reads the log again each second.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final
from uuid import UUID

import structlog

from domain import signing_key
from domain.algorithms import OPENED_ALGS
from domain.signing_key import (
    SIGNING_KEY,
    Event,
    PublicKey,
    SigningKeyState,
    Unknown,
)
from domain.stream_id import named
from projections import codec
from server import jws, opening
from server.clock import Clock
from server.commands import Commands
from server.envelope import Source
from server.jws import ALGORITHMS, Signer
from server.key_ring import Known, Ring
from server.log.credentials import Credentials
from server.log.errors import KeyTaken, Unavailable
from server.log.log import Log
from server.log.values import Stored, UniqueKey
from server.opening import Opener
from server.token_lifetimes import longest

__all__ = ["ALGORITHMS", "SigningKeys"]

log = structlog.get_logger()

SLACK: Final = 300
"""Seconds that a retired key stays beyond its last token: clocks differ."""

JWKS_LIFETIME: Final = 300
"""Seconds that a cache may keep the JWKS."""

AHEAD: Final = JWKS_LIFETIME + 10
"""Seconds from a key's creation until everybody knows it: the last answer without it
may be some seconds younger, from a process that had not read the log again."""

EVERY: Final = (*ALGORITHMS, *OPENED_ALGS)
PRIVATE: Final = "private_key"
SLOT: Final = "signing_key_slot"
SLOT_LIFETIME: Final = 60
ATTEMPTS: Final = 20

Decide = Callable[[SigningKeyState], Sequence[Event]]


class SigningKeys:
    """The ring and everything that changes it."""

    def __init__(
        self,
        *,
        log: Log,
        credentials: Credentials,
        commands: Commands,
        clock: Clock,
        token_lifetime: int,
    ) -> None:
        """Hold no key yet: `ensure` or `refresh` brings them.

        `token_lifetime` is how long (seconds) a token lives at most where neither
        its API nor its client says so.
        """
        self._log = log
        self._credentials = credentials
        self._commands = commands
        self._clock = clock
        self._token_lifetime = token_lifetime
        self._ring = Ring()
        self._turn = asyncio.Lock()

    # What others ask

    def active(self, alg: str) -> Signer:
        """Return the key that signs now.

        Raises:
            Unavailable: there is none; `ensure` makes one.
        """
        signer = self._ring.active(alg)
        if signer is None:
            raise Unavailable("no_signing_key")
        return signer

    def signer(self, kid: str) -> Signer | None:
        """Return the key of that name, active or not, while it is believed."""
        return self._ring.signers.get(kid) if self.trusts(kid) else None

    def trusts(self, kid: str) -> bool:
        """Whether what the key has signed is believed."""
        return self._ring.trusts(kid, self._clock.now())

    def distrusts(self, kid: str) -> bool:
        """Whether the key is known not to be believed.

        One that nobody here has heard of yet, another process may have just made.
        """
        return kid in self._ring.states and not self.trusts(kid)

    def claims(self, text: str, *, typ: str) -> bytes | None:
        """Return the claims (JSON) of a token that one of the keys signed, else None.

        Only the signature is looked at: whose token it is, and whether it has
        expired, the claims say.
        """
        verifier = self._ring.verifier_of(text, typ)
        if verifier is None or not self.trusts(verifier.kid):
            return None
        return verifier.claims(text, typ)

    def algorithms(self) -> tuple[str, ...]:
        """Return the algorithms that a key signs with now."""
        return tuple(alg for alg in ALGORITHMS if self._ring.active(alg))

    def openers(self) -> list[Opener]:
        """Return the keys that others may have encrypted to."""
        return self._ring.opening(self._clock.now())

    def states(self) -> list[Known]:
        """Return every key that is known, as of the last refresh."""
        return list(self._ring.states.values())

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the JWK Set: current, next, previous."""
        return self._ring.jwks(self._clock.now())

    # What keeps it fresh

    async def refresh(self) -> None:
        """Read all keys from the log.

        Raises:
            Unavailable: the log can't be read; the ring stays as it was.
        """
        async with self._turn:  # what was read earlier must not come later
            stored = await self._log.heads(SIGNING_KEY.kind)
            states = {s.key.kid: s for s in map(_state, stored) if s is not None}
            fresh = [s for kid, s in states.items() if kid not in self._ring.states]
            halves = [await self._load(state) for state in fresh]
            self._ring = self._ring.with_states(
                states, halves=[half for half in halves if half is not None]
            )

    async def _load(self, state: Known) -> Signer | Opener | None:
        found = await self._credentials.get(_id(state.key.kid), PRIVATE)
        if found is None:
            await log.aerror("signing_keys.private_half_missing", kid=state.key.kid)
            return None
        ready = jws.signer if state.key.use == "sig" else opening.opener
        return ready(state.key, found.secret)

    # What changes it

    async def ensure(self, algorithms: Iterable[str] = EVERY) -> None:
        """See to it that each algorithm has a key in use and a next one.

        Several processes may do so at once: each place is claimed in the log.

        Raises:
            Unavailable: the log cannot answer; the same again is safe.
        """
        for _ in range(ATTEMPTS):
            await self.refresh()
            seen = self._ring
            lacking = [a for a in algorithms if not (seen.current(a) and seen.next(a))]
            if not lacking:
                return
            await asyncio.gather(*(self._fill(alg, seen) for alg in lacking))
        raise Unavailable("signing_keys")

    async def _fill(self, alg: str, seen: Ring) -> None:
        """Take one step towards a current and a next key, unless somebody else does."""
        with contextlib.suppress(KeyTaken):
            ahead = seen.next(alg)
            if seen.current(alg):
                await self._create(alg, signs=False, slot=self._slot(alg, seen))
            elif ahead is not None:
                await self._run(ahead.key.kid, self._activation())
            else:
                await self._create(alg, signs=True, slot=self._slot(alg, seen))

    def check_next(self, alg: str) -> None:
        """Let the next key pass if everybody knows it.

        Raises:
            Malformed: it was published too lately.
        """
        upcoming = self._ring.next(alg)
        if upcoming is not None:
            self._activation(ahead=AHEAD)(upcoming)

    async def rotate(self, alg: str, *, force: bool = False) -> str:
        """Let the next key sign, keep the old one until its tokens are dead.

        Returns the new key's name.

        Raises:
            Malformed: the next one was published too lately; `force` lets it sign.
        """
        await self.ensure((alg,))
        upcoming = self._ring.next(alg)
        if upcoming is None:
            raise Unavailable("signing_keys")
        kid = upcoming.key.kid
        await self._run(kid, self._activation(ahead=0 if force else AHEAD))
        until = self._clock.now() + await longest(self._log, self._token_lifetime)
        for old in self._ring.current(alg):
            if old.key.kid != kid:
                await self.retire(old.key.kid, until=until + SLACK)
        await self.ensure((alg,))
        return kid

    async def retire(self, kid: str, *, until: int) -> None:
        """Let the key sign no more; believe it until `until` (epoch seconds)."""
        now = self._clock.now()
        await self._run(kid, lambda s: signing_key.retire(s, until=until, now=now))

    async def compromise(self, kid: str) -> None:
        """Believe nothing of the key any more, and sign with another."""
        now = self._clock.now()
        outcome = await self._run(kid, lambda s: signing_key.compromise(s, now=now))
        if not isinstance(outcome, Unknown):
            await self.ensure((outcome.key.alg,))

    async def _create(self, alg: str, *, signs: bool, slot: UniqueKey) -> None:
        key = await asyncio.to_thread(jws.generate, alg)
        public = await asyncio.to_thread(jws.public_key, key, alg)
        # The private half first: a crash between the two leaves waste, not a key
        # that is published and cannot sign.
        stream_id = _id(public.kid)
        await self._credentials.put(
            stream_id, PRIVATE, version=1, secret=jws.to_bytes(key)
        )
        await self._commands.begin(
            SIGNING_KEY,
            stream_id,
            _creation(public, signs=signs, now=self._clock.now()),
            source=self._source(),
            keys=[slot],
        )

    def _slot(self, alg: str, seen: Ring) -> UniqueKey:
        # Whoever saw the same keys wants the same place: only one gets it.
        return UniqueKey(
            kind=SLOT,
            key=f"{alg}:{seen.count(alg)}".encode(),
            expires_at=self._clock.now() + SLOT_LIFETIME,
        )

    def _activation(self, *, ahead: int = 0) -> Decide:
        now = self._clock.now()
        return lambda state: signing_key.activate(state, now=now, ahead=ahead)

    async def _run(self, kid: str, decide: Decide) -> SigningKeyState:
        outcome = await self._commands.run(
            SIGNING_KEY, _id(kid), decide, source=self._source()
        )
        await self.refresh()
        return outcome.state

    def _source(self) -> Source:
        return Source(actor="system", request_id=str(self._clock.new_id()))


def _id(kid: str) -> UUID:
    return named(SIGNING_KEY.kind, kid)


def _state(stored: Stored) -> Known | None:
    state = codec.state_of(stored.kind, stored.state)
    return state if isinstance(state, Known) else None


def _creation(public: PublicKey, *, signs: bool, now: int) -> Decide:
    def decide(state: SigningKeyState) -> Sequence[Event]:
        created = signing_key.create(state, key=public, now=now)
        if not signs:
            return created
        published = SIGNING_KEY.fold(created, since=state)
        return (*created, *signing_key.activate(published, now=now))

    return decide
