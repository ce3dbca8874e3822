"""A protected API: registered, changed, removed; and what may be one."""

import pytest
from msgspec.structs import replace

from domain import api_description
from domain.api import (
    API,
    Api,
    Changed,
    Description,
    Event,
    Gone,
    Registered,
    Removed,
    change,
    register,
    remove,
)
from domain.errors import AlreadyExists, Malformed, NotFound
from domain.stream import BrokenHistory
from tests.domain.story import given

ORDERS = Description(
    identifier="https://api.example.com/", scopes={"read:orders": "Read your orders"}
)
RENAMED = replace(ORDERS, name="Orders")
REGISTERED = Registered(description=ORDERS, at=10)
REMOVED = Removed(at=30)


def test_registering_makes_an_api() -> None:
    state = given(API).when(register, description=ORDERS, now=10).then(REGISTERED)

    assert state == Api(description=ORDERS)


def test_an_api_registers_once_until_it_is_removed() -> None:
    given(API, REGISTERED).when(register, description=ORDERS, now=20).refused(
        AlreadyExists, "API_EXISTS"
    )
    given(API, REGISTERED, REMOVED).when(register, description=ORDERS, now=40).then(
        Registered(description=ORDERS, at=40)
    )


def test_only_what_differs_is_a_change() -> None:
    known = given(API, REGISTERED)

    known.when(change, description=ORDERS, now=20).then_nothing()
    known.when(change, description=RENAMED, now=20).then(
        Changed(description=RENAMED, at=20)
    )
    state = known.when(
        change, description=ORDERS, introspection_secret="s", now=20
    ).then(Changed(description=ORDERS, introspection_secret="s", at=20))
    assert state == Api(description=ORDERS, introspection_secret="s")


def test_an_api_keeps_its_identifier() -> None:
    given(API, REGISTERED).when(
        change, description=Description(identifier="https://other/"), now=20
    ).refused(Malformed, "API_IDENTIFIER")


def test_removing_happens_once() -> None:
    state = given(API, REGISTERED).when(remove, now=30).then(REMOVED)

    assert state == Gone(at=30)
    given(API, REGISTERED, REMOVED).when(remove, now=31).then_nothing()
    given(API).when(remove, now=31).refused(NotFound, "API_UNKNOWN")
    given(API).when(change, description=ORDERS, now=31).refused(NotFound)


@pytest.mark.parametrize(
    "past", [(REMOVED,), (REGISTERED, REGISTERED), (REGISTERED, REMOVED, REMOVED)]
)
def test_events_out_of_order_are_a_bug(past: tuple[Event, ...]) -> None:
    with pytest.raises(BrokenHistory):
        API.fold(past)


@pytest.mark.parametrize(
    "identifier",
    ["https://api.example.com/", "urn:example:orders", "https://localhost:8443/v1?a=b"],
)
def test_an_absolute_uri_names_an_api(identifier: str) -> None:
    api_description.check(replace(ORDERS, identifier=identifier))


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("identifier", "orders"),
        ("identifier", "/orders"),
        ("identifier", "https:"),
        ("identifier", "https://api.example.com/#part"),
        ("identifier", "https://api.example.com/a b"),
        ("identifier", "https://ä.example/"),
        ("identifier", ""),
        ("name", "Or\x00ders"),
        ("name", "sredrO\u202e"),
        ("scopes", {"read orders": "two tokens"}),
        ("scopes", {"": "none"}),
        ("scopes", {'read"': "a quote"}),
        ("scopes", {"profile": "OpenID Connect's own"}),
        ("scopes", {"read": "line\nbreak"}),
        ("token_format", "saml"),
        ("token_signing_alg", "none"),
        ("token_signing_alg", "HS256"),
        ("introspection_clients", ("demo", "\x00")),
        ("token_lifetime", 0),
        ("token_lifetime", -1),
    ],
)
def test_an_api_that_cannot_be_is_refused_by_the_members_name(
    member: str, value: object
) -> None:
    with pytest.raises(Malformed, match=member):
        api_description.check(replace(ORDERS, **{member: value}))
