"""Events: what somebody did. track, page, screen, and the events of people not known yet.

Follows https://docs.customer.io/integrations/api/track/#tag/track-events
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast, overload

import msgspec

from ferryman._core.encode import MAX_ITEM, encode_object, to_plain
from ferryman._core.message import Operation, Stamp, nothing
from ferryman._core.person import SHORT_ID, Email, PersonId, Who, as_json, quoted, spelled, who
from ferryman._core.wrong import wrong_kind
from ferryman.errors import InvalidOperation
from ferryman.plan import Event, event_name, writer_of

from ._item import STAMP_ROOM, event_id, moment, named, post, sized, text
from .catalogue import CATALOGUE

_TRACK, _PAGE, _SCREEN = CATALOGUE["track"], CATALOGUE["page"], CATALOGUE["screen"]
_ROOM = MAX_ITEM - STAMP_ROOM
_STAMP = Stamp.EVENT
_NAMES = 1_000
_SAID: dict[str, bytes] = {}
_WRITTEN: dict[type, tuple[bytes, Callable[[Any], bytes]]] = {}
_ENDS: dict[int, bytes] = {}
_OF = b'{"type":"person","identifiers":'
_OF_ID = b'{"type":"person","identifiers":{"id":'


@overload
def track(
    person: PersonId, event: Event, /, *, id: str | None = ..., timestamp: datetime | None = ...
) -> Operation[None]: ...
@overload
def track(
    person: PersonId,
    event: str,
    /,
    *,
    data: Mapping[str, object] | None = ...,
    id: str | None = ...,
    timestamp: datetime | None = ...,
) -> Operation[None]: ...
def track(
    person: PersonId,
    event: Event | str,
    /,
    *,
    data: Mapping[str, object] | None = None,
    id: str | None = None,
    timestamp: datetime | None = None,
) -> Operation[None]:
    """Say that *person* did *event*.

    *event* is an instance of an :class:`Event` class, or a name (1 to 100 bytes) with its
    *data*. *id* is a ULID by which Customer.io drops repeats and *timestamp* an aware datetime
    (kept to the second); both are given once, when the event is sent or kept, where you give
    none. An :class:`Anonymous` person's event waits for the identify that claims it (30 days).

    Raises InvalidOperation, naming the field and the rule, for a person or name that cannot
    be, values that JSON or Customer.io cannot hold, or more than 32,768 bytes.

    https://docs.customer.io/integrations/api/track/#operation/track
    """
    identifiers, key = spelled(person)
    said, attributes = _said(event, data)
    if key.startswith("a:"):
        name = named(event if isinstance(event, str) else event_name(event), at="event")
        said_of = _anonymous("event", who(person), name, attributes, id, timestamp)
        return msgspec.structs.replace(said_of, event=_class_of(event))
    body = b'{"type":"person","identifiers":%b%b%b' % (identifiers[:-1], said, attributes)
    if len(body) > _ROOM:
        sized(body, "track", stamp=_STAMP)
    return Operation(
        _TRACK,
        key,
        body,
        "",
        "",
        False,
        "" if id is None else event_id(id),
        None if timestamp is None else moment(timestamp),
        _STAMP,
        nothing,
        _class_of(event),
    )


def tracked(
    person: PersonId,
    event: Event | str,
    data: Mapping[str, object] | None,
    ident: str,
    at: int,
) -> tuple[str, bytes] | None:
    """Return key and whole body of what :func:`track` says, stamped with *ident* and *at*.

    The short way of who keeps it at once: no operation between the call and its place. None for
    what is not an item of a batch, or near its limit: then :func:`track` decides.
    """
    # Written out where it could be called: a call costs as much as what it does here.
    if (
        type(person) is str
        and person
        and len(person) <= SHORT_ID
        and person.isascii()
        and not person.isspace()
    ):
        opening, identifiers, key = _OF_ID, as_json(person), "i:" + person
    else:
        identifiers, key = spelled(person)
        if key.startswith("a:"):
            return None
        opening, identifiers = _OF, identifiers[:-1]
    if data is None and (met := _WRITTEN.get(type(event))) is not None:
        said, write = met
        attributes = write(event)
    else:
        said, attributes = _said(event, data)
    end = _ENDS.get(at) or _end(at)
    body = b"".join((opening, identifiers, said, attributes, b',"id":"', ident.encode(), end))
    return (key, body) if len(body) <= _ROOM else None


def _end(at: int) -> bytes:
    """Return how a body ends that is stamped *at*; what is said in one second shares it."""
    end = b'","timestamp":%d}' % at
    if len(_ENDS) >= _NAMES:
        _ENDS.clear()
    _ENDS[at] = end
    return end


def _class_of(event: Event | str) -> type | None:
    return None if isinstance(event, str) else type(event)


def _said(event: Event | str, data: Mapping[str, object] | None) -> tuple[bytes, bytes]:
    """Return what follows a person's identifiers in an item, and its attributes."""
    if isinstance(event, str):
        said = _SAID.get(event) or _say(event)
        return said, b"{}" if data is None else encode_object(data, "track", at="data")
    said, write = _WRITTEN.get(type(event)) or _meet(event)
    if data is not None:
        raise InvalidOperation("a typed event carries its own data", field="data")
    return said, write(event)


