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

__all__ = [
    "device",
    "furnished_house",
    "house",
    "other_node",
    "passer_by",
    "still_house",
    "stranger",
    "visitor",
]
