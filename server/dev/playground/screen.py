"""What a device shows: the short code, and the address with it as a picture."""

from functools import lru_cache
from typing import Final

import segno

from server.dev.playground.pages import ScreenView
from server.dev.playground.runs import Text

QUIET: Final = 4
"""Modules around the picture (ISO/IEC 18004 §5.3.8); light, on dark pages too."""


def screen(memory: Text) -> ScreenView | None:
    """Return the screen of the run's device, None while it has nothing to show."""
    code, address = memory.get("user_code"), memory.get("verification_uri_complete")
    if not code or not address:
        return None
    return ScreenView(code=code, address=address, picture=_picture(address))


@lru_cache(maxsize=64)
def _picture(address: str) -> str:
    """Return the address as an SVG in a data: URI."""
    code = segno.make(address, micro=False)
    return code.svg_data_uri(border=QUIET, dark="#000", light="#fff")
