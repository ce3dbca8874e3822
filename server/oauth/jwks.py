"""The keys that our tokens are verified with (RFC 7517 §5)."""

from aiohttp import web

from server import services
from server.oauth import dialect
from server.signing_keys import JWKS_LIFETIME
from server.web import answers


async def jwks(request: web.Request) -> web.StreamResponse:
    known = services.of(request)
    spoken = dialect.of(known)
    keys = [key for key in known.signing.jwks()["keys"] if spoken.publishes(key)]
    return answers.public_json({"keys": keys}, max_age=JWKS_LIFETIME)
