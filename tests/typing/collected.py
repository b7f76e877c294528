"""Planted mistakes against a closed plan. Checked by `make lint`, never run.

Each wrong line carries the ignore of both checkers, as in mistakes.py; everything in ``right`` and
``awaited`` is right, and what is inferred there is asserted.
"""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeAlias, assert_type

import msgspec

from ferryman import (
    Accepted,
    Account,
    AsyncClient,
    AsyncOutbox,
    Client,
    Event,
    Field,
    InvalidOperation,
    MessageData,
    Object,
    Outbox,
    Person,
    Receipt,
    TrackingPlan,
    get_client,
    get_outbox,
    use_plan,
)
from ferryman.plan import Conventions, Deviation, event


class Line(msgspec.Struct):
    sku: str
    quantity: Annotated[int, Field(ge=1)] = 1


class SignedUp(Event, owner="growth", version=2):
    method: Literal["google", "mail"]
    seats: Annotated[int, Field(ge=1, description="Paid for")] = 1
    email: Annotated[str | None, Field(personal=True)] = None


class PlanChanged(Event, event="Plan Changed", deprecated=SignedUp):
    lines: list[Line]
    at: datetime


class LoggedOut(Event):
    """Not in the plan."""


@dataclasses.dataclass
class Refund:
    amount: float


class Shopper(Person):
    plan: Literal["free", "pro"]
    spent: float = 0.0


class Guest(Person):
    """Not in the plan."""


class Company(Object, object_type="1"):
    name: str


class ReceiptData(MessageData, message="order_receipt"):
    total: float


Events: TypeAlias = SignedUp | PlanChanged
Refusals: TypeAlias = tuple[tuple[int, InvalidOperation], ...]
Wider: TypeAlias = SignedUp | PlanChanged | Refund

PLAN = TrackingPlan[Events, Shopper](
    events=[SignedUp, PlanChanged],
    person=Shopper,
    objects=[Company],
    messages=[ReceiptData],
    mode="warn",
    conventions=Conventions(events="any"),
)
WIDER = TrackingPlan[Wider, Shopper](
    events=[SignedUp, PlanChanged, event("order_refunded", Refund)], person=Shopper
)
SIGNED_UP = SignedUp(method="google")
ACCOUNT = Account(site_id="a", track_api_key="b")


def right(
    client: Client[Events, Shopper], outbox: Outbox[Events, Shopper], wider: Client[Wider, Shopper]
) -> None:
    """What the plan names may be said, and who takes any event stands where fewer are said."""
    assert_type(client.track("42", SIGNED_UP), None)
    assert_type(client.track(42, PlanChanged(lines=[Line("a")], at=datetime.now(UTC))), None)
    assert_type(outbox.track("42", SIGNED_UP, id="1"), Receipt)
    assert_type(outbox.identify("42", Shopper(plan="pro"), update_only=True), Receipt)
    assert_type(outbox.track_many([("42", SIGNED_UP), (7, SIGNED_UP)]), Accepted)
    assert_type(outbox.track_many((str(n), SIGNED_UP) for n in range(3)).refused, Refusals)
    assert_type(client.identify("42"), None)
    assert_type(wider.track("42", Refund(amount=1.5)), None)
    assert_type(Client(ACCOUNT, plan=PLAN), Client[SignedUp | PlanChanged, Shopper])
    assert_type(Client(ACCOUNT), Client[Event, Person])
    assert_type(PLAN.report(), tuple[Deviation, ...])
    assert_type(PLAN.schema(), dict[str, Any])
    open_client: Client = get_client()
    open_client.track("42", "anything", data={"seats": 2})
    open_client.track("42", LoggedOut())
    open_client.identify("42", {"plan": "pro"})
    open_outbox: Outbox = get_outbox()
    open_outbox.track_many([("42", "anything", {"seats": 2}), ("42", "else"), ("42", LoggedOut())])
    use_plan(PLAN)
    typed: Outbox[Events, Shopper] = get_outbox()
    typed.track("42", SIGNED_UP)
    typed.suppress("42")


async def awaited(
    client: AsyncClient[Events, Shopper], outbox: AsyncOutbox[Events, Shopper]
) -> None:
    """The other colour says the same, awaited."""
    assert_type(await client.track("42", SIGNED_UP), None)
    assert_type(await outbox.track("42", SIGNED_UP), Receipt)
    assert_type(await outbox.track_many([("42", SIGNED_UP)]), Accepted)
    assert_type(await outbox.identify("42", Shopper(plan="free")), Receipt)
    assert_type(AsyncOutbox("memory:", ACCOUNT, plan=PLAN), AsyncOutbox[Events, Shopper])


