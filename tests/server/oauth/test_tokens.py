"""What an API's tokens are like, and that each is made once."""

import pytest

from domain.api import Description
from domain.client_metadata import Metadata
from server.oauth.tokens import Style, style_for

WEB = Metadata(client_id="web")


def api(**members: object) -> Description:
    return Description(identifier="https://api.example", **members)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("apis", "client", "expected"),
    [
        ([], WEB, Style(alg=None, lifetime=3600)),
        ([api()], WEB, Style(alg="ES256", lifetime=3600)),
        ([api(token_format="opaque")], WEB, Style(alg=None, lifetime=3600)),
        (
            [api(token_format="opaque", token_lifetime=60), api(token_lifetime=90)],
            WEB,
            Style(alg="ES256", lifetime=60),
        ),
        (
            [api(token_signing_alg="EdDSA", token_lifetime=7200)],
            Metadata(client_id="web", access_token_lifetime=300),
            Style(alg="EdDSA", lifetime=300),
        ),
        (
            [api(token_lifetime=60)],
            Metadata(client_id="web", access_token_lifetime=300),
            Style(alg="ES256", lifetime=60),
        ),
        (
            [],
            Metadata(client_id="web", access_token_lifetime=5),
            Style(alg=None, lifetime=5),
        ),
    ],
)
def test_a_token_suits_every_api_it_is_for(
    apis: list[Description], client: Metadata, expected: Style
) -> None:
    """JWT where one API wants it, opaque for /userinfo, and the shortest life."""
    assert style_for(apis, client, default_lifetime=3600) == expected
