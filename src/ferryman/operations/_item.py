"""How the parts of a Track item are put together; shared by the subjects, said by none alone.

A body is pasted from encoded parts once, at the call, and never touched again: later changes of
the caller's dict change nothing, and a batch is a join.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from ferryman._core.encode import MAX_ITEM, encode_object, unix_seconds
from ferryman._core.message import Api, Operation, Stamp
from ferryman._core.person import AnyObjectId, PersonId, Who, which, who
from ferryman.errors import InvalidOperation

from .catalogue import CATALOGUE

MAX_EVENT_NAME = 100
STAMP_ROOM = len(',"id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","timestamp":1234567890123}')
_ROOM = {
    Stamp.NONE: 0,
    Stamp.TIME: len(',"timestamp":1234567890123}'),
    Stamp.EVENT: STAMP_ROOM,
    Stamp.MESSAGE: len(
        ',"messageId":"01ARZ3NDEKTSV4RRFFQ69G5FAV","timestamp":"9999-12-31T23:59:59Z"}'
    ),
}
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}")


def sized(body: bytes, name: str, *, stamp: Stamp = Stamp.NONE, limit: int = MAX_ITEM) -> bytes:
    """Return *body* if it is at most *limit* bytes, *stamp* included; raise InvalidOperation."""
    size = len(body) + _ROOM[stamp]
    if size > limit:
        raise InvalidOperation(
            f"{name} is {size:,} bytes encoded; at most {limit:,} are taken an operation"
        )
    return body


def event_id(given: str | None) -> str:
    """Return a caller's own id of an event, or "" for none."""
    if given is None:
        return ""
    if not isinstance(given, str) or not _ULID.fullmatch(given):
        raise InvalidOperation(
            "must be a ULID (26 characters), by which Customer.io drops repeats", field="id"
        )
    return given


def moment(given: datetime | None) -> int | None:
    """Return a caller's own moment as Unix seconds, or None for none."""
    return None if given is None else seconds(given, at="timestamp")


def seconds(given: datetime, *, at: str) -> int:
    """Return a caller's moment in Unix seconds."""
    if not isinstance(given, datetime):
        raise InvalidOperation(f"must be an aware datetime, not {type(given).__name__}", field=at)
    return unix_seconds(given, at=at)


def text(given: object, *, at: str) -> str:
    """Return a caller's text (a token, the id of a delivery), checked."""
    if not isinstance(given, str):
        raise InvalidOperation(f"must be str, not {type(given).__name__}", field=at)
    if not given or given.isspace():
        raise InvalidOperation("must not be empty or blank", field=at)
    if not given.isascii():
        try:
            given.encode()
        except UnicodeEncodeError:
            raise InvalidOperation("must be text that UTF-8 can carry", field=at) from None
    return given if type(given) is str else str.__str__(given)


def named(name: object, *, at: str = "name") -> str:
    """Return the name of an event, page or screen, checked."""
    name = text(name, at=at)
    if len(name) * 4 > MAX_EVENT_NAME and len(name.encode()) > MAX_EVENT_NAME:
        raise InvalidOperation(f"must not exceed {MAX_EVENT_NAME} bytes", field=at)
    return name


def known(person: PersonId, *, at: str = "person") -> Who:
    """Return a person that Track v2 can name: an anonymous one it cannot."""
    found = who(person, at=at)
    if found.kind == "anonymous_id":
        raise InvalidOperation("must be a known person here, not Anonymous", field=at)
    return found


def about_person(name: str, action: str, whom: Who, rest: bytes = b"") -> Operation[None]:
    """Return the operation *name* for a person; *rest* is its further members, encoded."""
    endpoint = CATALOGUE[name]
    body = b'{"type":"person","identifiers":%b,"action":"%b"%b}' % (
        whom.json,
        action.encode(),
        rest,
    )
    return Operation(endpoint, whom.key, sized(body, name), barrier=endpoint.barrier)


def about_object(name: str, action: str, thing: AnyObjectId, rest: bytes = b"") -> Operation[None]:
    """Return the operation *name* for an object; *rest* is its further members, encoded."""
    endpoint = CATALOGUE[name]
    identifiers, key = which(thing)
    body = b'{"type":"object","identifiers":%b,"action":"%b"%b}' % (
        identifiers,
        action.encode(),
        rest,
    )
    return Operation(endpoint, key, sized(body, name), barrier=endpoint.barrier)


def post(
    name: str,
    body: bytes,
    *,
    key: str,
    path: str = "",
    stamp: Stamp = Stamp.NONE,
    ident: str = "",
    at: int | None = None,
) -> Operation[None]:
    """Return an operation of Track v1: a request of its own."""
    return Operation(
        CATALOGUE[name], key, sized(body, name, stamp=stamp), path, "", False, ident, at, stamp
    )


def relationships(
    targets: Sequence[Any] | Mapping[Any, Mapping[str, object]], *, api: Api = "track", people: bool
) -> bytes:
    """Return a ``cio_relationships`` array: of objects, or of *people* for an object.

    *targets* is a list of identifiers, or a mapping of identifiers to relationship attributes.
    """
    if isinstance(targets, str | bytes) or not isinstance(targets, Sequence | Mapping):
        raise InvalidOperation("must be a list, or a mapping to attributes", field="relationships")
    if not targets:
        raise InvalidOperation("must not be empty", field="relationships")
    attributes: Mapping[Any, object] = targets if isinstance(targets, Mapping) else {}
    parts: list[bytes] = []
    for index, target in enumerate(targets):
        at = f"relationships[{index}]"
        identifiers = known(target, at=at).json if people else which(target, at=at)[0]
        own = attributes.get(target)
        more = b""
        if own:
            encoded = encode_object(cast("Mapping[str, object]", own), api, at=f"{at}.attributes")
            more = b',"relationship_attributes":%b' % encoded
        parts.append(b'{"identifiers":%b%b}' % (identifiers, more))
    return b"[" + b",".join(parts) + b"]"