def _meet(event: Event) -> tuple[bytes, Callable[[Any], bytes]]:
    """Return how events of a class are said and written; it has few classes, so it is kept."""
    if not isinstance(event, Event):
        raise InvalidOperation(wrong_kind("an Event or a name", event), field="event")
    met = _say(event_name(event)), writer_of(type(event))
    if len(_WRITTEN) < _NAMES:
        _WRITTEN[type(event)] = met
    return met


def _say(name: str) -> bytes:
    """Return what says *name* in an item, checked; an application has few names, so it is kept.

    It begins with the brace that ends the identifiers.
    """
    name = named(name, at="event")
    said = b'},"action":"event","name":%b,"attributes":' % quoted(name)
    if len(_SAID) < _NAMES:
        _SAID[name] = said
    return said


def page(
    person: PersonId,
    name: str,
    /,
    *,
    data: Mapping[str, object] | None = None,
    id: str | None = None,
    timestamp: datetime | None = None,
) -> Operation[None]:
    """Say that *person* looked at the page *name* (a title, a path or a URL; 1 to 100 bytes).

    *data* may hold ``url``, ``path``, ``referrer``, ``search``, ``title``, ``keywords`` and your
    own. *id*, *timestamp* and errors are those of :func:`track`.

    https://docs.customer.io/integrations/api/track/#operation/entity
    """
    return _viewed("page", person, name, data, id, timestamp)


def screen(
    person: PersonId,
    name: str,
    /,
    *,
    data: Mapping[str, object] | None = None,
    id: str | None = None,
    timestamp: datetime | None = None,
) -> Operation[None]:
    """Say that *person* looked at the screen *name* of a mobile application (1 to 100 bytes).

    *data*, *id*, *timestamp* and errors are those of :func:`track`.

    https://docs.customer.io/integrations/api/track/#operation/entity
    """
    return _viewed("screen", person, name, data, id, timestamp)


def invite(
    recipient: str,
    event: str,
    /,
    *,
    data: Mapping[str, object] | None = None,
    id: str | None = None,
    timestamp: datetime | None = None,
) -> Operation[None]:
    """Say that *event* happened to the e-mail address *recipient*, who need not be a person yet.

    The invitation of Customer.io's documentation: an anonymous event whose data names the
    recipient of the message it triggers. *data*, *id*, *timestamp*, errors: as :func:`track`.

    https://docs.customer.io/journeys/invite-emails/
    """
    whom = who(Email(text(recipient, at="recipient")), at="recipient")
    plain: object = to_plain({} if data is None else data, "track", at="data")
    if not isinstance(plain, dict):
        raise InvalidOperation(f"must be a mapping, not {type(data).__name__}", field="data")
    content = cast("dict[str, object]", plain)
    if "recipient" in content:
        raise InvalidOperation("is said by recipient", field="data.recipient")
    attributes = encode_object({**content, "recipient": whom.value}, "track", at="data")
    body = b'{"name":%b,"data":%b' % (quoted(named(event, at="event")), attributes)
    return post(
        "invite",
        body,
        key="r:" + whom.value.lower(),
        stamp=Stamp.EVENT,
        ident=event_id(id),
        at=moment(timestamp),
    )


def _viewed(
    kind: str,
    person: PersonId,
    name: str,
    data: Mapping[str, object] | None,
    ident: str | None,
    timestamp: datetime | None,
) -> Operation[None]:
    whom = who(person)
    name = named(name)
    attributes = b"{}" if data is None else encode_object(data, "track", at="data")
    if whom.kind == "anonymous_id":
        return _anonymous(kind, whom, name, attributes, ident, timestamp)
    body = b'{"type":"person","identifiers":%b,"action":"%b","name":%b,"attributes":%b' % (
        whom.json,
        kind.encode(),
        quoted(name),
        attributes,
    )
    return Operation(
        CATALOGUE[kind],
        whom.key,
        sized(body, kind, stamp=Stamp.EVENT),
        id=event_id(ident),
        at=moment(timestamp),
        stamp=Stamp.EVENT,
    )


def _anonymous(
    kind: str, whom: Who, name: str, attributes: bytes, ident: str | None, at: datetime | None
) -> Operation[None]:
    body = b'{"type":"%b","name":%b,"anonymous_id":%b,"data":%b' % (
        kind.encode(),
        quoted(name),
        quoted(whom.value),
        attributes,
    )
    return post(
        "track_anonymous",
        body,
        key=whom.key,
        stamp=Stamp.EVENT,
        ident=event_id(ident),
        at=moment(at),
    )
