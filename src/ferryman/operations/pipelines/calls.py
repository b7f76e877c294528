"""The calls of Pipelines about one person: identify, track, page, screen.

Follows https://docs.customer.io/integrations/api/cdp/
"""

from collections.abc import Mapping
from datetime import datetime
from typing import overload

from ferryman._core.message import Operation
from ferryman._core.person import Anonymous, PersonId, quoted, who
from ferryman._core.wrong import wrong_kind
from ferryman.errors import InvalidOperation
from ferryman.plan import Event, Person, encode_event, encode_person, event_name

from .._item import named
from ..people import differs
from ._message import Data, message, properties, someone

SAID_OTHERWISE = {
    "Device Created or Updated": "add_device",
    "Device Deleted": "delete_device",
    "User Deleted": "delete",
    "User Suppressed": "suppress",
    "User Unsuppressed": "unsuppress",
    "Relationship Deleted": "delete_relationship",
    "Object Deleted": "delete_object",
    "Report Delivery Event": "report_delivery",
}
"""Names that mean something to Customer.io, and the function that says it with its rules."""


def identify(
    person: PersonId,
    traits: Person | Mapping[str, object] | None = None,
    /,
    *,
    anonymous: Anonymous | None = None,
    context: Mapping[str, object] | None = None,
    integrations: Mapping[str, object] | None = None,
    id: str | None = None,
    timestamp: datetime | None = None,
) -> Operation[None]:
    """Create or update *person* with *traits*; a None removes the trait.

    *person* is an id (str or int) or :class:`Anonymous`; *anonymous* names who they were before.
    *traits* is an instance of a :class:`Person` class, or a mapping; moments become ISO 8601.
    *context* says where it happened, *integrations* (``{"All": False, "Mixpanel": True}``) who
    is told. *id* is a ULID, sent as messageId, and *timestamp* an aware datetime (kept to the
    second); both are given once, where you give none.

    Raises InvalidOperation, naming the field and the rule, also beyond 32,768 bytes.

    https://docs.customer.io/integrations/api/cdp/#operation/identify
    """
    whom, key = someone(person)
    if isinstance(traits, Person):
        encoded = encode_person(traits, "pipelines")
    elif traits is None or isinstance(traits, Mapping):
        encoded = properties(traits, at="traits")
    else:
        rule = wrong_kind("a Person or a mapping", traits)
        raise InvalidOperation(rule, field="traits")
    found = who(person)
    barrier = differs(traits or {}, found.kind, found.value)
    if anonymous is not None:
        whom += b"," + _earlier(anonymous, found.kind)
        barrier = True
    return message(
        "identify",
        "identify",
        whom,
        b',"traits":' + encoded,
        key=key,
        context=context,
        integrations=integrations,
        id=id,
        timestamp=timestamp,
        barrier=barrier,
    )


def _earlier(anonymous: Anonymous, kind: str) -> bytes:
    if not isinstance(anonymous, Anonymous):
        rule = f"must be Anonymous, not {type(anonymous).__name__}"
        raise InvalidOperation(rule, field="anonymous")
    if kind == "anonymous_id":
        raise InvalidOperation("goes with a person who has an id", field="anonymous")
    return someone(anonymous, at="anonymous")[0]


@overload
def track(
    person: PersonId,
    event: Event,
    /,
    *,
    context: Mapping[str, object] | None = ...,
    integrations: Mapping[str, object] | None = ...,
    id: str | None = ...,
    timestamp: datetime | None = ...,
) -> Operation[None]: ...
@overload
def track(
    person: PersonId,
    event: str,
    /,
    *,
    data: Mapping[str, object] | None = ...,
    context: Mapping[str, object] | None = ...,
    integrations: Mapping[str, object] | None = ...,
    id: str | None = ...,
    timestamp: datetime | None = ...,
) -> Operation[None]: ...
def track(
    person: PersonId,
    event: Event | str,
    /,
    *,
    data: Mapping[str, object] | None = None,
    context: Mapping[str, object] | None = None,
    integrations: Mapping[str, object] | None = None,
    id: str | None = None,
    timestamp: datetime | None = None,
) -> Operation[None]:
    """Say that *person* did *event*.

    *event* is an instance of an :class:`Event` class, or a name (1 to 100 bytes) with its
    *data*. The names by which Pipelines says other things ("User Deleted") have functions of
    their own and are refused. The other arguments and errors are those of :func:`identify`.
    A repeat carries the same messageId; that Customer.io drops the second is not documented.

    https://docs.customer.io/integrations/api/cdp/#operation/track
    """
    whom, key = someone(person)
    if isinstance(event, str):
        name, encoded = event, properties(data)
    elif isinstance(event, Event):
        if data is not None:
            raise InvalidOperation("a typed event carries its own data", field="data")
        name, encoded = event_name(event), encode_event(event, "pipelines")
    else:
        rule = wrong_kind("an Event or a name", event)
        raise InvalidOperation(rule, field="event")
    name = named(name, at="event")
    if otherwise := SAID_OTHERWISE.get(name):
        raise InvalidOperation(f"is said by pipelines.{otherwise}", field="event")
    return message(
        "track",
        "track",
        whom,
        b',"event":%b,"properties":%b' % (quoted(name), encoded),
        key=key,
        context=context,
        integrations=integrations,
        id=id,
        timestamp=timestamp,
        event=None if isinstance(event, str) else type(event),
    )


def page(
    person: PersonId,
    name: str,
    /,
    *,
    data: Mapping[str, object] | None = None,
    context: Mapping[str, object] | None = None,
    integrations: Mapping[str, object] | None = None,
    id: str | None = None,
    timestamp: datetime | None = None,
) -> Operation[None]:
    """Say that *person* looked at the page *name* (1 to 100 bytes).

    *data* may hold ``url``, ``path``, ``referrer``, ``search``, ``category`` and your own. The
    other arguments and errors are those of :func:`identify`.

    https://docs.customer.io/integrations/api/cdp/#operation/page
    """
    return _viewed("page", person, name, data, context, integrations, id, timestamp)


def screen(
    person: PersonId,
    name: str,
    /,
    *,
    data: Mapping[str, object] | None = None,
    context: Mapping[str, object] | None = None,
    integrations: Mapping[str, object] | None = None,
    id: str | None = None,
    timestamp: datetime | None = None,
) -> Operation[None]:
    """Say that *person* looked at the screen *name* of a mobile application (1 to 100 bytes).

    The other arguments and errors are those of :func:`identify`.

    https://docs.customer.io/integrations/api/cdp/#operation/screen
    """
    return _viewed("screen", person, name, data, context, integrations, id, timestamp)


def _viewed(
    kind: str,
    person: PersonId,
    name: str,
    data: Data,
    context: Data,
    integrations: Data,
    id: str | None,
    timestamp: datetime | None,
) -> Operation[None]:
    whom, key = someone(person)
    rest = b',"name":%b,"properties":%b' % (quoted(named(name)), properties(data))
    return message(
        kind,
        kind,
        whom,
        rest,
        key=key,
        context=context,
        integrations=integrations,
        id=id,
        timestamp=timestamp,
    )
