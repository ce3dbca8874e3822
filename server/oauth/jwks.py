"""Our public keys: to verify what we signed, and to encrypt to us (RFC 7517 §5)."""

from aiohttp import web

from server import services
from server.oauth import dialect
from server.services import Services
from server.signing_keys import JWKS_LIFETIME
from server.web import answers


async def jwks(request: web.Request) -> web.StreamResponse:
    keys = published(services.of(request))
    return answers.public_json({"keys": keys}, max_age=JWKS_LIFETIME)


def published(known: Services) -> list[dict[str, str]]:
    spoken = dialect.of(known)
    return [key for key in known.signing.jwks()["keys"] if spoken.publishes(key)]
