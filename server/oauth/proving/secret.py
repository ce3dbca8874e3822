"""By a secret that both know (RFC 6749 §2.3.1).

An unknown client and a wrong secret get the same answer after the same work. What
is kept of a secret is a keyed digest: it has 256 bits, and needs no slow hash.
"""

from collections.abc import Collection
from hmac import compare_digest
from typing import Final

from domain import client as clients
from server.keys import ServerKeys
from server.oauth.proving.attempt import Attempt

SECRET: Final = "client_secret"
"""The purpose of the digests of clients' and APIs' secrets."""

NOBODYS: Final = ("-" * 43,)
"""What a secret is compared with when there is nothing to compare it with."""


async def prove(attempt: Attempt) -> str:
    """Return why the secret proves nothing, nothing where it does."""
    good = clients.secrets_at(attempt.state, attempt.known.clock.now())
    proven = is_one_of(good, attempt.said.secrets, keys=attempt.known.keys)
    return "" if proven else "SECRET_WRONG"


def is_one_of(
    good: Collection[str], secrets: Collection[str], *, keys: ServerKeys
) -> bool:
    """Whether one of the secrets has one of these digests.

    All are compared with all, in the time that one takes or none.
    """
    digests = [keys.digest(SECRET, secret) for secret in secrets or ("",)]
    matches = [compare_digest(d, one) for d in digests for one in good or NOBODYS]
    return bool(secrets) and any(matches)
