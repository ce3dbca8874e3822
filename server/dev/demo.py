"""The people, the API and the clients of `grantlog dev` (the contract's section 5)."""

from pathlib import Path
from typing import Final

from server.config import read
from server.configuring.entries import Config
from server.settings import Settings

FILE: Final = Path(__file__).with_name("demo.toml")
PLACE: Final = "ISSUER"

KEY: Final = FILE.with_name("demo_key.json").read_text("utf-8")
"""The private key (a JWK) of the client demo-signed. Everybody has it."""

_TEXT: Final = FILE.read_text("utf-8")


def config(settings: Settings) -> Config:
    """Return the demo data, with this server's address in it.

    Raises:
        ConfigError: outside development, where these clients are refused.
    """
    return read(
        _TEXT.replace(PLACE, settings.url("")),
        name=FILE.name,
        folder=FILE.parent,
        environ={},
        development=settings.development,
    )
