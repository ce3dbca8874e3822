"""What the sign-in pages show, as typed values with a sample each."""

from dataclasses import dataclass
from typing import Self

from server.web.client_card import ClientCard
from server.web.own_form import OwnForm


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPage:
    """`problem` is what went wrong at the try before."""

    client: ClientCard
    form: OwnForm
    username: str = ""
    problem: str | None = None

    @classmethod
    def sample(cls) -> Self:
        return cls(
            client=ClientCard.sample(),
            form=OwnForm.sample("/login"),
            username="alice",
            problem="User name or password is wrong.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaPage:
    """The second factor: a code from an app."""

    client: ClientCard
    form: OwnForm
    problem: str | None = None

    @classmethod
    def sample(cls) -> Self:
        return cls(client=ClientCard.sample(), form=OwnForm.sample("/mfa"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeLine:
    """One scope in plain words; `api` names the API it belongs to."""

    name: str
    meaning: str
    api: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentPage:
    """`destination` is where the browser goes afterwards: host or app scheme."""

    client: ClientCard
    form: OwnForm
    person: str
    required: tuple[ScopeLine, ...]
    optional: tuple[ScopeLine, ...]
    destination: str
    switch_account: str

    @classmethod
    def sample(cls) -> Self:
        return cls(
            client=ClientCard.sample(),
            form=OwnForm.sample("/consent"),
            person="Alice Adams",
            required=(ScopeLine(name="openid", meaning="Know who you are"),),
            optional=(
                ScopeLine(name="email", meaning="See your e-mail address"),
                ScopeLine(name="read:orders", meaning="Read your orders", api="Orders"),
            ),
            destination="shop.example",
            switch_account="/login?tx=sealed",
        )
