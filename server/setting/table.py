"""What each setting means and how its text is read: the README's table."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from domain.user_code import ALPHABETS
from server.setting import addresses, values


@dataclass(frozen=True, slots=True)
class About:
    """`shown` is the default in words; `way_out` helps who left it out."""

    parse: values.Parse
    meaning: str
    shown: str = ""
    secret: bool = False
    way_out: str = ""


TABLE: Final[Mapping[str, About]] = MappingProxyType(
    {
        "issuer": About(
            values.issuer,
            "The address people and clients see; `iss` of every token, verbatim",
            way_out="give the address people see, such as https://login.example.com",
        ),
        "database_url": About(
            addresses.postgres_url,
            "Postgres 15 or newer: the event log",
            secret=True,
            way_out="give the URL of the Postgres that keeps the log",
        ),
        "redis_url": About(
            addresses.redis_url,
            "Redis 7, Valkey 8 or newer: projections of the log",
            secret=True,
            way_out="give the URL of a Redis or Valkey",
        ),
        "secrets": About(
            values.secrets,
            "Key-encryption keys, `id:base64 of 32 bytes`, the current one first",
            secret=True,
            way_out="make a key with `grantlog config secret`, and keep it safe: "
            "nobody can read keys and people's data in the log without it",
        ),
        "development": About(
            values.yes_no,
            "http, demo people, a playground that may empty Redis: never in production",
        ),
        "host": About(values.text, "Address to listen on; `*` is all of them"),
        "port": About(values.port, "Port to listen on"),
        "management_host": About(values.text, "Address of the management port"),
        "management_port": About(
            values.port_or_off,
            "Port of `/health/live`, `/health/ready` and `/metrics`; `off` closes it",
        ),
        "workers": About(
            values.whole(1, 256, "processes"), "Serving processes, one a core"
        ),
        "tls_cert": About(values.readable_file, "Certificate chain (PEM): serve TLS"),
        "tls_key": About(values.readable_file, "Its private key (PEM)"),
        "tls_client_ca": About(
            values.readable_file,
            "Ask for clients' certificates, and believe these authorities' (PEM)",
        ),
        "tls_forwarded": About(
            values.yes_no,
            "Trusted proxies tell which certificate a client has shown them, in "
            "`Client-Cert` (RFC 9440), and let no client write that header itself",
        ),
        "mtls_url": About(
            values.https_url,
            "Where clients that show certificates find the endpoints, such as "
            "`https://mtls.login.example.com`, so that nobody else is asked for one "
            "(RFC 8705 §5)",
        ),
        "trusted_proxies": About(
            values.networks,
            "Networks whose `X-Forwarded-For` is believed",
            shown="nobody",
        ),
        "fetch_allow": About(
            values.hosts,
            "Hosts, as `host:port`, that `jwks_uri` and the like may reach although "
            "they are inside, and without TLS",
            shown="nobody",
        ),
        "dialect": About(
            values.one_of("rfc", "auth0"),
            "`auth0`: answer as Auth0's SDKs expect where the RFCs say otherwise",
        ),
        "dpop_nonce": About(
            values.one_of("optional", "required"),
            "`required` refuses DPoP proofs without a nonce of ours (RFC 9449 §8)",
        ),
        "durability": About(
            values.one_of("local", "replicated"),
            "`replicated` refuses writes without a synchronous standby",
        ),
        "signup": About(
            values.one_of("closed", "open"),
            "Who may make an account at `/signup`: nobody, or everybody",
        ),
        "registration": About(
            values.one_of("closed", "token", "open"),
            "Who may register clients over HTTP (RFC 7591): nobody, whoever has the "
            "initial access token, or everybody",
        ),
        "registration_token": About(
            values.bearer_token,
            "The initial access token, for `token`",
            secret=True,
        ),
        "require_par": About(
            values.yes_no,
            "Refuse authorization requests that were not pushed (RFC 9126)",
        ),
        "par_lifetime": About(
            values.whole(5, 600),
            "How long a browser has to bring a pushed authorization request",
        ),
        "code_lifetime": About(
            values.whole(1, 600), "Authorization codes (RFC 6749: at most 600)"
        ),
        "device_code_lifetime": About(
            values.whole(30, 3600), "How long a person has to let a device in"
        ),
        "device_interval": About(
            values.whole(1, 60), "Time between two polls of a device, at least"
        ),
        "user_code_charset": About(
            values.one_of(*ALPHABETS),
            "What a device shows to be typed: `base20` (consonants) or `digits`",
        ),
        "user_code_mask": About(
            values.mask,
            "Its form, a `*` for each letter; at least 25 bits are left to guess",
        ),
        "access_token_lifetime": About(
            values.whole(1, 86400), "Access tokens, unless their API says"
        ),
        "implicit_token_lifetime": About(
            values.whole(1, 86400), "Access tokens that a browser sees, at most"
        ),
        "id_token_lifetime": About(values.whole(1, 86400), "ID tokens"),
        "refresh_token_lifetime": About(
            values.whole(1, 31622400), "How long a grant may be refreshed"
        ),
        "refresh_leeway": About(
            values.whole(0, 300),
            "How long a rotated refresh token still gets the same successor",
        ),
        "session_lifetime": About(
            values.whole(60, 31622400), "A browser's session, at most"
        ),
        "session_idle_lifetime": About(
            values.whole(60, 31622400),
            "A browser's session that nobody uses, to a tenth: no page of ours is "
            "opened, no app signs in with it",
        ),
        "interaction_lifetime": About(
            values.whole(60, 86400), "Time to sign in and consent"
        ),
        "append_deadline": About(
            values.span(0.1, 60), "Longest wait for the log, then 503"
        ),
        "append_queue": About(
            values.whole(1, 100000, "appends"), "Appends that may wait, then 503"
        ),
        "read_limit": About(
            values.whole(1, 1000, "reads"),
            "Reads of Postgres at once while Redis cannot answer, then 503",
        ),
        "redis_deadline": About(
            values.span(0.001, 10), "Longest wait for Redis, then Postgres"
        ),
        "lag_bound": About(
            values.span(0.1, 3600),
            "How far Redis may be behind the log and still be believed",
        ),
        "drain_delay": About(
            values.span(0, 300),
            "Time between `not ready` and closing the port: load balancers must notice",
        ),
        "drain_timeout": About(
            values.span(0, 300), "Time for requests in flight to finish"
        ),
        "log_level": About(
            values.one_of("debug", "info", "warning", "error"),
            "The least that is logged",
        ),
        "log_format": About(
            values.one_of("json", "console"), "One JSON object a line, or for the eye"
        ),
        "failpoint": About(
            values.text, "Where to die, for fault tests; development only"
        ),
    }
)
