"""An operator's own claims: what a person has of them is shown, and nothing made up."""

import pytest

from domain.claim_map import RESERVED, faults, shown


def test_a_claim_shows_the_attribute_it_is_mapped_to() -> None:
    claims = {"https://shop.example/dept": "department", "given_name": "given_name"}

    assert shown(claims, {"department": "Books", "given_name": "Alice"}) == {
        "https://shop.example/dept": "Books",
        "given_name": "Alice",
    }


@pytest.mark.parametrize("value", [None, "", {}, [], ()])
def test_what_a_person_lacks_is_left_out(value: object) -> None:
    """OIDC Core §5.3.2: never null or empty."""
    assert shown({"dept": "department"}, {"department": value}) == {}
    assert shown({"dept": "department"}, {}) == {}


def test_false_and_zero_are_something() -> None:
    assert shown({"a": "a", "b": "b"}, {"a": False, "b": 0}) == {"a": False, "b": 0}


@pytest.mark.parametrize("claim", sorted(RESERVED))
def test_what_the_server_says_itself_is_nobody_elses(claim: str) -> None:
    assert list(faults({claim: "department"}))


def test_a_map_names_claims_and_attributes() -> None:
    assert len(list(faults({"": "department", "dept": ""}))) == 2
    assert not list(faults({"dept": "department"}))
