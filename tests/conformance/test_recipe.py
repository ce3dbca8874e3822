"""What the README says of FAPI 2.0 clients is what works, and what the stories use."""

import re
from pathlib import Path

from msgspec.structs import asdict

from server import config
from tests.conformance.bank import RECIPE

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
ITS_OWN = {"redirect_uris", "scope"}


def test_the_recipe_is_good_and_the_stories_follow_it() -> None:
    [text] = re.findall(r"<!-- fapi2 -->\n```toml\n(.*?)```", README, re.DOTALL)

    read = config.read(text, name="README", folder=Path(), environ={})

    [client] = read.clients
    told = asdict(client.metadata)
    assert told["fapi2"]
    for member, value in RECIPE.items():
        assert member in ITS_OWN or told[member] == value
