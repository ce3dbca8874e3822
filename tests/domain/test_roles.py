"""Roles give scopes; where an API enforces them, nothing else does (RBAC)."""

import pytest

from domain.api import Description
from domain.roles import permissions, permitted

NOTES = Description(
    identifier="https://notes.example/",
    scopes={"read:notes": "Read", "write:notes": "Change", "delete:notes": "Delete"},
    roles={"reader": ("read:notes",), "editor": ("write:notes", "read:notes")},
    enforce_roles=True,
)
MAIL = Description(identifier="https://mail.example/", scopes={"read:mail": "Read"})
HERE = NOTES.identifier


@pytest.mark.parametrize(
    ("held", "given"),
    [
        ({}, ()),
        ({HERE: ("reader",)}, ("read:notes",)),
        ({HERE: ("editor", "reader")}, ("read:notes", "write:notes")),
        ({HERE: ("dismissed",)}, ()),
        ({MAIL.identifier: ("editor",)}, ()),
    ],
)
def test_roles_give_the_scopes_of_their_own_api(
    held: dict[str, tuple[str, ...]], given: tuple[str, ...]
) -> None:
    assert permissions(NOTES, held) == given


def test_no_scope_is_left_that_no_role_gives() -> None:
    asked = ("openid", "read:notes", "write:notes", "read:mail")
    apis = (NOTES, MAIL)

    left = permitted(asked, apis, {HERE: ("reader",)})

    assert left == ("openid", "read:notes", "read:mail")


def test_an_api_that_enforces_no_roles_takes_nothing_away() -> None:
    assert permitted(("read:mail",), (MAIL,), {}) == ("read:mail",)
