"""Planted mistakes in the classes of a plan. Checked by `make lint`, never run.

Each wrong line carries the ignore of both checkers, as in mistakes.py; the other lines are right.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal, assert_type

import msgspec

from ferryman.plan import Event, Person, encode_event, encode_person, event_name


class Line(msgspec.Struct):
    sku: str
    price: Decimal


class OrderCompleted(Event, event="Order Completed"):
    items: list[Line]
    channel: Literal["web", "shop"]
    seats: Annotated[int, msgspec.Meta(ge=1)] = 1
    at: datetime | None = msgspec.field(default=None, name="paidAt")
    gift: bool | msgspec.UnsetType = msgspec.UNSET


class Refunded(OrderCompleted):
    reason: str


class Shopper(Person):
    plan: str
    orders: int = 0


LINE = Line("a", Decimal("1.50"))
ORDER = OrderCompleted(items=[LINE], channel="web", at=datetime.now(UTC), gift=True)


def right(shopper: Shopper) -> None:
    """Fields may be wider in place of narrower, keep their order nowhere, and are inherited."""
    assert_type(ORDER.channel, Literal["web", "shop"])
    assert_type(ORDER.at, datetime | None)
    assert_type(event_name(ORDER), str)
    assert_type(encode_event(Refunded(reason="late", channel="shop", items=[]), "track"), bytes)
    assert_type(encode_person(shopper, "pipelines"), bytes)


def wrong(shopper: Shopper) -> None:
    """What the run-time check refuses, a checker has found before."""
    OrderCompleted(items=[LINE], channel="phone")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    OrderCompleted(items=[LINE])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    OrderCompleted(items=[ORDER], channel="web")  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    OrderCompleted(items=[], channel="web", seats=1.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    OrderCompleted(items=[], channel="web", at="2026-11-24")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    OrderCompleted(items=[], channel="web", paidAt=None)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    OrderCompleted([], "web")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Refunded(items=[], channel="web")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    ORDER.seats = 2  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    shopper.orders += 1  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    Shopper("pro")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    encode_event(shopper, "track")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    encode_person(ORDER, "track")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    encode_event(ORDER, "tracking")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
