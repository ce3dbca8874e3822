"""The whole server, furnished, and somebody at a browser."""

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
    "furnished_house",
    "house",
    "other_node",
    "passer_by",
    "still_house",
    "stranger",
    "visitor",
]
