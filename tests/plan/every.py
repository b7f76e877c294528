"""A plan that uses every feature: what the exchange must not lose is here."""

import dataclasses
import datetime
import enum
import uuid
from datetime import UTC
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, TypedDict

import msgspec

from ferryman.plan import (
    Conventions,
    Event,
    Field,
    MessageData,
    Object,
    Person,
    TrackingPlan,
    event,
)


class Colour(enum.Enum):
    """What a thing may look like."""

    RED = "red"
    DARK_BLUE = "dark blue"


class Size(enum.IntEnum):
    SMALL = 1
    LARGE = 3


class Line(msgspec.Struct, frozen=True):
    """One line of an order."""

    sku: Annotated[str, Field(pattern="^[A-Z]+-[0-9]+$")]
    price: Decimal
    colour: Colour = Colour.RED
    labels: frozenset[str] = frozenset()


class Tree(msgspec.Struct):
    name: str
    branches: list["Tree"] = msgspec.field(default_factory=list)


class Cash(msgspec.Struct, tag="cash", frozen=True):
    given: int = 0


class Card(msgspec.Struct, tag="card", frozen=True):
    paid_at: datetime.datetime


class Web(msgspec.Struct, tag=1, tag_field="channel", frozen=True):
    url: str


class Shop(msgspec.Struct, tag=2, tag_field="channel", frozen=True):
    city: str


class Row(msgspec.Struct, array_like=True):
    left: int
    right: str


class Address(TypedDict):
    city: str
    zip: NotRequired[int]


class Point(NamedTuple):
    x: float
    y: float


@dataclasses.dataclass
class Parcel:
    grams: int
    tags: tuple[str, ...] = ()


class OrderPaid(Event, owner="checkout", version=3):
    """An order was paid.

    Sent once the bank has said so, "for sure": \\o/.
    """

    order_id: Annotated[str, Field(description="Ours, not the shop's", min_length=1)]
    total: Annotated[Decimal, Field(description="With tax", examples=[12.5])]
    currency: Literal["EUR", "USD"]
    kind: Literal["order"]
    lines: Annotated[list[Line], Field(min_length=1, max_length=100)]
    paid_with: Cash | Card
    through: Web | Shop | None = None
    seats: Annotated[int, Field(ge=1, le=500)] = 1
    share: Annotated[float, Field(gt=0, lt=1, deprecated="total")] = 0.5
    step: Annotated[int, Field(multiple_of=5)] | None = None
    mixed: int | str | bool | None = "none"
    gift: bool | msgspec.UnsetType = msgspec.UNSET
    note: Annotated[str | msgspec.UnsetType, Field(personal=True, owner="legal")] = msgspec.UNSET
    paid_at: datetime.datetime = msgspec.field(
        name="paidAt", default=datetime.datetime(2026, 11, 24, 5, 30, 0, 250_000, tzinfo=UTC)
    )
    due: datetime.date | None = datetime.date(2026, 12, 1)
    session: uuid.UUID = uuid.UUID(int=10)
    fee: Decimal = msgspec.field(name="surcharge", default=Decimal("1.5"))
    line: Line = Line(sku="A-1", price=Decimal(2), labels=frozenset({"new"}))
    size: Size = Size.LARGE
    colours: set[Colour] = msgspec.field(default_factory=set)
    labels: frozenset[str] = frozenset({"a", "b"})
    path: tuple[str, ...] = ("a",)
    pair: tuple[str, int] = ("a", 1)
    row: Row | None = None
    counts: Annotated[dict[str, int], Field(max_length=10)] = msgspec.field(default_factory=dict)
    by_colour: dict[Literal["red", "blue"], float] = msgspec.field(default_factory=dict)
    tree: Tree | None = None
    address: Address | None = None
    point: Point = Point(1.5, 2.0)
    parcel: Parcel | None = None
    anything: Any = None
    email: Annotated[str, Field(schema={"format": "email"}, personal=True)] = "a@example.com"
    recipient: Annotated[str | None, Field(reserved=True)] = None
    made_up: str = msgspec.field(default_factory=lambda: "each time")


class OrderCompleted(Event, version=2, deprecated=OrderPaid):
    total: float


class Gone(Event, deprecated=True, omit_defaults=True):
    """Nobody says it any more."""

    class_: str = msgspec.field(name="class", default="x")


class Empty(Event):
    pass


@dataclasses.dataclass
class Refund:
    """Money went back."""

    amount: float
    reason: str = "none"


class Shopper(Person, owner="growth"):
    """Somebody who shops."""

    plan: Literal["free", "pro"]
    email: Annotated[str, Field(personal=True)]
    created_at: datetime.datetime | None = None


class Account(Object, object_type="1", owner="sales"):
    """A company."""

    name: str


class Course(Object, object_type=2):
    title: str


class OrderReceipt(MessageData, message="order_receipt_v2"):
    """What the receipt shows."""

    lines: list[Line]
    total: Decimal


Events = OrderPaid | OrderCompleted | Gone | Empty | Refund

PLAN = TrackingPlan[Events, Shopper](
    [Gone, OrderPaid, OrderCompleted, Empty, event("order_refunded", Refund, owner="finance")],
    person=Shopper,
    objects=[Course, Account],
    messages=[OrderReceipt],
    mode="warn",
    conventions=Conventions(fields="any"),
    title="Shop",
    description='What the shop says, and "how".',
)
