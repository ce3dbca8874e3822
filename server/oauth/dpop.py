"""Proofs of possession of a key, made anew for each request (RFC 9449).

A proof brings its own public key; that its holder signed, for this request, now,
and with a proof nobody has used, is all that it shows. Nonces are made from the
time and a key of ours, so that no node has to remember one (§8).
"""

from typing import Final

import msgspec
from aiohttp import web

from domain import dpop, fapi2
from domain.client_metadata import Metadata
from domain.dpop import Proof
from domain.errors import InvalidDpopProof, UseDpopNonce
from domain.grant import Confirmation
from server import jwk_set, services, signed
from server.services import Services
from server.signed import Signed, Unverified

HEADER: Final = "DPoP"
NONCE_HEADER: Final = "DPoP-Nonce"
SCHEME: Final = "dpop"
SPENT: Final = "dpop"
"""The kind of the unique keys that proofs are spent by."""

NONCE_WINDOW: Final = 150
"""Seconds for which one nonce is given out; it is good for as long again."""


async def confirmation(request: web.Request, client: Metadata) -> Confirmation | None:
    """Return the key that the client has shown for its tokens, None if it showed none.

    Raises:
        InvalidDpopProof: the proof is not good, or missing where the client is
            registered for it (§5.2).
        UseDpopNonce: a fresh nonce must be in it (§8).
        Unavailable: nobody can say whether it was used before.
    """
    jkt = await shown_by(request, client)
    if jkt is None and client.dpop_bound_access_tokens:
        raise InvalidDpopProof("a DPoP proof is missing", reason="DPOP_MISSING")
    return None if jkt is None else Confirmation(jkt=jkt)


async def shown_by(request: web.Request, client: Metadata) -> str | None:
    """Return what `shown` does, of a proof that this client may bring.

    Raises as `confirmation` does, but for a proof that is missing.
    """
    jkt = await shown(request)
    if not is_strong(request, client):
        raise _refused("its algorithm is too weak", "DPOP_ALGORITHM")
    return jkt


def is_strong(request: web.Request, client: Metadata) -> bool:
    """Whether a proof, if there is one, is signed as the client's profile wants it."""
    text = request.headers.get(HEADER)
    if text is None or not client.fapi2:
        return True
    try:
        signed.read(text, algorithms=fapi2.ALGORITHMS)
    except Unverified:
        return False
    return True


async def shown(request: web.Request, *, token: str | None = None) -> str | None:
    """Return the thumbprint of the key that the request proves; None without proof.

    `token` is the access token that comes with it. Raises as `confirmation` does.
    """
    texts = request.headers.getall(HEADER, [])
    if not texts:
        return None
    if len(texts) > 1:
        raise _refused("it is given twice", "DPOP_REPEATED")
    known = services.of(request)
    said, jkt = _verified(texts[0])
    proof = _claims(said)
    now = known.clock.now()
    urls = known.settings.addresses(request.path)
    dpop.check(proof, method=request.method, urls=urls, now=now, token=token)
    _check_nonce(known, proof.nonce, now)
    await _spend(known, jkt, proof)
    return jkt


def _verified(text: str) -> tuple[Signed, str]:
    """Return the proof and the thumbprint of the key in it, which signed it."""
    try:
        said = signed.read(text, algorithms=dpop.ALGORITHMS)
    except Unverified as wrong:
        raise _refused("it is no JWS that counts", wrong.reason) from None
    if said.header.get("typ") != dpop.TYPE:
        raise _refused("typ must be dpop+jwt", "DPOP_TYP")
    keys = jwk_set.parse({"keys": [said.header.get("jwk")]})
    for key in keys.for_signature(said.alg, None):
        if said.fits(key):
            return said, key.thumbprint()
    raise _refused("its key has not signed it", "DPOP_SIGNATURE")


def _claims(said: Signed) -> Proof:
    try:
        return msgspec.convert(said.claims, Proof)
    except msgspec.ValidationError:
        raise _refused("a claim is missing or malformed", "DPOP_CLAIMS") from None


async def _spend(known: Services, jkt: str, proof: Proof) -> None:
    key = known.keys.lookup(SPENT, f"{jkt} {proof.jti}")
    until = proof.iat + dpop.LIFETIME
    if not await known.single_use.spend(SPENT, key, expires_at=until):
        raise _refused("it was used before", "DPOP_REPLAY")


def _refused(problem: str, reason: str) -> InvalidDpopProof:
    return InvalidDpopProof(f"the DPoP proof is not good: {problem}", reason=reason)


# Nonces (§8)


def nonce(known: Services, *, now: int) -> str:
    """Return the nonce that is given out now."""
    return _nonce_of(known, now // NONCE_WINDOW)


def _nonce_of(known: Services, window: int) -> str:
    return known.keys.digest("dpop_nonce", str(window))


def _check_nonce(known: Services, given: str | None, now: int) -> None:
    if given is None:
        if known.settings.dpop_nonce == "required":
            raise UseDpopNonce("a nonce is needed", reason="DPOP_NONCE_MISSING")
        return
    window = now // NONCE_WINDOW
    if given not in {_nonce_of(known, window), _nonce_of(known, window - 1)}:
        raise UseDpopNonce("the nonce is not fresh", reason="DPOP_NONCE_STALE")


async def offer_nonce(request: web.Request, response: web.StreamResponse) -> None:
    """Give whoever uses proofs the nonce for the next one (§8.2)."""
    if HEADER in request.headers:
        known = services.of(request)
        response.headers[NONCE_HEADER] = nonce(known, now=known.clock.now())
