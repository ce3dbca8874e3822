"""What a client may do to its own registration (RFC 7592).

Its registration access token names a generation; the client's state says which one
is good.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from domain import client
from domain.client import Client, ClientState, Event, Removed
from domain.client_metadata import Metadata
from domain.errors import InvalidClientMetadata, InvalidToken
from domain.self_registration import OMITTED, Members, described


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What a client now says of itself, and what the request brings along.

    `digest` is how secrets are kept; the rest is as in `described`.
    """

    said: Members
    generation: int
    digest: Callable[[str], str]
    api_scopes: Collection[str]
    development: bool


def managed(state: ClientState, *, generation: int) -> Client:
    """Return the client that a registration access token of ours may manage.

    Raises:
        InvalidToken: the client is gone or disabled, or the token was rotated out
            (§2).
    """
    if not isinstance(state, Client) or state.disabled:
        raise InvalidToken("the token is not good", reason="REGISTRATION_CLIENT")
    if generation != state.registration_token:
        raise InvalidToken("the token is not good", reason="REGISTRATION_ROTATED")
    return state


def revised(state: ClientState, revision: Revision, *, now: int) -> Metadata:
    """Return what the client would be (§2.2).

    Raises:
        InvalidToken: as in `managed`.
        InvalidRedirectUri, InvalidClientMetadata: as in `described`, or it names
            another client or another secret: neither can be chosen.
    """
    known = managed(state, generation=revision.generation)
    if revision.said.get("client_id") != known.metadata.client_id:
        raise InvalidClientMetadata("client_id is not this client's")
    _check_secret(known, revision, now)
    return described(
        revision.said,
        client_id=known.metadata.client_id,
        api_scopes=revision.api_scopes,
        before=known.metadata,
        development=revision.development,
    )


def _check_secret(known: Client, revision: Revision, now: int) -> None:
    secret = revision.said.get("client_secret")
    if secret in OMITTED:
        return
    good = client.secrets_at(known, now)
    if not isinstance(secret, str) or revision.digest(secret) not in good:
        raise InvalidClientMetadata("client_secret is not this client's")


def revise(
    state: ClientState, revision: Revision, *, fresh_secret: str, now: int
) -> tuple[Event, ...]:
    """Make the client what it now says it is; raises as `revised` does.

    `fresh_secret` is the digest of the secret that it gets if it needs one and had
    none; nothing else is rotated.
    """
    metadata = revised(state, revision, now=now)
    secret = fresh_secret if needs_secret(state, metadata) else None
    return client.change(state, metadata=metadata, secret=secret, now=now)


def needs_secret(state: ClientState, metadata: Metadata) -> bool:
    """Whether the client can't be that without a new secret.

    Of the one that it has only a digest may be left, which makes no MACs.
    """
    before = client.known(state).metadata
    if metadata.secret_is_key:
        return not before.secret_is_key
    return metadata.has_secret and not before.has_secret


def remove(state: ClientState, *, generation: int, now: int) -> tuple[Removed, ...]:
    """End the client and with it all its grants (§2.3); raises as `managed` does."""
    managed(state, generation=generation)
    return client.remove(state, now=now)
