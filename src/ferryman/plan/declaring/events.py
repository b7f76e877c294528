"""The classes that a tracking plan is made of: Event, Person, Object, MessageData.

Pure. Here lives what a class declares (its name on the wire, its fields, who owns it) and what
makes a declaration impossible, found when the class is made. Here must not live: values and
their checks (checking/), how they are written (wire.py), the limits themselves
(names/limits.py).
"""

from typing import Any, ClassVar, Final, cast

import msgspec
from msgspec import inspect
from typing_extensions import dataclass_transform

from ferryman._core.message import Api
from ferryman.errors import InvalidOperation
from ferryman.plan.checking.shapes import Shape
from ferryman.plan.checking.types import names_of
from ferryman.plan.declaring.marks import Facts, Kind, description_of, marks_of, tidy
from ferryman.plan.names import limits
from ferryman.plan.names.conventions import snake_case

_NAMED: Final = {"event": "an Event", "object_type": "an Object", "message": "a MessageData class"}


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
        object_type: str | int | None = None,
        message: str | None = None,
        owner: str = "",
        version: int = 1,
        deprecated: "bool | str | type[Event]" = False,
        description: str | None = None,
        **config: Any,
    ) -> "PlanMeta":
        """Make the class *name*; raises InvalidOperation for what Customer.io cannot take."""
        for option, always in (("kw_only", True), ("frozen", True), ("array_like", False)):
            if config.setdefault(option, always) is not always:
                raise InvalidOperation(f"{option} is always {always} in a plan", field=name)
        namespace["__event__"] = snake_case(name) if event is None else event
        namespace["__wire__"] = {}
        cls = super().__new__(mcls, name, bases, namespace, **config)
        if bases == (msgspec.Struct,):
            return cls
        given = {"event": event, "object_type": object_type, "message": message}
        kind = _kind(cls, given)
        about: Any = cls
        about.__facts__ = Facts(
            kind=kind,
            name=_name(cls, kind, given),
            owner=owner,
            version=_version(version, name),
            deprecated=bool(deprecated),
            successor=_successor(deprecated, name),
            description=description_of(cls) if description is None else tidy(description),
        )
        if kind == "event":
            about.__event__ = about.__facts__.name
        check_declaration(cast("type[Declared]", cls), late=False)
        return cls


def _kind(cls: type, given: dict[str, Any]) -> Kind:
    _, said, kind = next(row for row in _KINDS if issubclass(cls, row[0]))
    for option, value in given.items():
        if value is not None and option != said:
            what = option.replace("_", " ") + (" name" if option != "object_type" else "")
            raise InvalidOperation(f"only {_NAMED[option]} has an {what}", field=cls.__name__)
    return kind


def _name(cls: Any, kind: Kind, given: dict[str, Any]) -> str:
    if kind == "event":
        return snake_case(cls.__name__) if given["event"] is None else given["event"]
    if kind == "message":
        return snake_case(cls.__name__) if given["message"] is None else given["message"]
    if kind == "person":
        name: str = cls.__name__
        return name
    said = given["object_type"]
    if said is None:
        inherited = getattr(cls, "__facts__", None)
        said = "" if inherited is None else inherited.name
    if not str(said).strip():
        rule = f'say its type, as in class {cls.__name__}(Object, object_type="1")'
        raise InvalidOperation(f"{rule} ({limits.ENTITY_PAGE})", field=cls.__name__)
    return str(said)


def _version(version: int, at: str) -> int:
    if type(version) is not int or version < 1:
        raise InvalidOperation("a version is a whole number from 1", field=at)
    return version


def _successor(deprecated: "bool | str | type[Event]", at: str) -> str:
    if isinstance(deprecated, bool):
        return ""
    if isinstance(deprecated, str) and deprecated.strip():
        return deprecated
    if isinstance(deprecated, type) and issubclass(deprecated, Event):
        return deprecated.__event__
    rule = "deprecated is True, or the event that took its place, or that event's name"
    raise InvalidOperation(rule, field=at)


