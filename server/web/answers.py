"""JSON that goes out to clients: never cached unless it is meant to be."""

from typing import Final

import msgspec
from aiohttp import web

JSON: Final = "application/json"
NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
"""RFC 6749 §5.1, RFC 7662 §4: answers with tokens in them."""

_encoder: Final = msgspec.json.Encoder()


def json(value: object, *, status: int = 200) -> web.Response:
    """Return the value as an answer that nobody may keep."""
    return web.Response(
        status=status,
        body=_encoder.encode(value),
        content_type=JSON,
        headers=NO_STORE,
    )


def jwt(text: str, content_type: str = "application/jwt") -> web.Response:
    """Return a JWT as an answer that nobody may keep (OIDC Core §5.3.2, RFC 9701)."""
    return web.Response(
        body=text.encode("ascii"), content_type=content_type, headers=NO_STORE
    )


def public_json(value: object, *, max_age: int) -> web.Response:
    """Return a document that anybody may keep for `max_age` seconds."""
    return web.Response(
        body=_encoder.encode(value),
        content_type=JSON,
        headers={"Cache-Control": f"public, max-age={max_age}"},
    )


def empty() -> web.Response:
    """Return 200 without a body and without a type (RFC 7009 §2.2)."""
    response = web.Response(headers=NO_STORE)
    # aiohttp would call an empty body octet-stream.
    response.headers["Content-Length"] = "0"
    return response


def no_content() -> web.Response:
    """Return 204: it is done, and there is nothing to say."""
    return web.Response(status=204, headers=NO_STORE)
