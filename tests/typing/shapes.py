"""Planted mistakes in nested and foreign shapes, and where a plan meets its speakers.

Each wrong line carries the ignore of both checkers, as in mistakes.py; the other lines are right.
Checked by `make lint`, never run.
"""

import dataclasses
import enum
from datetime import date
from decimal import Decimal
from typing import Literal, TypeAlias, TypedDict, assert_type

import msgspec
import pydantic

from ferryman import (
    Accepted,
    Account,
    AsyncClient,
    AsyncOutbox,
    Client,
    Event,
    MessageData,
    Object,
    Outbox,
    Person,
    Receipt,
    Settings,
    TrackingPlan,
    get_client,
    get_outbox,
    use_plan,
)
from ferryman.plan import event


class Plan(enum.Enum):
    FREE = "free"
    PRO = "pro"


class Line(msgspec.Struct):
    sku: str


class Address(TypedDict):
    city: str


class Bought(Event):
    lines: list[Line]
    plan: Plan
    total: Decimal
    on: date
    ship: Address | None = None
    tags: dict[str, int] = msgspec.field(default_factory=dict[str, int])


class Viewed(Event):
    page: Literal["home", "cart"]
    ms: int | None = None


class Stray(Event):
    """Not in the plan."""


@dataclasses.dataclass
class Refund:
    amount: float


class Signup(pydantic.BaseModel):
    email: str
    seats: int = 1


class Shopper(Person):
    plan: Literal["free", "pro"]


class Vip(Shopper):
    since: date | None = None


class Stranger(Person):
    """Not in the plan."""


class Company(Object, object_type="1"):
    name: str


class Bill(MessageData):
    total: float


Events: TypeAlias = Bought | Viewed | Refund | Signup
Said: TypeAlias = Client[Events, Shopper]
Kept: TypeAlias = Outbox[Events, Shopper]

PLAN = TrackingPlan[Events, Shopper](
    events=[Bought, Viewed, event("refunded", Refund), event("signup", Signup)],
    person=Shopper,
    objects=[Company],
    messages=[Bill],
)
ACCOUNT = Account(site_id="a", track_api_key="b", app_api_key="c")
LINE = Line("a")
DAY = date(2026, 11, 24)
ONE = Decimal(1)
BOUGHT = Bought(lines=[LINE], plan=Plan.PRO, total=ONE, on=DAY)
VIEWED = Viewed(page="home")


def right(client: Said, outbox: Kept) -> None:
    """Classes of any make are said alike, and generators as lists are."""
    Bought(lines=[], plan=Plan.FREE, total=ONE, on=DAY, ship={"city": "Ulm"}, tags={"a": 1})
    assert_type(client.track("42", Refund(amount=1)), None)
    assert_type(outbox.track("42", Signup(email="a", seats=2)), Receipt)
    assert_type(outbox.identify("42", Vip(plan="pro")), Receipt)
    assert_type(outbox.track_many([("1", BOUGHT), ("2", Refund(amount=1.0))]), Accepted)
    assert_type(outbox.track_many(("1", each) for each in [VIEWED, VIEWED]), Accepted)
    client.send_email("42", to="a@b.c", transactional_message_id=7, message_data=Bill(total=1.0))
    use_plan(PLAN)
    shared: Kept = get_outbox()
    shared.track("42", Refund(amount=1.0))
    asking: Said = get_client()
    asking.track("42", Signup(email="a"))
    assert_type(Settings.from_env().client(plan=PLAN), Said)
    assert_type(Settings.from_env().open_outbox(), Outbox[Event, Person])
    Client(ACCOUNT, plan=PLAN).track("42", VIEWED)


def wrong_shapes() -> None:
    """A nested shape is checked like a field: classes, enums, typed dicts, keys and values."""
    Bought(lines=[LINE], plan="pro", total=ONE, on=DAY)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Bought(lines=[{"sku": "a"}], plan=Plan.PRO, total=ONE, on=DAY)  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    Bought(lines=LINE, plan=Plan.PRO, total=ONE, on=DAY)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Bought(lines=[LINE], plan=Plan.PRO, total=1.5, on=DAY)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Bought(lines=[LINE], plan=Plan.PRO, total=ONE, on="2026-11-24")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Bought(lines=[LINE], plan=Plan.PRO, total=ONE, on=DAY, ship={"town": "Ulm"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Bought(lines=[LINE], plan=Plan.PRO, total=ONE, on=DAY, tags={"a": "b"})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    Viewed(page="home", ms="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    print((VIEWED.ms or 0) + 1, VIEWED.ms + 1)  # type: ignore[operator]  # pyright: ignore[reportOptionalOperand, reportUnknownArgumentType]
    Bill(total=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Company(name=7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Refund(amount="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Signup(email=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Signup(seats=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def wrong_said(client: Said, outbox: Kept) -> None:
    """What stands in for a class of ours is no dict, no object and no data of a message."""
    client.track("42", {"page": "home"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.track("42", None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.track(1.5, VIEWED)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.identify("42", Shopper)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.identify("42", Company(name="a"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.identify("42", Stranger())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    outbox.identify("42", plan="pro")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    outbox.track("42", "viewed", page="home")  # type: ignore[arg-type, call-arg]  # pyright: ignore[reportCallIssue]
    client.send_email("42", to="a@b.c", transactional_message_id=7, message_data=BOUGHT)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def wrong_many(outbox: Kept) -> None:
    """Many are pairs of a person and an event of the plan, from lists and generators alike."""
    outbox.track_many([("42", VIEWED, {"a": 1})])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    outbox.track_many({"42": VIEWED})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    outbox.track_many([("42", {"page": "home"})])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    outbox.track_many([("42", Viewed)])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    outbox.track_many(("42", each) for each in [Stray()])  # type: ignore[misc]  # pyright: ignore[reportArgumentType]


def wrong_plans(client: Said) -> None:
    """A plan is of classes, and whoever is given it says what it has and nothing else."""
    TrackingPlan[Viewed, Shopper](events=[Viewed, Bought], person=Shopper)  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    TrackingPlan[Viewed, Shopper](events=[VIEWED], person=Shopper)  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    TrackingPlan[Viewed, Shopper](events=[Viewed], person=Shopper, messages=[Viewed])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    TrackingPlan[Viewed, Shopper](events=[Viewed], person=Shopper, conventions="any")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    event("refunded", Refund, version="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Client[Stray, Shopper](ACCOUNT, plan=PLAN)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Client(ACCOUNT, plan=PLAN).track("42", Stray())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Outbox("memory:", ACCOUNT, plan=PLAN).track("42", "viewed")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    use_plan([Viewed])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    PLAN.mode = "strict"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    client.batch([BOUGHT])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


async def wrong_awaited(
    client: AsyncClient[Events, Shopper], outbox: AsyncOutbox[Events, Shopper]
) -> None:
    """The other colour refuses the same, in its namespaces too."""
    await client.track("42", {"page": "home"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.pipelines.track("42", Stray())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.pipelines.track("42", "viewed", data={})  # type: ignore[arg-type, call-arg]  # pyright: ignore[reportCallIssue]
    await outbox.pipelines.identify("42", Stranger())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await outbox.track_many([("42", "viewed")])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    await client.send_push("42", transactional_message_id=7, message_data=BOUGHT)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