def wrong_events(client: Client[Events, Shopper], data: Mapping[str, object]) -> None:
    """A closed plan takes its own events, and no name."""
    client.track("42", LoggedOut())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.track("42", "signed_up")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.track("42", "signed_up", data=data)  # type: ignore[arg-type, call-arg]  # pyright: ignore[reportCallIssue]
    client.track("42", SignedUp)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.track("42", Refund(amount=1.5))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.track("42", Shopper(plan="pro"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.track("42", SIGNED_UP, data=data)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.track(SIGNED_UP)  # type: ignore[arg-type, call-arg]  # pyright: ignore[reportCallIssue]


def wrong_many(outbox: Outbox[Events, Shopper]) -> None:
    """Many are taken as one is: events of the plan, with whom they are about, and no name."""
    outbox.track_many([("42", LoggedOut())])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    outbox.track_many([("42", "signed_up")])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    outbox.track_many([("42", "signed_up", {"seats": 2})])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    outbox.track_many([SIGNED_UP])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    outbox.track_many([(SIGNED_UP, "42")])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    outbox.track_many("42", [SIGNED_UP])  # type: ignore[arg-type, call-arg]  # pyright: ignore[reportCallIssue]


def wrong_people(client: Client[Events, Shopper], outbox: Outbox[Events, Shopper]) -> None:
    """A closed plan takes its own person, and no mapping."""
    client.identify("42", Guest())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.identify("42", {"plan": "pro"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    outbox.identify("42", SIGNED_UP)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Shopper(plan="gold")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Shopper()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Shopper(plan="pro", spend=1.0)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def wrong_fields() -> None:
    """A field is checked where a value is made, under its constraints and marks too."""
    SignedUp(method="apple")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    SignedUp(method="google", seats="2")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    SignedUp(method="google", email=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    SignedUp(method="google", seat=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    SignedUp(seats=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    PlanChanged(lines=["a"], at=datetime.now(UTC))  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    PlanChanged(lines=[], at=1795496400)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Company(title="a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    ReceiptData(total="1.50")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    SIGNED_UP.method = "mail"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    Line(sku="a", quantity=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def wrong_plans(other: Client[SignedUp, Shopper], outbox: Outbox[Events, Shopper]) -> None:
    """A plan lists what it names, and who says fewer events cannot stand where more are said."""
    TrackingPlan[Events, Shopper](events=[SignedUp, LoggedOut], person=Shopper)  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    TrackingPlan[Events, Shopper](events=[SignedUp, PlanChanged], person=Guest)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    TrackingPlan[Events](events=[SignedUp, PlanChanged], mode="strict")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    TrackingPlan[Events](events=[SignedUp, PlanChanged], objects=[Shopper])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    TrackingPlan[Events](events=[SignedUp, event("order_refunded", Refund)])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Client[Events, Shopper](ACCOUNT, plan=WIDER).track("42", Refund(amount=1.5))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    wider: Client[Events, Shopper] = other  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    wider.track("42", PLAN)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    open_outbox: Outbox = outbox  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    open_outbox.track("42", SIGNED_UP, at="now")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    event("order_refunded", Refund, owner=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Field(personal="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def wrong_awaited(
    client: AsyncClient[Events, Shopper], outbox: AsyncOutbox[Events, Shopper]
) -> None:
    """The other colour refuses the same."""
    await client.track("42", LoggedOut())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await outbox.track_many([("42", LoggedOut())])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    await outbox.track("42", "signed_up")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await outbox.identify("42", Guest())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    outbox.track("42", SIGNED_UP)  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]


def routed(client: Client[Events, Shopper], outbox: Outbox[Events, Shopper]) -> None:
    """A namespace is of its speaker's plan: its events and its person, and no name."""
    assert_type(client.pipelines.track("42", SIGNED_UP), None)
    assert_type(outbox.pipelines.track("42", SIGNED_UP), Receipt)
    assert_type(outbox.pipelines.identify("42", Shopper(plan="pro")), Receipt)
    client.pipelines.track("42", LoggedOut())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.pipelines.track("42", "signed_up")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    outbox.pipelines.identify("42", Guest())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    outbox.pipelines.identify("42", {"plan": "pro"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
