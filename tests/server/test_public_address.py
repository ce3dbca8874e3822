"""Inside and outside: what a client's metadata may make the server talk to."""

import pytest

from server.public_address import is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",  # carriers' own (RFC 6598)
        "100.100.100.200",  # Alibaba's metadata
        "169.254.169.254",  # everybody else's metadata
        "168.63.129.16",  # Azure's
        "192.0.0.192",  # Oracle's
        "192.88.99.1",
        "198.18.0.1",
        "192.0.2.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%lo",
        "fc00::1",
        "fd00:ec2::254",  # Amazon's metadata
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "3fff::1",
    ],
)
def test_what_is_inside_is_not_public(address: str) -> None:
    """Loopback, private, link-local, multicast, reserved, and the clouds' own."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::808:808",
    ],
)
def test_an_address_within_an_address_is_no_way_in(address: str) -> None:
    """IPv4-mapped, 6to4, Teredo and NAT64 (RFC 4291 §2.5.5, RFC 6052) hide nothing."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_hosts_of_the_internet_are_public(address: str) -> None:
    """By NAT64 too, where a network has no other way to IPv4."""
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "localhost", "2130706433", "127.1", "0x7f.1"])
def test_what_is_no_address_is_not_public(text: str) -> None:
    """Odd spellings are not interpreted."""
    assert not is_public(text)
