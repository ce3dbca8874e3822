"""Algorithms by their names (RFC 7518 §3.1, §4.1, §5.1, RFC 8037), and their uses."""

from typing import Final

SIGNING_ALGS: Final = frozenset({"RS256", "PS256", "ES256", "EdDSA"})
"""What the server signs with (RFC 7518 §3.1, RFC 8037)."""

ASSERTION_ALGS: Final = {
    "private_key_jwt": SIGNING_ALGS | {"RS384", "RS512", "PS384", "PS512", "ES384"},
    "client_secret_jwt": frozenset({"HS256", "HS384", "HS512"}),
}
"""What a client may sign its assertions with, by its method."""

REQUEST_OBJECT_ALGS: Final = frozenset({"none"}).union(*ASSERTION_ALGS.values())
"""What a client may register for its request objects; `none` counts nowhere else."""

ENCRYPTION_ALGS: Final = frozenset(
    {
        "RSA-OAEP",
        "RSA-OAEP-256",
        "ECDH-ES",
        "ECDH-ES+A128KW",
        "ECDH-ES+A192KW",
        "ECDH-ES+A256KW",
    }
)
"""What answers are encrypted by (RFC 7518 §4.1); RSA1_5 and secrets by choice not."""

ENCODINGS: Final = (
    "A128CBC-HS256",
    "A192CBC-HS384",
    "A256CBC-HS512",
    "A128GCM",
    "A192GCM",
    "A256GCM",
)
"""`enc` values that work (RFC 7518 §5.1)."""

OPENED_ALGS: Final = ("ECDH-ES", "RSA-OAEP-256")
"""What others may encrypt to us by: each has keys of its own (RFC 8725 §3.1)."""
