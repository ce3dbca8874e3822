"""Subjects of certificates, compared as names, not as text (RFC 4514, RFC 5280 §7.1).

One name has many spellings: order and case of the attributes' short names, spaces,
escapes. What a client registered and what its certificate says are both read first.
"""

import re
from typing import Final

from cryptography.x509 import Name, ObjectIdentifier
from cryptography.x509.oid import NameOID

Prepared = tuple[frozenset[tuple[ObjectIdentifier, str]], ...]

# RFC 4514 §3 has the first nine; the others are in many certificates.
_OIDS: Final = {
    "CN": NameOID.COMMON_NAME,
    "L": NameOID.LOCALITY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "C": NameOID.COUNTRY_NAME,
    "STREET": NameOID.STREET_ADDRESS,
    "DC": NameOID.DOMAIN_COMPONENT,
    "UID": NameOID.USER_ID,
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "E": NameOID.EMAIL_ADDRESS,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "SN": NameOID.SURNAME,
    "GN": NameOID.GIVEN_NAME,
    "T": NameOID.TITLE,
    "organizationIdentifier": NameOID.ORGANIZATION_IDENTIFIER,
    "businessCategory": NameOID.BUSINESS_CATEGORY,
    "jurisdictionC": NameOID.JURISDICTION_COUNTRY_NAME,
}
_SPELLINGS: Final = {
    spelling: oid
    for name, oid in _OIDS.items()
    for spelling in (name, name.lower(), name.upper())
}
_SPACE: Final = re.compile(r"(?<!\\),\s+")
"""RFC 2253 §4 let people write one after a comma, and they do."""


def parse(text: str) -> Name:
    """Return the name that a client registered.

    Raises:
        ValueError: it is none, or has an attribute without a known short name.
    """
    name = Name.from_rfc4514_string(_SPACE.sub(",", text), _SPELLINGS)
    if not name.rdns:
        raise ValueError("an empty name is everybody's")
    return name


def same(one: Name, other: Name) -> bool:
    """Whether both name the same, part by part in order."""
    return _prepared(one) == _prepared(other)


def _prepared(name: Name) -> Prepared:
    # RFC 4518 §2, as far as it matters: case and runs of spaces do not.
    return tuple(
        frozenset(
            (part.oid, " ".join(str(part.value).split()).casefold()) for part in rdn
        )
        for rdn in name.rdns
    )
