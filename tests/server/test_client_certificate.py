"""Whose a certificate is: by its names, its key, and who vouches for it (RFC 8705)."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, strategies as st
from joserfc.jwk import ECKey, Key

from domain.client_metadata import Metadata
from domain.errors import InvalidClientMetadata
from server import distinguished_name
from server.client_certificate import Authorities, Shown, check_names
from server.clock import now
from tests.certificates import Certified, make

NAMES: tuple[x509.GeneralName, ...] = (
    x509.DNSName("Client.example"),
    x509.UniformResourceIdentifier("spiffe://example/client"),
    x509.IPAddress(ip_address("192.0.2.7")),
    x509.IPAddress(ip_address("2001:db8::7")),
    x509.RFC822Name("Client@Example.com"),
)
AUTHORITY = make("CN=Authority,O=Trust", authority=True)
SUBJECT = "CN=Client,OU=Machines,O=Example\\, Inc.,C=DE"
CLIENT = make(SUBJECT, *NAMES, by=AUTHORITY)


def shown(certified: Certified, *chain: Certified, vouched: bool = False) -> Shown:
    return Shown(
        certified.certificate,
        chain=tuple(one.certificate for one in chain),
        vouched=vouched,
    )


def is_named(certified: Certified, **members: Any) -> bool:
    metadata = Metadata(client_id="x", **members)
    return shown(certified).is_named(metadata)


SPELLINGS = (
    SUBJECT,
    "cn=client,ou=MACHINES,o=Example\\2c Inc.,c=de",
    "CN=Client, OU=Machines, O=Example\\, Inc., C=DE",
    "2.5.4.3=Client,OU=Machines,O=Example\\,  Inc.,C=DE",
)


@pytest.mark.parametrize(
    "members",
    [
        *({"tls_client_auth_subject_dn": spelling} for spelling in SPELLINGS),
        {"tls_client_auth_san_dns": "client.EXAMPLE"},
        {"tls_client_auth_san_uri": "spiffe://example/client"},
        {"tls_client_auth_san_ip": "192.0.2.7"},
        {"tls_client_auth_san_ip": "2001:0db8:0:0::7"},
        {"tls_client_auth_san_email": "Client@EXAMPLE.com"},
    ],
)
def test_its_names_are_its_names_in_any_spelling(members: dict[str, str]) -> None:
    """RFC 8705 §2.1.2: read before they are compared (RFC 4514, RFC 5280 §7)."""
    assert is_named(CLIENT, **members)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"tls_client_auth_subject_dn": "CN=Client"},
        {"tls_client_auth_subject_dn": f"{SUBJECT},DC=x"},
        {"tls_client_auth_subject_dn": f"UID=x,{SUBJECT}"},
        {"tls_client_auth_subject_dn": "C=DE,O=Example\\, Inc.,OU=Machines,CN=Client"},
        {"tls_client_auth_subject_dn": "CN=Client+OU=Machines,O=Example\\, Inc.,C=DE"},
        {"tls_client_auth_subject_dn": "OU=Client,CN=Machines,O=Example\\, Inc.,C=DE"},
        {"tls_client_auth_subject_dn": ""},
        {"tls_client_auth_subject_dn": "no name"},
        {"tls_client_auth_subject_dn": "CN=\\ff"},
        {"tls_client_auth_san_dns": "example"},
        {"tls_client_auth_san_dns": "*.example"},
        {"tls_client_auth_san_dns": "spiffe://example/client"},
        {"tls_client_auth_san_uri": "spiffe://example/Client"},
        {"tls_client_auth_san_uri": "Client.example"},
        {"tls_client_auth_san_ip": "192.0.2.8"},
        {"tls_client_auth_san_ip": "192.0.2.0/24"},
        {"tls_client_auth_san_ip": "::ffff:192.0.2.7"},
        {"tls_client_auth_san_email": "client@example.com"},
        {"tls_client_auth_san_email": "example.com"},
    ],
)
def test_another_name_is_not_its_name(members: dict[str, str]) -> None:
    """In whole, of its own kind, and without wildcards."""
    assert not is_named(CLIENT, **members)


def test_a_name_is_looked_for_where_it_belongs() -> None:
    """Without alternative names it has none; its subject is none of them."""
    bare = make("CN=client.example", by=AUTHORITY)

    assert not is_named(bare, tls_client_auth_san_dns="client.example")
    assert is_named(bare, tls_client_auth_subject_dn="CN=client.example")


@given(
    st.lists(
        st.text(
            st.characters(codec="utf-8", exclude_characters="\0"),
            min_size=1,
            max_size=20,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_every_name_is_the_same_as_itself_written_down(values: list[str]) -> None:
    """Commas, quotes, backslashes and leading spaces are escaped (RFC 4514 §2.4)."""
    name = x509.Name(
        [x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, value) for value in values]
    )

    read = distinguished_name.parse(name.rfc4514_string())

    assert distinguished_name.same(read, name)


def test_a_name_that_cannot_be_read_cannot_be_registered() -> None:
    """It would never be any certificate's."""
    for text in ("no name", ""):
        with pytest.raises(InvalidClientMetadata, match="subject_dn"):
            check_names(Metadata(client_id="x", tls_client_auth_subject_dn=text))
    with pytest.raises(InvalidClientMetadata, match="san_ip"):
        check_names(Metadata(client_id="x", tls_client_auth_san_ip="localhost"))
    check_names(Metadata(client_id="x", tls_client_auth_subject_dn=SUBJECT))


