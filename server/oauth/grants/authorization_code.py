"""A code for tokens, once (RFC 6749 §4.1.3, RFC 7636 §4.5, OIDC Core §3.1.3)."""

from functools import partial

from domain.errors import InvalidGrant
from domain.grant import GRANT, CodeRedeemed
from domain.redemption import Redemption, redeem
from server.oauth import standing
from server.oauth.ask import Ask, narrowing, refresh_lifetime
from server.oauth.giving import give
from server.oauth.minting import minter
from server.oauth.tokens import Given
from server.web import forms


async def exchange(ask: Ask) -> Given:
    """Spend the code.

    Raises:
        InvalidGrant: the code is not this client's to spend, or was spent before;
            then all that came of it has ended.
        InvalidTarget: an API that the code is not good for.
    """
    code = ask.services.keys.authentic(forms.required(ask.form, "code"), "ac")
    if code is None:
        raise InvalidGrant("the code is not good", reason="CODE_FORGED")
    grant_id = code.stream_id
    view = await ask.services.reading.live(grant_id)
    approval = await standing.check(ask, view)
    narrowed = await narrowing(ask, approval)
    mint = await minter(ask, grant_id, approval, narrowed, cnf=ask.cnf)
    decide = partial(
        redeem,
        presented=_presented(ask),
        mint=mint,
        refresh_lifetime=refresh_lifetime(ask, approval),
        bound=ask.binds_refresh,
        now=ask.now,
    )
    outcome = await ask.services.commands.run(
        GRANT, grant_id, decide, source=ask.source
    )
    match outcome.events:
        case (CodeRedeemed(token=token, refresh=refresh),):
            return await give(
                ask,
                grant_id,
                approval,
                token,
                mint=mint,
                refresh=refresh,
                nonce=approval.nonce,
            )
        case _:
            raise InvalidGrant("the code was used before", reason="CODE_REPLAY")


def _presented(ask: Ask) -> Redemption:
    return Redemption(
        client_id=ask.client_id,
        redirect_uri=ask.form.get("redirect_uri"),
        code_verifier=ask.form.get("code_verifier"),
        jkt=ask.cnf.jkt if ask.cnf else None,
    )
