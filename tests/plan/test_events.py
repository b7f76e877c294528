"""A class declares what may be said; an impossible declaration fails where the class is made."""

import msgspec
import pytest

from ferryman.errors import InvalidOperation
from ferryman.plan import Event, Person, event_name
from ferryman.plan.names.conventions import snake_case
from ferryman.plan.names.limits import RESERVED_ATTRIBUTES


class SignedUp(Event):
    method: str
    seats: int = 1


class OrderCompleted(Event, event="Order Completed"):
    pass


class Shopper(Person):
    plan: str
    orders: int = 0


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("SignedUp", "signed_up"),
        ("HTTPCalled", "http_called"),
        ("OrderV2", "order_v2"),
        ("OrderV2Paid", "order_v2_paid"),
        ("CalledHTTP", "called_http"),
        ("Paid", "paid"),
        ("A", "a"),
        ("Already_Snake", "already_snake"),
        ("signed_up", "signed_up"),
    ],
)
def test_a_class_name_becomes_snake_case(name, event):
    """Words and runs of capitals are parted by one underscore, digits stay with their word."""
    assert snake_case(name) == event


def test_an_event_is_named_after_its_class_or_as_given():
    """The name on the wire is the class's in snake case, unless the class gives another."""
    assert event_name(SignedUp(method="google")) == SignedUp.__event__ == "signed_up"
    assert event_name(OrderCompleted()) == OrderCompleted.__event__ == "Order Completed"


def test_a_subclass_has_a_name_of_its_own():
    """Fields are inherited, the name of an event is not."""

    class SignedUpAgain(SignedUp):
        pass

    class Renewed(OrderCompleted, event="renewed"):
        pass

    assert SignedUpAgain(method="google").__event__ == "signed_up_again"
    assert Renewed().__event__ == "renewed"


def test_what_is_said_stays_as_it_is():
    """Fields are given by name, and cannot be set afterwards."""
    event = SignedUp(method="google")

    with pytest.raises(AttributeError):
        event.method = "apple"
    with pytest.raises(TypeError):
        SignedUp("google")
    assert event == SignedUp(method="google", seats=1)
    assert hash(event) == hash(SignedUp(method="google"))


def test_every_subclass_is_frozen_and_keyword_only():
    """What msgspec does not inherit holds at every depth of subclassing."""

    class Base(Person):
        plan: str

    class Further(Base):
        orders: int

    assert Further.__struct_config__.frozen
    with pytest.raises(TypeError):
        Further("pro", 1)


@pytest.mark.parametrize("option", [{"frozen": False}, {"kw_only": False}, {"array_like": True}])
def test_a_class_cannot_ask_for_another_form(option):
    """An option that would break the plan is refused, not ignored."""
    with pytest.raises(InvalidOperation, match=f"Loose: {next(iter(option))} is always"):

        class Loose(Event, **option):
            pass


@pytest.mark.parametrize("name", ["", "  ", "\t"])
def test_an_event_name_is_not_blank(name):
    """A blank name fails where the class is made."""
    with pytest.raises(InvalidOperation, match="Nameless: an event name must not be blank"):

        class Nameless(Event, event=name):
            pass


def test_an_event_name_has_at_most_100_bytes():
    """Bytes are counted, not characters: 100 pass and 101 do not."""

    class Fits(Event, event="é" * 50):
        pass

    with pytest.raises(InvalidOperation, match="at most 100 bytes, this has 101"):

        class Longer(Event, event="é" * 50 + "e"):
            pass

    assert len(Fits.__event__.encode()) == 100


def test_only_an_event_has_an_event_name():
    """A person is not an event."""
    with pytest.raises(InvalidOperation, match="only an Event has an event name"):

        class Guest(Person, event="guest"):
            pass


@pytest.mark.parametrize("name", sorted(RESERVED_ATTRIBUTES))
def test_an_attribute_is_not_one_that_customerio_keeps(name):
    """System attributes and directives of the call are refused, also as the name on the wire."""
    with pytest.raises(InvalidOperation, match=f"Guest.{name}: is reserved"):
        type(Person)("Guest", (Person,), {"__annotations__": {name: str}})
    with pytest.raises(InvalidOperation, match=f"Guest.{name}: is reserved"):

        class Guest(Person):
            renamed: str = msgspec.field(name=name)


def test_attributes_that_customerio_lets_be_set_are_declared_as_any():
    """Reserved names that are meant to be written are fields like others."""

    class Guest(Person):
        email: str
        created_at: int
        unsubscribed: bool = False

    assert Guest(email="a@example.com", created_at=1).email == "a@example.com"


def test_an_attribute_name_has_at_most_150_bytes():
    """150 bytes on the wire pass and 151 do not."""

    class Fits(Person):
        plan: str = msgspec.field(name="p" * 150)

    with pytest.raises(InvalidOperation, match="at most 150 bytes, one has 151"):

        class Longer(Person):
            plan: str = msgspec.field(name="é" * 75 + "p")

    assert Fits.__struct_encode_fields__ == ("p" * 150,)


def test_a_person_has_at_most_300_attributes():
    """What one identify call cannot carry cannot be declared."""
    names = [f"a{n}" for n in range(301)]
    metaclass = type(Person)

    metaclass("Fits", (Person,), {"__annotations__": dict.fromkeys(names[:300], int)})
    with pytest.raises(InvalidOperation, match="at most 300 attributes"):
        metaclass("Longer", (Person,), {"__annotations__": dict.fromkeys(names, int)})
