"""By a certificate, whose key the client uses in TLS (RFC 8705 §2)."""

from domain.client import Client
from server.client_certificate import Shown
from server.client_keys import NoKey
from server.oauth.proving.attempt import Attempt
from server.web import shown_certificate


async def prove_by_name(attempt: Attempt) -> str:
    """Return why the certificate of an authority is not the client's (§2.1)."""
    client, known = attempt.state, attempt.known
    shown = shown_certificate.of(attempt.request)
    if shown is None or not isinstance(client, Client):
        return "CERTIFICATE_MISSING"
    authorities = known.authorities
    if authorities is None or not authorities.vouch_for(shown, now=known.clock.now()):
        return "CERTIFICATE_UNTRUSTED"
    return "" if shown.is_named(client.metadata) else "CERTIFICATE_NAME"


async def prove_by_key(attempt: Attempt) -> str:
    """Return why the certificate, whoever issued it, is not the client's (§2.2)."""
    client = attempt.state
    shown = shown_certificate.of(attempt.request)
    if shown is None or not isinstance(client, Client):
        return "CERTIFICATE_MISSING"
    try:
        return "" if await _is_registered(attempt, client, shown) else "CERTIFICATE_KEY"
    except NoKey as none:
        return none.reason


async def _is_registered(attempt: Attempt, client: Client, shown: Shown) -> bool:
    ask = attempt.known.client_keys.keys
    keys = await ask(client.metadata)
    if shown.has_key_of(keys.keys):
        return True
    # It may have changed its keys since.
    newer = await ask(client.metadata, again=True)
    return newer is not keys and shown.has_key_of(newer.keys)
