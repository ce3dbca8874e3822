"""What the sign-in pages show, as typed values with a sample each."""

from dataclasses import dataclass
from typing import Self

from server.signin.scope_choice import ScopeChoice
from server.web.client_card import ClientCard
from server.web.own_form import OwnForm


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPage:
    """`purpose` says what for where no client asks.

    `problem` is what went wrong at the try before, `sign_up` where an account is made.
    """

    client: ClientCard | None
    form: OwnForm
    purpose: str = ""
    username: str = ""
    problem: str | None = None
    sign_up: str | None = None

    @classmethod
    def sample(cls) -> Self:
        return cls(
            client=ClientCard.sample(),
            form=OwnForm.sample("/login"),
            username="alice",
            problem="User name or password is wrong.",
            sign_up="/signup?tx=sealed",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What stands in a field, and what is wrong with it."""

    value: str = ""
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignupPage:
    """`purpose` as on the sign-in page; `sign_in` leads those there who need that."""

    client: ClientCard | None
    form: OwnForm
    username: Entry
    email: Entry
    password: Entry
    sign_in: str
    purpose: str = ""

    @classmethod
    def sample(cls) -> Self:
        return cls(
            client=ClientCard.sample(),
            form=OwnForm.sample("/signup"),
            username=Entry(value="alice", problem="Somebody has this name already."),
            email=Entry(value="alice@example.com"),
            password=Entry(problem="Use at least 8 characters."),
            sign_in="/login?tx=sealed",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaPage:
    """The second factor: a code from an app."""

    client: ClientCard | None
    form: OwnForm
    problem: str | None = None

    @classmethod
    def sample(cls) -> Self:
        return cls(client=ClientCard.sample(), form=OwnForm.sample("/mfa"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentPage:
    """`destination` is where the browser goes afterwards: host or app scheme."""

    client: ClientCard
    form: OwnForm
    person: str
    choice: ScopeChoice
    destination: str
    switch_account: str

    @classmethod
    def sample(cls) -> Self:
        return cls(
            client=ClientCard.sample(),
            form=OwnForm.sample("/consent"),
            person="Alice Adams",
            choice=ScopeChoice.sample(),
            destination="shop.example",
            switch_account="/login?tx=sealed",
        )
