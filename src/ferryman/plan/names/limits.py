"""What Customer.io reserves and limits in names: one table each, and the checks that read them.

Pure. Here must not live: a team's own conventions (conventions.py), or the size of what is sent,
which is known only when it is (operations/).
"""

from typing import Final, NamedTuple

from ferryman.errors import InvalidOperation

TRACK_PAGE: Final = "https://docs.customer.io/api/track/#operation/track"
IDENTIFY_PAGE: Final = "https://docs.customer.io/api/track/#operation/identify"
ENTITY_PAGE: Final = "https://docs.customer.io/api/track/#operation/entity"
RESERVED_PAGE: Final = "https://docs.customer.io/messaging/people/reserved-attributes/"

MAX_EVENT_NAME: Final = 100
"""Bytes: https://docs.customer.io/api/track/#operation/track"""
MAX_ATTRIBUTE_NAME: Final = 150
"""Bytes, of people and of objects: https://docs.customer.io/api/track/#operation/identify"""
MAX_ATTRIBUTE_VALUE: Final = 1_000
"""Bytes of a text, of people and of objects: the same page."""
MAX_ATTRIBUTES: Final = 300
"""Attributes of one identify call: the same page, and /#operation/entity for objects."""

# https://docs.customer.io/messaging/people/reserved-attributes/ (2026-10-15)
RESERVED_ATTRIBUTES: Final = {
    "cio_id": "Customer.io gives it",
    "_created_in_customerio_at": "Customer.io gives it",
    "_cio_subscription_preferences_computed": "Customer.io computes it",
    "_last_emailed": "Customer.io computes it",
    "_update": "it directs the call and is no attribute: say update_only=True",
    "_timestamp": "it directs the call and is no attribute: say timestamp=",
    "cio_relationships": "it directs the call and is no attribute: say relationships_to=",
}
RESERVED_OBJECT_ATTRIBUTES: Final = {
    "cio_object_id": "Customer.io gives it",
    "object_id": "it names the object and is no attribute",
    "object_type_id": "it names the object and is no attribute",
    "cio_relationships": "it directs the call and is no attribute: say people=",
}
# https://docs.customer.io/api/track/#operation/track
RESERVED_EVENT_DATA: Final = {
    "recipient": "it changes whom a campaign's message goes to",
    "from_address": "it changes whom a campaign's message comes from",
    "reply_to": "it changes where answers to a campaign's message go",
}
ATTRIBUTE_TYPES: Final[dict[str, frozenset[str]]] = {
    "id": frozenset({"str", "int", "UUID"}),
    "email": frozenset({"str"}),
    "phone": frozenset({"str"}),
    "anonymous_id": frozenset({"str", "UUID"}),
    "created_at": frozenset({"int", "datetime", "date"}),
    "unsubscribed": frozenset({"bool"}),
}
"""What Customer.io reads these attributes as: RESERVED_PAGE. A moment is Unix seconds in Track."""


class Limits(NamedTuple):
    """What the attributes of one kind of class must keep to."""

    of: str
    reserved: dict[str, str]
    reserved_page: str
    page: str


PERSON: Final = Limits("a person", RESERVED_ATTRIBUTES, RESERVED_PAGE, IDENTIFY_PAGE)
OBJECT: Final = Limits("an object", RESERVED_OBJECT_ATTRIBUTES, ENTITY_PAGE, ENTITY_PAGE)


def check_event_name(name: str, *, at: str) -> None:
    """Raise InvalidOperation when no event can be called *name*; *at* names the class."""
    if not name.strip():
        raise InvalidOperation(f"an event name must not be blank ({TRACK_PAGE})", field=at)
    size = bytes_of(name)
    if size > MAX_EVENT_NAME:
        rule = f"an event name has at most {MAX_EVENT_NAME} bytes, this has {size} ({TRACK_PAGE})"
        raise InvalidOperation(rule, field=at)


def check_attributes(names: tuple[str, ...], limits: Limits, *, at: str) -> None:
    """Raise InvalidOperation when *names* cannot be attributes together; *at* names the class."""
    if len(names) > MAX_ATTRIBUTES:
        rule = f"{limits.of} takes at most {MAX_ATTRIBUTES} attributes at a time ({limits.page})"
        raise InvalidOperation(rule, field=at)
    for name in names:
        check_not_reserved(name, limits, at=at)
        size = bytes_of(name)
        if not 0 < size <= MAX_ATTRIBUTE_NAME:
            rule = f"an attribute name has at most {MAX_ATTRIBUTE_NAME} bytes, one has {size}"
            raise InvalidOperation(f"{rule} ({limits.page})", field=at)


def check_not_reserved(name: str, limits: Limits, *, at: str) -> None:
    """Raise InvalidOperation for a *name* that Customer.io keeps for itself; *at* holds it."""
    if why := limits.reserved.get(name):
        rule = f"is reserved: {why} ({limits.reserved_page})"
        raise InvalidOperation(rule, field=f"{at}.{name}")


def check_event_data(name: str, *, at: str) -> None:
    """Raise InvalidOperation for a field *name* that does something to messages by itself."""
    if why := RESERVED_EVENT_DATA.get(name):
        rule = f"is reserved: {why} ({TRACK_PAGE}); if that is meant, say Field(reserved=True)"
        raise InvalidOperation(rule, field=f"{at}.{name}")


def check_attribute_type(name: str, types: set[str], *, at: str) -> None:
    """Raise InvalidOperation when Customer.io reads attribute *name* as none of *types*."""
    wanted = ATTRIBUTE_TYPES.get(name)
    if wanted is not None and not types <= wanted | {"None", "a value", "anything"}:
        rule = f"Customer.io reads it as {' or '.join(sorted(wanted))} ({RESERVED_PAGE})"
        raise InvalidOperation(rule, field=f"{at}.{name}")


def bytes_of(text: str) -> int:
    """Return the size of *text* in UTF-8."""
    return len(text.encode(errors="replace"))
