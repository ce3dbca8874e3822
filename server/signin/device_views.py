"""What the pages that let a device in show (RFC 8628 §3.3)."""

from dataclasses import dataclass
from typing import Self

from server.signin.scope_choice import ScopeChoice
from server.web.client_card import ClientCard
from server.web.own_form import OwnForm


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCodePage:
    """The question for the code; `keyboard` is what a phone should offer for it."""

    form: OwnForm
    example: str
    keyboard: str
    user_code: str = ""
    problem: str | None = None

    @classmethod
    def sample(cls) -> Self:
        return cls(
            form=OwnForm.sample("/activate"),
            example="BCDF-GHJK",
            keyboard="text",
            user_code="WDJB-MJHT",
            problem="This code is not good.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDecisionPage:
    """Who asks, for what, when and from where; `nearby` is the person's own network."""

    client: ClientCard
    form: OwnForm
    person: str
    user_code: str
    choice: ScopeChoice
    asked: str
    address: str | None
    nearby: bool
    switch_account: str

    @classmethod
    def sample(cls) -> Self:
        return cls(
            client=ClientCard.sample(),
            form=OwnForm.sample("/activate"),
            person="Alice Adams",
            user_code="WDJB-MJHT",
            choice=ScopeChoice.sample(),
            asked="2 minutes ago",
            address="203.0.113.7",
            nearby=False,
            switch_account="/login?tx=sealed",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDonePage:
    """The end, whichever."""

    client: ClientCard
    allowed: bool

    @classmethod
    def sample(cls) -> Self:
        return cls(client=ClientCard.sample(), allowed=True)
