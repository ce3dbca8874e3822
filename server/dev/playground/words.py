"""What the names in requests, tokens and events mean, in a few words each."""

from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
SECONDS_END: Final = 2 * MINUTE
MINUTES_END: Final = 2 * HOUR
HOURS_END: Final = 2 * DAY

PARAMETERS: Final = MappingProxyType(
    {
        "response_type": "what the browser brings back: a code, tokens, or both",
        "response_mode": "form_post: in a form, so that no address has a token in it",
        "client_id": "who asks",
        "client_secret": "what only the client and the server know",
        "redirect_uri": "where the browser goes back to; must be registered, exactly",
        "scope": "what it asks for; the person may allow less",
        "audience": "the API the access token is for; without one: userinfo only",
        "prompt": "login, consent or none; empty: ask only what is needed",
        "state": "our own riddle, to recognise the answer as ours",
        "nonce": "comes back inside the ID token, so that none can be replayed",
        "code_challenge": "SHA-256 of a secret that only we know (PKCE)",
        "code_challenge_method": "S256: the hash, never the secret itself",
        "grant_type": "what is being exchanged for tokens",
        "code": "the code that the browser brought",
        "code_verifier": "the secret behind code_challenge: proof that we began this",
        "request_uri": "what was pushed, by its name; good once",
        "request": "everything else that is asked, in a JWT that the client signed",
        "dpop_jkt": "thumbprint of our key: the code is good for its holder alone",
        "username": "the person's, as they typed it into the app",
        "password": "theirs too: now the app knows it, which is what is wrong here",
        "realm": "which directory; this server has one, and every name means it",
        "mfa_token": "says whose password was right, sealed; good for ten minutes",
        "otp": "the six digits that bob's authenticator shows now",
        "client_assertion_type": "how the client proves itself: by a signed JWT",
        "client_assertion": "made and signed just now, good once",
        "subject_token": "in whose name: alice's token for the Notes API",
        "subject_token_type": "what the subject token is",
        "actor_token": "who acts: the Notes API's own token",
        "actor_token_type": "what the actor token is",
        "device_code": "the long code of the device, which nobody is shown",
        "refresh_token": "the token to rotate",
        "token": "the token in question",
        "token_type_hint": "where to look first; only a hint",
        "id_token_hint": "whose session is to end",
        "post_logout_redirect_uri": "where to go afterwards; must be registered",
    }
)

CLAIMS: Final = MappingProxyType(
    {
        "alg": "the signature's algorithm",
        "kid": "which key of the JWKS signed it",
        "typ": "what kind it is, so that none passes for another (at+jwt, dpop+jwt)",
        "iss": "who issued it",
        "sub": "whom it is about",
        "aud": "whom it is for",
        "exp": "dead from",
        "iat": "issued",
        "nbf": "not before",
        "jti": "its name; ours say the grant's stream and the token's number",
        "client_id": "who asked for it",
        "azp": "the client it was issued to",
        "scope": "what it allows",
        "nonce": "a riddle: ours of the first request, or the server's for proofs",
        "auth_time": "when the person signed in",
        "amr": "how they signed in: pwd, otp …",
        "acr": "how strong that was",
        "at_hash": "half a hash of the access token beside it",
        "c_hash": "half a hash of the code beside it",
        "s_hash": "half a hash of our state",
        "act": "who acts in the subject's name; inside, who did before",
        "cnf": "good only for who has this key (jkt: its thumbprint)",
        "htm": "the method that the proof is for",
        "htu": "the address that the proof is for",
        "ath": "a hash of the access token that the proof goes with",
        "jwk": "the public half of the key that signed this",
        "sid": "the browser's session",
        "gty": "the grant it came from",
        "active": "the whole answer of introspection",
        "token_type": "how to present it",
        "username": "the name for people",
    }
)

EVENTS: Final = MappingProxyType(
    {
        "grant.pushed": "A grant begins: a client says, sealed, what it will ask for.",
        "grant.device_requested": "A grant begins at a device: nobody's, as yet.",
        "grant.device_approved": "A person has let the device in.",
        "grant.device_denied": "A person has kept the device out: the grant is dead.",
        "grant.device_redeemed": "The device code is spent. One append, one winner.",
        "grant.code_issued": "A grant begins: who allowed what to whom, and its code.",
        "grant.code_redeemed": "The code is spent. One append, so one winner.",
        "grant.code_replayed": "The code came a second time: the grant is dead.",
        "grant.issued": "Tokens at once: no code came before them.",
        "grant.refreshed": "The refresh token moved on by one generation.",
        "grant.access_token_added": "A retry asked for something else: one more token.",
        "grant.refresh_replayed": "An old refresh token came back: the family is dead.",
        "grant.access_token_revoked": "One access token is dead, the rest lives.",
        "grant.revoked": "The whole grant is dead.",
        "grant.carried": "The state once more, before its day is archived.",
        "session.started": "Somebody signed in at this browser.",
        "session.stepped_up": "They signed in again, or better.",
        "session.client_joined": "The session now reaches this client too.",
        "session.ended": "They signed out; what hung on the session is dead.",
        "user.registered": "A person. What names them is sealed.",
        "user.login_failed": "A fact: a sign-in failed. It moves no version.",
        "consent.granted": "What the person allows this client, remembered.",
        "consent.withdrawn": "What was allowed is taken back.",
        "client.registered": "A client; its secret is a digest only.",
        "api.registered": "An API; what its tokens look like.",
        "signing_key.created": "A key is published, not yet signing.",
        "signing_key.activated": "It signs from now on.",
        "signing_key.retired": "It signs no more; still published.",
    }
)

ARTEFACTS: Final = MappingProxyType(
    {
        "ac": "authorization code",
        "at": "opaque access token",
        "rt": "refresh token",
        "dc": "device code",
        "pr": "pushed authorization request",
    }
)

NUMBERS: Final = MappingProxyType(
    {
        "ac": "number {0} of the grant",
        "dc": "number {0} of the grant",
        "pr": "number {0} of the grant",
        "at": "token {0} of the grant",
        "rt": "generation {0} of the family",
    }
)


def span(seconds: int) -> str:
    """Say a length of time in its largest sensible unit."""
    if seconds < SECONDS_END:
        return f"{seconds} s"
    if seconds < MINUTES_END:
        return f"{seconds // MINUTE} min"
    if seconds < HOURS_END:
        return f"{seconds // HOUR} h"
    return f"{seconds // DAY} days"


def distance(at: int, now: int) -> str:
    """Say how far an instant (epoch seconds) is from `now`."""
    if at == now:
        return "now"
    return f"in {span(at - now)}" if at > now else f"{span(now - at)} ago"


def moment(at: int, now: int) -> str:
    """Say an instant (epoch seconds) as seen from `now`, with its UTC clock time."""
    return f"{distance(at, now)} · {clock_time(at)}"


def clock_time(at: int) -> str:
    try:
        return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return "beyond the calendar"


def exact_time(at_ms: int) -> str:
    """Say an instant (epoch milliseconds) to the millisecond."""
    seconds, rest = divmod(at_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, tz=UTC):%H:%M:%S}.{rest:03d}"
