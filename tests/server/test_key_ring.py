"""Which key signs, which are published, which are believed."""

from domain.signing_key import Current, Distrusted, Next, Previous, PublicKey
from server import jws
from server.jws import Signer
from server.key_ring import Known, Ring

NOW = 1000


def key(kid: str, alg: str = "ES256") -> PublicKey:
    return PublicKey(kid=kid, alg=alg, kty="EC", crv="P-256", x="x", y="y")


def ring(*states: Known) -> Ring:
    return Ring(
        states={state.key.kid: state for state in states},
        signers={
            state.key.kid: Signer(
                kid=state.key.kid, alg=state.key.alg, sign=lambda message: message
            )
            for state in states
        },
    )


def test_the_current_key_of_the_algorithm_signs() -> None:
    """Not the next one, and no other algorithm's."""
    keys = ring(
        Next(key=key("next"), created_at=1),
        Current(key=key("now"), activated_at=1),
        Current(key=key("other", "EdDSA"), activated_at=9),
    )

    signer = keys.active("ES256")

    assert signer is not None
    assert signer.kid == "now"
    assert keys.active("RS256") is None


def test_of_two_current_keys_the_younger_signs() -> None:
    """A crash between activation and retirement leaves two for a while."""
    keys = ring(
        Current(key=key("old"), activated_at=1), Current(key=key("new"), activated_at=2)
    )

    signer = keys.active("ES256")

    assert signer is not None
    assert signer.kid == "new"


def test_a_key_without_its_private_half_does_not_sign() -> None:
    """Whoever lost it leaves the work to the other."""
    keys = Ring(
        states={
            "old": Current(key=key("old"), activated_at=1),
            "lost": Current(key=key("lost"), activated_at=2),
        },
        signers={"old": Signer(kid="old", alg="ES256", sign=lambda message: message)},
    )

    signer = keys.active("ES256")

    assert signer is not None
    assert signer.kid == "old"


def test_current_next_and_previous_are_published() -> None:
    """In that order; what is over or compromised is not."""
    keys = ring(
        Previous(key=key("over"), until=NOW),
        Previous(key=key("before"), until=NOW + 1),
        Distrusted(key=key("stolen"), at=1),
        Next(key=key("ahead"), created_at=1),
        Current(key=key("now"), activated_at=1),
    )

    published = [jwk["kid"] for jwk in keys.jwks(NOW)["keys"]]

    assert published == ["now", "ahead", "before"]


def test_only_what_is_published_is_believed() -> None:
    """RFC 8725 §3.10: nothing that a retired or stolen key says."""
    keys = ring(
        Previous(key=key("over"), until=NOW),
        Previous(key=key("before"), until=NOW + 1),
        Distrusted(key=key("stolen"), at=1),
        Next(key=key("ahead"), created_at=1),
    )

    believed = {kid for kid in [*keys.states, "unknown"] if keys.trusts(kid, NOW)}

    assert believed == {"before", "ahead"}


def test_a_ring_forgets_keys_that_have_gone() -> None:
    """Private halves do not stay in memory longer than their key."""
    before = ring(Current(key=key("gone"), activated_at=1))
    made = jws.generate("ES256")
    public = jws.public_key(made, "ES256")

    after = before.with_states(
        {public.kid: Current(key=public, activated_at=2)},
        halves=[jws.signer(public, jws.to_bytes(made))],
    )

    assert set(after.signers) == set(after.verifiers) == {public.kid}
