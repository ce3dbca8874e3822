"""Clients of one sector call a person by one name (OIDC Core §8.1)."""

import pytest

from domain.client_metadata import Metadata
from domain.sector import sector


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"redirect_uris": ("https://shop.example/cb",)}, "shop.example"),
        ({"redirect_uris": ("https://SHOP.example:8443/cb?x=1",)}, "shop.example"),
        (
            {"redirect_uris": ("https://shop.example/a", "https://shop.example/b")},
            "shop.example",
        ),
        (
            {
                "redirect_uris": ("https://a.example/", "https://b.example/"),
                "sector_identifier_uri": "https://shop.example/uris.json",
            },
            "shop.example",
        ),
        # without one host: a sector of its own
        ({"redirect_uris": ("https://a.example/", "https://b.example/")}, "client c"),
        ({"redirect_uris": ("com.example.app:/cb",)}, "client c"),
        ({}, "client c"),
    ],
)
def test_the_sector_of_a_client(members: dict[str, object], expected: str) -> None:
    metadata = Metadata(client_id="c", **members)  # type: ignore[arg-type]

    assert sector(metadata) == expected
