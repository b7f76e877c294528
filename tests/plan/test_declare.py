"""A class of a plan says who it is; what Customer.io cannot take fails where it is made."""

import datetime
from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from ferryman.errors import InvalidOperation
from ferryman.plan import (
    Event,
    Facts,
    Field,
    MessageData,
    Object,
    Person,
    encode_event,
    encode_message,
    encode_object_attributes,
    encode_person,
)


class OrderPaid(Event, owner="checkout", version=2):
    """An order was paid.

    In full.
    """

    total: Annotated[float, Field(description="With tax", ge=0)]
    note: Annotated[str | UnsetType, Field(personal=True)] = UNSET


class OrderDone(OrderPaid, event="Order Done", deprecated=OrderPaid):
    pass


class Company(Object, object_type=7, description="Who  \n   pays"):
    name: str


class Receipt(MessageData, message="order_receipt", owner="mail"):
    total: float


def test_a_class_carries_its_facts():
    """Name, owner, version, successor and description are the class's own, not inherited."""
    assert OrderPaid.__facts__ == Facts(
        kind="event",
        name="order_paid",
        owner="checkout",
        version=2,
        description="An order was paid.\n\nIn full.",
    )
    assert OrderDone.__facts__ == Facts(
        kind="event", name="Order Done", deprecated=True, successor="order_paid"
    )
    assert Company.__facts__ == Facts(kind="object", name="7", description="Who\npays")
    assert Receipt.__facts__ == Facts(kind="message", name="order_receipt", owner="mail")


def test_every_kind_is_checked_and_written():
    """Marks and descriptions change nothing of what a field takes."""
    assert encode_event(OrderPaid(total=1.5), "track") == b'{"total":1.5}'
    assert encode_event(OrderPaid(total=1, note="a"), "track") == b'{"total":1,"note":"a"}'
    assert encode_object_attributes(Company(name="Acme"), "track") == b'{"name":"Acme"}'
    assert encode_message(Receipt(total=1.5), "app") == b'{"total":1.5}'
    with pytest.raises(InvalidOperation, match=r"^order_paid\.total: expected float >= 0$"):
        encode_event(OrderPaid(total=-1), "track")
    with pytest.raises(InvalidOperation, match=r"^order_paid\.note: expected str, got int$"):
        encode_event(OrderPaid(total=1, note=3), "track")
    with pytest.raises(InvalidOperation, match=r"^company\.name: expected str, got int$"):
        encode_object_attributes(Company(name=3), "track")
    with pytest.raises(InvalidOperation, match=r"^message_data: expected MessageData, got Company"):
        encode_message(Company(name="a"), "app")
    with pytest.raises(InvalidOperation, match=r"^object: expected an Object, got Receipt"):
        encode_object_attributes(Receipt(total=1), "track")


def made(base, fields=(), **words):
    """Return a class X of *base* with *fields*, each of a name and a type."""
    namespace = {"__annotations__": dict(fields), "__module__": __name__}
    return type(base)("X", (base,), namespace, **words)


REFUSED = [
    (Event, {"recipient": str}, {}, "X.recipient: is reserved: it changes whom"),
    (Event, {"from_address": str | None}, {}, "X.from_address: is reserved"),
    (Event, {"reply_to": str}, {}, "X.reply_to: is reserved"),
    (Event, {}, {"version": 0}, "X: a version is a whole number from 1"),
    (Event, {}, {"version": "2"}, "X: a version is"),
    (Event, {}, {"deprecated": Company}, "X: deprecated is True, or the event"),
    (Event, {}, {"deprecated": " "}, "X: deprecated is True, or the event"),
    (Event, {}, {"object_type": "1"}, "X: only an Object has an object type"),
    (Event, {}, {"message": "a"}, "X: only a MessageData class has an message name"),
    (Event, {}, {"event": "é" * 51}, "X: an event name has at most 100 bytes, this has 102"),
    (Object, {"name": str}, {}, "X: say its type, as in class X(Object, object_type="),
    (Object, {}, {"object_type": " "}, "X: say its type"),
    (Object, {"cio_object_id": str}, {"object_type": 1}, "X.cio_object_id: is reserved"),
    (Object, {"a" * 151: str}, {"object_type": 1}, "X: an attribute name has at most 150"),
    (Object, {f"a{n}": int for n in range(301)}, {"object_type": 1}, "X: an object takes at most"),
    (Person, {"cio_id": str}, {}, "X.cio_id: is reserved: Customer.io gives it"),
    (Person, {"id": float}, {}, "X.id: Customer.io reads it as UUID or int or str"),
    (Person, {"email": int}, {}, "X.email: Customer.io reads it as str"),
    (Person, {"created_at": str}, {}, "X.created_at: Customer.io reads it as date or datetime"),
    (Person, {"unsubscribed": Literal["yes"]}, {}, "X.unsubscribed: Customer.io reads it as bool"),
    (MessageData, {}, {"message": ""}, "X: a message's name must not be blank"),
    (Person, {}, {"event": "a"}, "X: only an Event has an event name"),
]


@pytest.mark.parametrize(("base", "fields", "words", "message"), REFUSED)
def test_an_impossible_class_says_which_rule(base, fields, words, message):
    """The rule is named where the class is made; what Customer.io says, with its page."""
    with pytest.raises(InvalidOperation) as refused:
        made(base, fields, **words)

    assert str(refused.value).startswith(message)
    if "reserved" in message or "at most" in message or "reads it" in message:
        assert "https://docs.customer.io/" in str(refused.value)


TAKEN = [
    (Event, {"recipient": Annotated[str, Field(reserved=True)]}, {}),
    (Person, {"id": str | int, "email": str | None, "created_at": datetime.datetime}, {}),
    (Person, {"unsubscribed": bool, "phone": Literal["+1"]}, {}),
    (Object, {"id": str}, {"object_type": "1"}),
    (MessageData, {"recipient": str}, {}),
]


@pytest.mark.parametrize(("base", "fields", "words"), TAKEN)
def test_what_is_meant_may_be_declared(base, fields, words):
    """Names that act are fields where that is said, and in other kinds of class."""
    assert set(made(base, fields, **words).__struct_fields__) == set(fields)


@pytest.mark.parametrize(
    ("encode", "value", "path"),
    [
        (encode_person, made(Person, {"name": str})(name="é" * 501), "x.name"),
        (encode_object_attributes, Company(name="a" * 1001), "company.name"),
    ],
)
def test_a_text_of_an_attribute_has_at_most_1000_bytes(encode, value, path):
    """Bytes are counted; the value is not shown."""
    with pytest.raises(InvalidOperation, match=f"^{path}: must not exceed 1,000 bytes$"):
        encode(value, "track")
    short = msgspec.structs.replace(value, name="é" * 500)
    assert len(encode(short, "track")) == 1_011


def test_what_names_classes_further_down_is_checked_at_first_use():
    """A type that does not exist yet hides nothing: the rule is named before anything is sent."""
    with pytest.raises(InvalidOperation, match=r"Early\.email: Customer.io reads it as str"):
        encode_person(Early(email=3), "track")


class Early(Person):
    email: "Later"


Later = int
