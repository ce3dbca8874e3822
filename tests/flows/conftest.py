"""The whole server, furnished, somebody at a browser, and a device."""

from tests.device import device
from tests.house import (
    furnished_house,
    house,
    other_node,
    passer_by,
    still_house,
    stranger,
    visitor,
)
from tests.pushing import app, http, pusher

__all__ = [
    "app",
    "device",
    "furnished_house",
    "house",
    "http",
    "other_node",
    "passer_by",
    "pusher",
    "still_house",
    "stranger",
    "visitor",
]
