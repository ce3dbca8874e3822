"""What a new password may be (NIST SP 800-63B §3.1.1.2)."""

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
    ],
)
def test_what_is_short_long_or_common_is_refused(password: str, said: str) -> None:
    assert problem(password, ABOUT) == said


@pytest.mark.parametrize("password", ["caroljones", "Carol.Jones@shop.example"])
def test_what_is_known_of_the_person_is_refused(password: str) -> None:
    about = (*ABOUT, "carol.jones", "shop.example")

    assert problem(password, about) == TOO_EASY
