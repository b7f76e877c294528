"""A checked event or person becomes the bytes of its attributes.

Pure. Here lives the choice between the two ways of writing: the struct itself, when the encoder
writes every field by our rules, or a dict of what the fields become. The envelope around the
attributes is the business of operations/.
"""

from collections.abc import Callable
from typing import Any

from msgspec.structs import astuple

from ferryman._core.encode import to_plain
from ferryman._core.message import Api
from ferryman._core.plain import ENCODER, Wrong, write
from ferryman.errors import InvalidOperation
from ferryman.plan.checking import quick
from ferryman.plan.checking.compiler import shape_of
from ferryman.plan.checking.shapes import Shape
from ferryman.plan.declaring.events import (
    Declared,
    Event,
    MessageData,
    Object,
    Person,
    check_declaration,
)
from ferryman.plan.names.conventions import snake_case
from ferryman.plan.names.limits import MAX_ATTRIBUTE_VALUE, bytes_of


def encode_event(event: Event, api: Api) -> bytes:
    """Check *event* against its class and encode its data as one JSON object for *api*.

    Raises InvalidOperation, which names the field and the rule and never the value.
    """
    if not isinstance(event, Event):
        raise InvalidOperation(f"expected an Event, got {type(event).__name__}", field="event")
    return _encode(event, api)


def writer_of(cls: type[Event]) -> Callable[[Any], bytes]:
    """Return what :func:`encode_event` does for the Track API with events of exactly *cls*.

    Raises InvalidOperation for a class with a type that cannot be checked.
    """
    return (cls.__wire__.get("track") or _compiled(cls, "track")).write


def encode_person(person: Person, api: Api) -> bytes:
    """Check *person* against its class and encode its attributes as one JSON object for *api*.

    Raises InvalidOperation, which names the field and the rule and never the value.
    """
    if not isinstance(person, Person):
        raise InvalidOperation(f"expected a Person, got {type(person).__name__}", field="person")
    _check_texts(person)
    return _encode(person, api)


def encode_object_attributes(thing: Object, api: Api) -> bytes:
    """Check *thing* against its class and encode its attributes as one JSON object for *api*.

    Raises InvalidOperation, which names the field and the rule and never the value.
    """
    if not isinstance(thing, Object):
        raise InvalidOperation(f"expected an Object, got {type(thing).__name__}", field="object")
    _check_texts(thing)
    return _encode(thing, api)


def encode_message(data: MessageData, api: Api) -> bytes:
    """Check *data* against its class and encode it as one JSON object for *api*.

    Raises InvalidOperation, which names the field and the rule and never the value.
    """
    if not isinstance(data, MessageData):
        got = type(data).__name__
        raise InvalidOperation(f"expected MessageData, got {got}", field="message_data")
    return _encode(data, api)


def _check_texts(said: Person | Object) -> None:
    for name, value in zip(said.__struct_encode_fields__, astuple(said), strict=True):
        long = isinstance(value, str) and len(value) * 4 > MAX_ATTRIBUTE_VALUE
        if long and bytes_of(value) > MAX_ATTRIBUTE_VALUE:
            rule = f"must not exceed {MAX_ATTRIBUTE_VALUE:,} bytes"
            raise InvalidOperation(rule, field=f"{_root(type(said))}.{name}")


def _encode(said: Declared, api: Api) -> bytes:
    cls = type(said)
    return (cls.__wire__.get(api) or _compiled(cls, api)).write(said)


def _compiled(cls: type[Declared], api: Api) -> Shape:
    # At first use and not with the class, whose annotations may name classes further down.
    # Two threads may both compile; they get the same shape.
    check_declaration(cls, late=False)
    shape = shape_of(cls, api, at=_root(cls))

    def write_checked(said: Any) -> bytes:
        try:
            if shape.native and shape.holds(said):
                return ENCODER.encode(said)
            return ENCODER.encode(shape.build(said))
        except Wrong as wrong:
            raise wrong.located(_root(cls)) from None
        except (UnicodeEncodeError, RecursionError):
            # The encoder's words quote the text: the long way finds the field and names the rule.
            return write(to_plain(said, api, at=_root(cls)), at=_root(cls))

    shape.write = write_checked
    if shape.native and shape.test is not None:
        at_once = quick.compiled_write(shape.test, ENCODER.encode, write_checked)
        shape.write = at_once or write_checked
    return cls.__wire__.setdefault(api, shape)


def _root(cls: type[Declared]) -> str:
    return cls.__event__ if issubclass(cls, Event) else snake_case(cls.__name__)
