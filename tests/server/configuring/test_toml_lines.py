"""The line of every key, however the file is written."""

import pytest

from server.configuring import toml_lines

TEXT = '''\
# comment = 1
title = """
not = "a key"
[nor.this]
"""

[[clients]]
client_id = "a"  # client_id = "b"
redirect_uris = [
  "http://[::1]/cb", # ]
  'C:\\new',
]
[[clients.api_access]]
api = "x"
[[clients.api_access]]
api = "y"

[[clients]]
"client_id" = "b"
jwks = { keys = [ { kty = "RSA", "e.e" = "A" }, { kty = "EC" } ] }
a.b . c = 2026-11-22T10:00:00Z
[clients.claims]
name = 'it''s' # not TOML, replaced below
'''.replace("'it''s'", '"it\'s"')


@pytest.fixture(scope="module")
def located() -> toml_lines.Located:
    return toml_lines.read(TEXT)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("clients", 0), 7),
        (("clients", 0, "client_id"), 8),
        (("clients", 0, "redirect_uris"), 9),
        (("clients", 0, "redirect_uris", 1), 11),
        (("clients", 0, "api_access", 1, "api"), 16),
        (("clients", 1, "client_id"), 19),
        (("clients", 1, "jwks", "keys", 1, "kty"), 20),
        (("clients", 1, "jwks", "keys", 0, "e.e"), 20),
        (("clients", 1, "a", "b", "c"), 21),
        (("clients", 1, "claims", "name"), 23),
    ],
)
def test_each_key_has_its_line(
    located: toml_lines.Located, path: toml_lines.Path, line: int
) -> None:
    """Strings, comments, arrays and inline tables do not mislead the walk."""
    assert located.lines[path] == line


def test_what_has_no_line_has_that_of_what_is_around_it(
    located: toml_lines.Located,
) -> None:
    """A member that is missing is missing from its table."""
    assert located.line(("clients", 1, "redirect_uris")) == 18


def test_lines_are_counted_in_files_from_windows() -> None:
    """CR LF is one line's end."""
    assert toml_lines.read("a = 1\r\n\r\nb = 2\r\n").lines[("b",)] == 3
