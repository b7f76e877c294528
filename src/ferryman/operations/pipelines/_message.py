"""How a Pipelines message is put together; shared by the calls and the semantic events.

A body lacks its closing brace, ``messageId`` and ``timestamp``, until it is stamped. Each holds
its ``type``, so that the same bytes are a request of their own and an item of a batch.
"""

from collections.abc import Mapping
from datetime import datetime

from ferryman._core.encode import encode_object
from ferryman._core.message import Operation, Stamp
from ferryman._core.person import ObjectId, PersonId, Who, quoted, which, who
from ferryman.errors import InvalidOperation

from .._item import event_id, moment, sized
from ..catalogue import CATALOGUE

Data = Mapping[str, object] | None


def someone(person: PersonId, *, at: str = "person") -> tuple[bytes, str]:
    """Return ``userId`` or ``anonymousId`` with its value, and the order key."""
    found = who(person, at=at)
    if found.kind == "anonymous_id":
        return b'"anonymousId":' + quoted(found.value), found.key
    return b'"userId":' + quoted(_user(found, at, "an id or Anonymous").value), found.key


def user(person: PersonId, *, at: str = "person") -> tuple[bytes, str]:
    """Return ``userId`` with its value, and the order key."""
    found = _user(who(person, at=at), at, "an id")
    return b'"userId":' + quoted(found.value), found.key


def _user(found: Who, at: str, wanted: str) -> Who:
    if found.kind != "id":
        raise InvalidOperation(f"must be {wanted}: Pipelines names people so", field=at)
    return found


def thing(given: ObjectId, *, at: str = "object") -> tuple[str, str, str]:
    """Return type, id and order key of an object, which Pipelines knows by your id alone."""
    if not isinstance(given, ObjectId):
        raise InvalidOperation(f"must be ObjectId, not {type(given).__name__}", field=at)
    _, key = which(given, at=at)
    return str(given.type_id), str(given.id), key


def properties(data: Data, *, at: str = "data") -> bytes:
    """Return *data* as one JSON object."""
    return b"{}" if data is None else encode_object(data, "pipelines", at=at)


def message(
    name: str,
    kind: str,
    whom: bytes,
    rest: bytes,
    *,
    key: str,
    context: Data,
    integrations: Data,
    id: str | None,
    timestamp: datetime | None,
    barrier: bool = False,
    event: type | None = None,
) -> Operation[None]:
    """Return the operation *name*, a message of type *kind*; *rest* is its further members."""
    more = b""
    if context is not None:
        more += b',"context":' + encode_object(context, "pipelines", at="context")
    if integrations is not None:
        more += b',"integrations":' + _switches(integrations)
    parts = b'{"type":"', kind.encode(), b'"', b"," if whom else b"", whom, rest, more
    endpoint = CATALOGUE[f"pipelines.{name}"]
    return Operation(
        endpoint,
        key,
        sized(b"".join(parts), endpoint.name, stamp=Stamp.MESSAGE),
        barrier=barrier or endpoint.barrier,
        id=event_id(id),
        at=moment(timestamp),
        stamp=Stamp.MESSAGE,
        event=event,
    )


def _switches(integrations: Mapping[str, object]) -> bytes:
    if isinstance(integrations, Mapping):
        for name, value in integrations.items():
            if not isinstance(value, bool | Mapping):
                rule = f"must be bool or a mapping of options, not {type(value).__name__}"
                raise InvalidOperation(rule, field=f"integrations.{name}")
    return encode_object(integrations, "pipelines", at="integrations")
