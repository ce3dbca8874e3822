"""What a new password may be (NIST SP 800-63B §3.1.1.2)."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.new_password import TOO_EASY, TOO_LONG, TOO_SHORT, problem

ABOUT = ("carol", "carol.jones@shop.example", "login.example")


@pytest.mark.parametrize(
    "password",
    [
        "carol-password-1",
        "four words and spaces",
        "kT9#vQ2!",
        "пароль из многих слов",
        "🗝🔒🦉🌲🚲🎻🧭🪁",
        "correct horse battery staple " * 35,
    ],
)
def test_no_character_and_no_mixture_is_asked_for(password: str) -> None:
    assert problem(password, ABOUT) is None


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("", TOO_SHORT),
        ("kT9#vQ2", TOO_SHORT),
        # Seven letters, however they were typed.
        ("kT9#vQe\u0301", TOO_SHORT),
        ("x" * 1025, TOO_LONG),
        ("password", TOO_EASY),
        ("Password123!", TOO_EASY),
        ("iloveyou1", TOO_EASY),
        ("qwertyuiop", TOO_EASY),
        ("12345678901234567890", TOO_EASY),
        ("abababababababab", TOO_EASY),
        # The end of a long one is not looked at.
        ("qwertyuiop" * 3 + "kT9#vQ2!", TOO_EASY),
    ],
)
def test_what_is_short_long_or_common_is_refused(password: str, said: str) -> None:
    assert problem(password, ABOUT) == said


@pytest.mark.parametrize("password", ["caroljones", "Carol.Jones@shop.example"])
def test_what_is_known_of_the_person_is_refused(password: str) -> None:
    about = (*ABOUT, "carol.jones", "shop.example")

    assert problem(password, about) == TOO_EASY


@pytest.fixture
def restless() -> Iterator[None]:
    """Let threads interrupt one another all the time."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("restless")
def test_each_is_held_against_the_words_about_its_own_person() -> None:
    names = ["carolfjones", "davidksmith"] * 100

    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda name: problem(name, [name]), names))

    assert set(said) == {TOO_EASY}
