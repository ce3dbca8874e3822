"""What a client may do to its own registration (RFC 7592)."""

from typing import Any

import pytest
from msgspec.structs import replace

from domain.client import CLIENT, Changed, Event, Registered, Removed, SecretRotated
from domain.client_metadata import ApiAccess
from domain.errors import InvalidClientMetadata, InvalidToken
from domain.registration_management import Revision, remove, revise
from domain.self_registration import described
from tests.domain.story import Given, given

SAID = {"redirect_uris": ["https://app.example/cb"]}
WEB = described(SAID, client_id="web", api_scopes=())
REGISTERED = Registered(metadata=WEB, at=10, secret="<s>", by_itself=True)


def digest(secret: str) -> str:
    return f"<{secret}>"


def updating(known: Given[Any, Event], generation: int = 0, **said: Any) -> Any:
    revision = Revision(
        said={"client_id": "web", **SAID, **said},
        generation=generation,
        digest=digest,
        api_scopes=(),
        development=False,
    )
    return known.when(revise, revision, fresh_secret="<fresh>", now=50)


def test_the_operators_word_outlives_an_update() -> None:
    access = (ApiAccess(api="https://api/", scopes=("read",)),)
    before = replace(
        WEB, api_access=access, require_pkce=True, refresh_token_lifetime=60
    )
    state = updating(
        given(CLIENT, Registered(metadata=before, at=10)), client_name="New"
    ).then(Changed(metadata=replace(before, client_name="New"), at=50))

    assert state.metadata.api_access == access


def test_only_a_client_that_had_no_secret_gets_one() -> None:
    public: dict[str, Any] = {"token_endpoint_auth_method": "none"}
    post: dict[str, Any] = {"token_endpoint_auth_method": "client_secret_post"}
    with_post = described({**SAID, **post}, client_id="web", api_scopes=())

    updating(given(CLIENT, REGISTERED), **post).then(Changed(metadata=with_post, at=50))

    spa = described({**SAID, **public}, client_id="web", api_scopes=())
    updating(given(CLIENT, Registered(metadata=spa, at=10)), **post).then(
        Changed(metadata=replace(with_post, require_pkce=True), at=50),
        SecretRotated(secret="<fresh>", previous_until=50, at=50),
    )


def test_an_update_is_of_this_client() -> None:
    """The current secret may be said again; no other, and no other name."""
    known = given(CLIENT, REGISTERED)

    updating(known, client_secret="s").then_nothing()
    updating(known, client_secret="").then_nothing()
    for wrong in ({"client_secret": "t"}, {"client_secret": 1}, {"client_id": "x"}):
        updating(known, **wrong).refused(InvalidClientMetadata)


@pytest.mark.parametrize(
    ("past", "generation", "reason"),
    [
        ((), 0, "REGISTRATION_CLIENT"),
        ((REGISTERED, Removed(at=20)), 0, "REGISTRATION_CLIENT"),
        ((REGISTERED,), 1, "REGISTRATION_ROTATED"),
    ],
)
def test_a_token_of_another_time_manages_nothing(
    past: tuple[Event, ...], generation: int, reason: str
) -> None:
    known = given(CLIENT, *past)

    updating(known, generation).refused(InvalidToken, reason)
    known.when(remove, generation=generation, now=50).refused(InvalidToken, reason)


def test_a_client_removes_itself() -> None:
    given(CLIENT, REGISTERED).when(remove, generation=0, now=50).then(Removed(at=50))
