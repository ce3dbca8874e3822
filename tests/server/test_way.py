"""What the doctor says of a way that leaves the machine."""

import pytest

from server.doctoring import way
from server.way import Way


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("unix:///run/valkey.sock", (True, False, False)),
        ("redis://localhost", (True, False, False)),
        ("redis://cache.internal", (False, False, False)),
        ("rediss://cache.internal", (False, True, True)),
        ("rediss://cache.internal?ssl_ca_certs=/ca.pem", (False, True, True)),
        ("rediss://cache.internal?ssl_cert_reqs=none", (False, True, False)),
        ("rediss://cache.internal?ssl_check_hostname=no", (False, True, False)),
    ],
)
def test_the_url_of_redis_tells_the_way(
    url: str, expected: tuple[bool, bool, bool]
) -> None:
    """Local, encrypted, checked; rediss checks unless it is told not to."""
    seen = Way.to_redis(url)

    assert (seen.local, seen.encrypted, seen.checked) == expected


@pytest.mark.parametrize(
    ("seen", "level", "said"),
    [
        ((True, False, False), "ok", "within this machine"),
        ((True, True, False), "ok", "within this machine"),
        ((False, True, True), "ok", "encrypted, and"),
        ((False, True, False), "warn", "encrypted, but nobody checks"),
        ((False, False, False), "warn", "not encrypted"),
    ],
)
def test_what_leaves_the_machine_must_be_encrypted_and_checked(
    seen: tuple[bool, bool, bool], level: str, said: str
) -> None:
    local, encrypted, checked = seen
    found = way.finding(
        "way",
        Way(local=local, encrypted=encrypted, checked=checked),
        remedy="give it TLS",
    )

    assert found.level == level
    assert found.said.startswith(said)
    assert found.remedy == ("give it TLS" if level == "warn" else "")
