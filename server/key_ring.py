"""All our keys at one moment: which signs, is published, is believed, opens.

Pure: the ring is a value that `server/signing_keys.py` makes anew from the log.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from domain import signing_key
from domain.signing_key import Current, Distrusted, Next, Previous
from server import jws
from server.jws import Signer, Verifier
from server.opening import Opener

Known = Next | Current | Previous | Distrusted

_ORDER: Final = (Current, Next, Previous, Distrusted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Keys by `kid`; `signers`, `openers` have those whose private half is here."""

    states: Mapping[str, Known] = field(default_factory=dict)
    signers: Mapping[str, Signer] = field(default_factory=dict)
    openers: Mapping[str, Opener] = field(default_factory=dict)
    verifiers: Mapping[str, Verifier] = field(default_factory=dict)

    def active(self, alg: str) -> Signer | None:
        """Return the key that signs: of several, the one activated last."""
        return next(
            (
                self.signers[state.key.kid]
                for state in self.current(alg)
                if state.key.kid in self.signers
            ),
            None,
        )

    def current(self, alg: str) -> list[Current]:
        """Return the active keys, the one that signs first."""
        ours = [s for s in _of(alg, self.states) if isinstance(s, Current)]
        return sorted(ours, key=lambda s: (-s.activated_at, s.key.kid))

    def next(self, alg: str) -> Next | None:
        """Return the key that will sign: of several, the one published first."""
        ours = [s for s in _of(alg, self.states) if isinstance(s, Next)]
        return min(ours, key=lambda s: (s.created_at, s.key.kid), default=None)

    def count(self, alg: str) -> int:
        return len(list(_of(alg, self.states)))

    def opening(self, now: int) -> list[Opener]:
        """Return the keys that others may have encrypted to."""
        return [
            opener
            for kid, opener in self.openers.items()
            if signing_key.may_open(self.states[kid], now)
        ]

    def with_states(
        self, states: Mapping[str, Known], *, halves: Iterable[Signer | Opener]
    ) -> "Ring":
        """Return the ring as it is now; keys that have gone from it are forgotten.

        `halves` are the private ones of those that were not in it.
        """
        every = {**self.signers, **self.openers, **{new.kid: new for new in halves}}
        here = {kid: half for kid, half in every.items() if kid in states}
        return Ring(
            states=states,
            signers={k: half for k, half in here.items() if isinstance(half, Signer)},
            openers={k: half for k, half in here.items() if isinstance(half, Opener)},
            verifiers={
                kid: self.verifiers.get(kid) or jws.verifier(state.key)
                for kid, state in states.items()
                if state.key.use == "sig"
            },
        )

    def verifier_of(self, text: str, typ: str) -> Verifier | None:
        """Return the key that a token names in the header we write."""
        head = text.partition(".")[0]
        return next(
            (
                verifier
                for kid, verifier in self.verifiers.items()
                if head == jws.header(verifier.alg, kid, typ)
            ),
            None,
        )

    def trusts(self, kid: str, now: int) -> bool:
        """Whether what the key has signed is believed."""
        state = self.states.get(kid)
        return state is not None and signing_key.may_verify(state, now)

    def jwks(self, now: int) -> dict[str, list[dict[str, str]]]:
        """Return the JWK Set: current, next, previous (RFC 7517 §5)."""
        ordered = sorted(self.states.values(), key=lambda s: _ORDER.index(type(s)))
        published = (s for s in ordered if signing_key.publishable(s, now))
        return {"keys": [jws.jwk(state.key) for state in published]}


def _of(alg: str, states: Mapping[str, Known]) -> Iterable[Known]:
    return (state for state in states.values() if state.key.alg == alg)
