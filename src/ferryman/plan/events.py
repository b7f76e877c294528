"""The classes that a tracking plan is made of: Event and Person.

Pure. Here lives what a class declares (its name on the wire, its fields) and what makes a
declaration impossible, found when the class is made. Here must not live: values and their
checks (checks.py), or how they are written (wire.py).
"""

import re
from typing import Any, ClassVar, Final

import msgspec
from typing_extensions import dataclass_transform

from ferryman._core.message import Api
from ferryman.errors import InvalidOperation
from ferryman.plan.shapes import Shape

MAX_EVENT_NAME: Final = 100
"""Bytes: https://docs.customer.io/api/track/#operation/track"""
MAX_ATTRIBUTE_NAME: Final = 150
"""Bytes: https://docs.customer.io/api/track/#operation/identify"""
MAX_ATTRIBUTES: Final = 300
"""Attributes of one identify call: https://docs.customer.io/api/track/#operation/identify"""

# https://docs.customer.io/messaging/people/reserved-attributes/ (2026-10-15)
RESERVED_ATTRIBUTES: Final = {
    "cio_id": "Customer.io gives it",
    "_created_in_customerio_at": "Customer.io gives it",
    "_cio_subscription_preferences_computed": "Customer.io computes it",
    "_last_emailed": "Customer.io computes it",
    "_update": "it directs the call and is no attribute",
    "_timestamp": "it directs the call and is no attribute",
    "cio_relationships": "it directs the call and is no attribute",
}

_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake_case(name: str) -> str:
    """Return a class *name* as an event name: SignedUp is signed_up, HTTPCalled http_called."""
    return _WORDS.sub("_", name).lower()


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class PlanMeta(msgspec.StructMeta):
    """Makes the classes of a plan: keyword-only and frozen, each with its name on the wire."""

    def __new__(
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        event: str | None = None,
        **config: Any,
    ) -> "PlanMeta":
        """Make the class *name*; raises InvalidOperation for what Customer.io cannot take."""
        for option, always in (("kw_only", True), ("frozen", True), ("array_like", False)):
            if config.setdefault(option, always) is not always:
                raise InvalidOperation(f"{option} is always {always} in a plan", field=name)
        namespace["__event__"] = snake_case(name) if event is None else event
        namespace["__wire__"] = {}
        cls = super().__new__(mcls, name, bases, namespace, **config)
        if bases != (msgspec.Struct,):
            _check_declaration(cls, event)
        return cls


def _check_declaration(cls: type, event: str | None) -> None:
    if issubclass(cls, Event):
        _check_event_name(cls.__event__, at=cls.__name__)
    elif event is not None:
        raise InvalidOperation("only an Event has an event name", field=cls.__name__)
    elif issubclass(cls, Person):
        _check_attributes(cls.__struct_encode_fields__, at=cls.__name__)


def _check_event_name(name: str, *, at: str) -> None:
    if not name.strip():
        raise InvalidOperation("an event name must not be blank", field=at)
    size = len(name.encode(errors="replace"))
    if size > MAX_EVENT_NAME:
        rule = f"an event name has at most {MAX_EVENT_NAME} bytes, this has {size}"
        raise InvalidOperation(rule, field=at)


def _check_attributes(names: tuple[str, ...], *, at: str) -> None:
    if len(names) > MAX_ATTRIBUTES:
        rule = f"a person takes at most {MAX_ATTRIBUTES} attributes at a time"
        raise InvalidOperation(rule, field=at)
    for name in names:
        if why := RESERVED_ATTRIBUTES.get(name):
            raise InvalidOperation(f"is reserved: {why}", field=f"{at}.{name}")
        size = len(name.encode(errors="replace"))
        if size > MAX_ATTRIBUTE_NAME:
            rule = f"an attribute name has at most {MAX_ATTRIBUTE_NAME} bytes, one has {size}"
            raise InvalidOperation(rule, field=at)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class Event(msgspec.Struct, metaclass=PlanMeta):
    """Declare an event by making a subclass, whose fields are the event's data.

    Its name is the class's in snake case, or given: ``class Paid(Event, event="Order Paid")``,
    at most 100 bytes. Raises InvalidOperation, when the class is made, for an impossible name.
    https://docs.customer.io/api/track/#operation/track
    """

    __event__: ClassVar[str]
    __wire__: ClassVar[dict[Api, Shape]]


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class Person(msgspec.Struct, metaclass=PlanMeta):
    """Declare the attributes of a person by making a subclass; None removes an attribute.

    A name has at most 150 bytes, a class at most 300 fields. Raises InvalidOperation, when the
    class is made, for a longer one and for names that Customer.io keeps for itself.
    https://docs.customer.io/messaging/people/reserved-attributes/
    """

    __wire__: ClassVar[dict[Api, Shape]]


def event_name(event: Event) -> str:
    """Return the name of *event* on the wire."""
    return event.__event__
