"""Classes of sign-ins: which are met, and which is told (OIDC Core §2)."""

import pytest

from domain.acr import MULTI_FACTOR, PASSWORD, met, told


@pytest.mark.parametrize(
    ("amr", "classes"),
    [
        ((), ()),
        (("pwd",), (PASSWORD,)),
        (("pwd", "otp", "mfa"), (MULTI_FACTOR, PASSWORD)),
        (("hwk", "mfa"), (MULTI_FACTOR,)),
    ],
)
def test_a_stronger_sign_in_meets_the_weaker_class_too(
    amr: tuple[str, ...], classes: tuple[str, ...]
) -> None:
    assert met(amr) == classes


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ((), MULTI_FACTOR),
        ((PASSWORD,), PASSWORD),
        ((PASSWORD, MULTI_FACTOR), PASSWORD),
        (("urn:unknown", MULTI_FACTOR), MULTI_FACTOR),
        (("urn:unknown",), MULTI_FACTOR),
    ],
)
def test_the_dearest_that_is_met_is_told(wanted: tuple[str, ...], said: str) -> None:
    """§3.1.2.1: the values are in order of preference; none of them is a must."""
    assert told(("pwd", "otp", "mfa"), wanted) == said


def test_what_is_not_met_is_never_told() -> None:
    assert told(("pwd",), (MULTI_FACTOR,)) == PASSWORD
    assert told((), (MULTI_FACTOR, PASSWORD)) is None