def check_declaration(cls: "type[Declared]", *, late: bool) -> None:
    """Raise InvalidOperation for a class that Customer.io's rules do not allow.

    Annotations may name classes further down. What cannot be read yet is passed over, unless it
    is *late*: then the names exist.
    """
    at, facts = cls.__name__, cls.__facts__
    names = cls.__struct_encode_fields__
    if facts.kind in ("event", "message"):
        if facts.kind == "event":
            limits.check_event_name(facts.name, at=at)
            reserved = set(names) & limits.RESERVED_EVENT_DATA.keys()
            for field in _fields(cls, late=late) if reserved else ():
                if not marks_of(field.type).reserved:
                    limits.check_event_data(field.encode_name, at=at)
        elif not facts.name.strip():
            raise InvalidOperation("a message's name must not be blank", field=at)
        return
    of = limits.PERSON if facts.kind == "person" else limits.OBJECT
    limits.check_attributes(names, of, at=at)
    typed = facts.kind == "person" and set(names) & limits.ATTRIBUTE_TYPES.keys()
    for field in _fields(cls, late=late) if typed else ():
        limits.check_attribute_type(field.encode_name, names_of(field.type), at=at)


def _fields(cls: type, *, late: bool) -> tuple[inspect.Field, ...]:
    try:
        info = inspect.type_info(cls)
    except NameError:
        if late:
            raise
        return ()
    except TypeError:
        return ()  # said at first use, with the whole class in view
    return info.fields if isinstance(info, inspect.StructType) else ()


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class Event(msgspec.Struct, metaclass=PlanMeta):
    """Declare an event by making a subclass, whose fields are the event's data.

    Its name is the class's in snake case, or given: ``class Paid(Event, event="Order Paid")``,
    at most 100 bytes. Further words are *owner*, *version* (from 1), *deprecated* (True, or the
    event that took its place, or its name) and *description* (else the docstring). Raises
    InvalidOperation, when the class is made, for what Customer.io reserves or cannot take.
    https://docs.customer.io/api/track/#operation/track
    """

    __event__: ClassVar[str]
    __facts__: ClassVar[Facts]
    __wire__: ClassVar[dict[Api, Shape]]


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class Person(msgspec.Struct, metaclass=PlanMeta):
    """Declare the attributes of a person by making a subclass; None removes an attribute.

    A name has at most 150 bytes, a text at most 1,000, a class at most 300 fields. Takes the
    words of :class:`Event`, but its name. Raises InvalidOperation, when the class is made, for a
    longer name and for names that Customer.io keeps for itself.
    https://docs.customer.io/messaging/people/reserved-attributes/
    """

    __facts__: ClassVar[Facts]
    __wire__: ClassVar[dict[Api, Shape]]


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class Object(msgspec.Struct, metaclass=PlanMeta):
    """Declare the attributes of an object: ``class Account(Object, object_type="1")``.

    *object_type* is what Customer.io calls the type, a number from "1". Limits, words and errors
    are those of :class:`Person`. https://docs.customer.io/api/track/#operation/entity
    """

    __facts__: ClassVar[Facts]
    __wire__: ClassVar[dict[Api, Shape]]


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class MessageData(msgspec.Struct, metaclass=PlanMeta):
    """Declare what a transactional message's template is given, by making a subclass.

    Its name is the class's in snake case, or given: ``class Receipt(MessageData,
    message="order_receipt")``. Takes the words of :class:`Event`.
    https://docs.customer.io/api/app/#operation/sendEmail
    """

    __facts__: ClassVar[Facts]
    __wire__: ClassVar[dict[Api, Shape]]


Declared = Event | Person | Object | MessageData
"""A value of any class of a plan."""

_KINDS: Final[tuple[tuple[type, str, Kind], ...]] = (
    (Event, "event", "event"),
    (Person, "", "person"),
    (Object, "object_type", "object"),
    (MessageData, "message", "message"),
)


def event_name(event: Event) -> str:
    """Return the name of *event* on the wire."""
    return event.__event__