def key_of(certified: Certified, **members: Any) -> Key:
    return ECKey.import_key({**certified.jwk, **members})


def test_its_key_is_enough_where_it_was_registered() -> None:
    """RFC 8705 §2.2: whoever issued it, and whatever it is named."""
    own = make("CN=anything")
    other = make("CN=anything")

    assert shown(own).has_key_of([key_of(other), key_of(own)])
    assert not shown(own).has_key_of([key_of(other)])
    assert not shown(own).has_key_of([])


def test_a_registered_certificate_is_that_one() -> None:
    """RFC 7517 §4.7: with `x5c` a new certificate of the same key is another."""
    own = make("CN=anything")
    renewed = make("CN=anything", key=own.key)

    assert shown(own).has_key_of([key_of(own, x5c=own.x5c)])
    assert not shown(renewed).has_key_of([key_of(own, x5c=own.x5c)])
    assert shown(renewed).has_key_of([key_of(own)])


AUTHORITIES = Authorities(AUTHORITY.pem)


def vouched_for(*certified: Certified) -> bool:
    return AUTHORITIES.vouch_for(shown(*certified), now=now())


def test_an_authority_vouches_for_what_it_issued() -> None:
    """RFC 5280 §6: itself, or through another that came along."""
    middle = make("CN=Middle", by=AUTHORITY, authority=True)
    leaf = make("CN=Client", by=middle)

    assert vouched_for(CLIENT)
    assert vouched_for(leaf, middle)
    assert not vouched_for(leaf)


def test_nobody_else_can_make_the_same_name() -> None:
    """By itself, by a stranger of the authority's name, by another client."""
    stranger = make("CN=Authority,O=Trust", authority=True)

    assert not vouched_for(make(SUBJECT))
    assert not vouched_for(make(SUBJECT, by=stranger))
    assert not vouched_for(make(SUBJECT, by=stranger), stranger)
    assert not vouched_for(make(SUBJECT, by=CLIENT), CLIENT)
    assert not vouched_for(make(SUBJECT, authority=True))


def test_an_authority_does_not_vouch_for_itself() -> None:
    """One in the file may be a client's own certificate, there for its key's sake."""
    own = make(SUBJECT)
    both = Authorities(AUTHORITY.pem + own.pem)

    assert not both.vouch_for(shown(own), now=now())
    assert not both.vouch_for(shown(own, vouched=True), now=now())
    assert not both.vouch_for(shown(AUTHORITY), now=now())
    assert both.vouch_for(shown(CLIENT, vouched=True), now=now())


def test_a_certificate_has_its_time() -> None:
    """RFC 5280 §6.1.3: neither before nor after."""
    for days in (-3, 3):
        then = int((datetime.now(UTC) + timedelta(days=days)).timestamp())

        assert not AUTHORITIES.vouch_for(shown(CLIENT), now=then)


def test_a_certificate_of_a_server_is_no_clients() -> None:
    """RFC 5280 §4.2.1.12: where purposes are said, another is none."""
    server, client = (
        make(SUBJECT, by=AUTHORITY, usage=x509.ExtendedKeyUsage([usage]))
        for usage in (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
    )

    assert not vouched_for(server)
    assert vouched_for(client)


def test_its_thumbprint_is_of_the_whole() -> None:
    """RFC 8705 §3.1: SHA-256 of the DER, in base64url without padding."""
    other = make(SUBJECT, by=AUTHORITY)

    assert len(shown(CLIENT).thumbprint) == 43
    assert shown(CLIENT).thumbprint != shown(other).thumbprint
