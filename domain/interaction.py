"""What has to happen before a request is granted: sign in, consent, or nothing.

The need is a value, and the answer to it a page elsewhere (OIDC Core §3.1.2.1,
§3.1.2.3, §3.1.2.4). A person who comes back from such a page comes with the same
wish, and with the mark that it has been answered.
"""

from typing import Final
from uuid import UUID

from domain import acr
from domain.client_metadata import Metadata
from domain.consent import ConsentState, Standing, covers
from domain.errors import (
    ConsentRequired,
    InteractionRequired,
    InvalidRequest,
    LoginRequired,
    OAuthError,
    UnmetAuthentication,
)
from domain.session import Active, SessionState, is_alive
from domain.value import Value

SIGN_IN_PROMPTS: Final = ("create", "login", "select_account")
_PROMPTS: Final = ("none", "consent", *SIGN_IN_PROMPTS)


class Wish(Value, frozen=True):
    """The part of an authorization request that decides what happens next.

    `claims_scope` are the scopes of claims that it asks for one by one (OIDC Core
    §5.5). `for_another` says that it names a person, and not the one of the session
    (by `id_token_hint`, or the `sub` claim); `acr` are the classes of which one is
    essential (§5.5.1.1). `fresh_login` and `fresh_consent` say that the person
    signed in, or allowed, since this request began.
    """

    scope: tuple[str, ...]
    audience: tuple[str, ...] = ()
    claims_scope: tuple[str, ...] = ()
    prompt: tuple[str, ...] = ()
    max_age: int | None = None
    for_another: bool = False
    acr: tuple[str, ...] = ()
    fresh_login: bool = False
    fresh_consent: bool = False


class Login(Value, frozen=True):
    """`reason` is no_session, login, select_account, create, max_age, subject, acr."""

    reason: str


class Consent(Value, frozen=True):
    """`missing` is what of the scope does not stand yet."""

    scope: tuple[str, ...]
    audience: tuple[str, ...]
    missing: tuple[str, ...]


class Proceed(Value, frozen=True):
    """With this session, whoever's it is."""

    user_id: UUID


class Refuse(Value, frozen=True):
    error: OAuthError


NextStep = Login | Consent | Proceed | Refuse


def parse_prompt(text: str | None) -> tuple[str, ...]:
    """Return the known prompts in their order; unknown ones are ignored.

    Raises:
        InvalidRequest: `none` together with another (OIDC Core §3.1.2.1).
    """
    asked = tuple(dict.fromkeys((text or "").split()))
    if "none" in asked and asked != ("none",):
        raise InvalidRequest("prompt none stands alone", reason="PROMPT_CONFLICT")
    return tuple(prompt for prompt in asked if prompt in _PROMPTS)


def next_step(
    wish: Wish,
    session: SessionState,
    consent: ConsentState,
    client: Metadata,
    *,
    now: int,
) -> NextStep:
    """Return what has to happen now, sign-in before consent."""
    if wish.acr and not set(wish.acr) & acr.CLASSES.keys():
        return Refuse(error=UnmetAuthentication("acr is unknown", reason="ACR_UNKNOWN"))
    if not isinstance(session, Active) or not is_alive(session, now):
        return _login(wish, "create" if "create" in wish.prompt else "no_session")
    reason = _why_sign_in(wish, session, client, now)
    if reason is not None:
        return _login(wish, reason)
    if _needs_consent(wish, consent, client):
        return _consent(wish, consent)
    return Proceed(user_id=session.user_id)


def _why_sign_in(wish: Wish, session: Active, client: Metadata, now: int) -> str | None:
    # What a sign-in cannot mend is asked even after it, and then refused.
    if wish.for_another:
        return "subject"
    if wish.acr and not set(wish.acr) & set(acr.met(session.amr)):
        return "acr"
    return None if wish.fresh_login else _why_again(wish, session, client, now)


def _why_again(wish: Wish, session: Active, client: Metadata, now: int) -> str | None:
    prompted = next((p for p in SIGN_IN_PROMPTS if p in wish.prompt), None)
    if prompted is not None:
        return prompted
    max_age = client.default_max_age if wish.max_age is None else wish.max_age
    return "max_age" if _is_too_old(session.auth_time, max_age, now) else None


def _is_too_old(auth_time: int, max_age: int | None, now: int) -> bool:
    if max_age is None:
        return False
    # OIDC Core §3.1.2.1: max_age=0 is prompt=login, in the same second too.
    return max_age == 0 or now - auth_time > max_age


def _login(wish: Wish, reason: str) -> Login | Refuse:
    if "none" in wish.prompt:
        return Refuse(error=_not_silently(reason))
    if wish.fresh_login and reason == "subject":
        return Refuse(error=LoginRequired("another person", reason="SUBJECT_MISMATCH"))
    if wish.fresh_login and reason == "acr":
        return Refuse(error=UnmetAuthentication("acr was not met", reason="ACR_UNMET"))
    return Login(reason=reason)


def _not_silently(reason: str) -> OAuthError:
    if reason == "acr":
        return InteractionRequired("a stronger sign-in is needed", reason="ACR_UNMET")
    return LoginRequired("sign-in is needed", reason=f"LOGIN_{reason.upper()}")


def _needs_consent(wish: Wish, consent: ConsentState, client: Metadata) -> bool:
    if "consent" in wish.prompt and not wish.fresh_consent:
        return True
    asked = wish.scope + wish.claims_scope
    return not client.first_party and not covers(consent, asked, wish.audience)


def _consent(wish: Wish, consent: ConsentState) -> Consent | Refuse:
    if "none" in wish.prompt:
        return Refuse(error=ConsentRequired("consent is needed"))
    allowed = consent.scope if isinstance(consent, Standing) else ()
    asked = wish.scope + wish.claims_scope
    return Consent(
        scope=asked,
        audience=wish.audience,
        missing=tuple(scope for scope in asked if scope not in allowed),
    )
