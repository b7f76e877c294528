"""Checked events and persons become bytes; both ways of writing write the same."""

import datetime
import json
from datetime import UTC
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferryman._core.encode import encode_object
from ferryman.errors import InvalidOperation
from ferryman.plan import Event, Person, encode_event, encode_person

NOW = datetime.datetime(2026, 11, 24, 5, tzinfo=UTC)


class Line(msgspec.Struct):
    sku: str
    price: float


class OrderCompleted(Event):
    total: float
    items: list[Line]
    coupon: str | None = None
    channel: Literal["web", "shop"] = "web"
    gift: bool | msgspec.UnsetType = msgspec.UNSET
    order_id: str = msgspec.field(name="orderId", default="")


class Dated(Event, event="Order Dated"):
    at: datetime.datetime
    day: datetime.date | None = None
    gift: bool | msgspec.UnsetType = msgspec.UNSET
    order_id: str = msgspec.field(name="orderId", default="")


class Sparse(Event, omit_defaults=True, rename="camel"):
    total_paid: float = 0.0
    line_items: list[int] = msgspec.field(default_factory=list)


class SparseDated(Sparse, omit_defaults=True, rename="camel"):
    paid_at: datetime.datetime | None = None


class Shopper(Person):
    plan: str
    orders: int = 0
    born: datetime.date | None = None


class Later(Event):
    detail: "Detail"


class Detail(msgspec.Struct):
    size: int


class Knot(msgspec.Struct):
    inner: "list[Knot]"


class Tied(Event):
    knots: list[Knot]


def test_a_plain_event_is_written_field_by_field():
    """Names on the wire are honoured, None is null, and what is unset is left out."""
    event = OrderCompleted(total=12, items=[Line("a", 1.5)], order_id="o1")

    assert encode_event(event, "track") == (
        b'{"total":12,"items":[{"sku":"a","price":1.5}],"coupon":null,"channel":"web","orderId":"o1"}'
    )


def test_moments_are_written_as_each_api_wants_them():
    """Track and App get Unix seconds, Pipelines ISO 8601, of one and the same class."""
    event = Dated(at=NOW, day=NOW.date(), gift=True)

    seconds = b'{"at":1795496400,"day":1795478400,"gift":true,"orderId":""}'
    assert encode_event(event, "track") == encode_event(event, "app") == seconds
    assert encode_event(Dated(at=NOW), "track") == b'{"at":1795496400,"day":null,"orderId":""}'
    assert encode_event(event, "pipelines") == (
        b'{"at":"2026-11-24T05:00:00Z","day":"2026-11-24T00:00:00Z","gift":true,"orderId":""}'
    )


def test_a_person_is_written_like_an_event():
    """None removes an attribute, so it is written and not left out."""
    assert encode_person(Shopper(plan="pro"), "track") == b'{"plan":"pro","orders":0,"born":null}'


def test_an_event_without_fields_is_an_empty_object():
    """There is always an object to put into the envelope."""

    class Opened(Event):
        pass

    assert encode_event(Opened(), "track") == b"{}"


def test_defaults_are_left_out_where_the_class_asks_for_it():
    """omit_defaults means the same whether or not the class holds moments."""
    assert encode_event(Sparse(), "track") == encode_event(SparseDated(), "track") == b"{}"
    assert encode_event(Sparse(line_items=[1]), "track") == b'{"lineItems":[1]}'
    assert encode_event(SparseDated(line_items=[1]), "track") == b'{"lineItems":[1]}'
    assert encode_event(SparseDated(paid_at=NOW), "track") == b'{"paidAt":1795496400}'


def test_an_error_names_the_path_on_the_wire():
    """The path starts at the event's name and uses the names that are sent."""
    with pytest.raises(
        InvalidOperation, match=r"^order_completed\.items\[2\]\.price: expected float, got str$"
    ):
        encode_event(
            OrderCompleted(total=1, items=[Line("a", 1), Line("b", 2), Line("c", "3")]), "track"
        )
    with pytest.raises(
        InvalidOperation, match=r"^order_completed\.orderId: expected str, got int$"
    ):
        encode_event(OrderCompleted(total=1, items=[], order_id=3), "track")
    with pytest.raises(InvalidOperation, match=r"^Order Dated\.at: expected datetime, got str$"):
        encode_event(Dated(at="2026"), "track")
    with pytest.raises(InvalidOperation, match=r"^shopper\.plan: expected str, got int$"):
        encode_person(Shopper(plan=1), "track")


def test_a_value_that_was_changed_after_it_was_made_is_checked_again():
    """Lists inside a frozen event are mutable, and what is sent is what was checked."""
    event = OrderCompleted(total=1, items=[])
    encode_event(event, "track")
    event.items.append("not a line")

    with pytest.raises(InvalidOperation, match=r"items\[0\]: expected Line, got str"):
        encode_event(event, "track")


def test_a_class_may_name_classes_further_down():
    """Annotations are read at first use, when the names they use exist."""
    assert encode_event(Later(detail=Detail(3)), "track") == b'{"detail":{"size":3}}'


def test_a_person_is_no_event_and_an_event_no_person():
    """Each door takes its own kind, and says what it got."""
    with pytest.raises(InvalidOperation, match="expected an Event, got Shopper"):
        encode_event(Shopper(plan="pro"), "track")
    with pytest.raises(InvalidOperation, match="expected a Person, got OrderCompleted"):
        encode_person(OrderCompleted(total=1, items=[]), "track")
    with pytest.raises(InvalidOperation, match="expected an Event, got dict"):
        encode_event({"total": 1}, "track")


def test_events_that_nest_without_end_are_refused():
    """A struct that holds itself ends in an error of this library."""

    knot = Knot([])
    knot.inner.append(knot)

    with pytest.raises(InvalidOperation, match="nested deeper"):
        encode_event(Tied(knots=[knot]), "track")


@given(
    st.builds(
        OrderCompleted,
        total=st.floats(allow_nan=False, allow_infinity=False)
        | st.integers(-(2**53) + 1, 2**53 - 1),
        items=st.lists(st.builds(Line, sku=st.text(), price=st.floats(0, 1e9)), max_size=3),
        coupon=st.none() | st.text(),
        channel=st.sampled_from(["web", "shop"]),
        gift=st.booleans() | st.just(msgspec.UNSET),
        order_id=st.text(max_size=3),
    )
)
def test_a_typed_event_writes_what_the_same_data_untyped_would(event):
    """Types check; they do not change what is sent."""
    written = encode_event(event, "track")

    assert written == encode_object(event, "track", at="data")
    assert msgspec.convert(json.loads(written), OrderCompleted) == event
