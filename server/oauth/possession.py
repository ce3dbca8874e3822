"""The key that a client shows for its tokens, by which they are bound to it.

By a proof in the request (RFC 9449), or by the certificate of its TLS (RFC 8705 §3).
"""

from aiohttp import web

from domain.client_metadata import Metadata
from domain.errors import InvalidRequest, InvalidToken
from domain.grant import Confirmation
from server.oauth import dpop
from server.web import shown_certificate


async def confirmation(request: web.Request, client: Metadata) -> Confirmation | None:
    """Return what the client's tokens will be bound to, None for bearer tokens.

    Raises:
        InvalidRequest: a certificate is missing where the client is registered for it.
        InvalidDpopProof, UseDpopNonce, Unavailable: as in `dpop.confirmation`.
    """
    proven = await dpop.confirmation(request, client)
    if not client.tls_client_certificate_bound_access_tokens:
        return proven
    shown = shown_certificate.of(request)
    if shown is None:
        raise InvalidRequest(
            "a client certificate is missing", reason="CERTIFICATE_MISSING"
        )
    return Confirmation(jkt=proven.jkt if proven else None, x5t_s256=shown.thumbprint)


def check_certificate(request: web.Request, cnf: Confirmation | None) -> None:
    """Let a token pass that needs no certificate, or has its own beside it (§3).

    Raises:
        InvalidToken: whoever holds the token does not hold the certificate's key.
    """
    if cnf is None or cnf.x5t_s256 is None:
        return
    shown = shown_certificate.of(request)
    if shown is None or shown.thumbprint != cnf.x5t_s256:
        raise InvalidToken("the token needs its certificate", reason="CERTIFICATE_KEY")
