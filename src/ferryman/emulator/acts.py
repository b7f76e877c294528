"""The acts: the closed set of things that can be done to a workspace.

Three APIs say the same few things in different words. Their readers (`track_v1`, `track_v2`,
`pipelines`) turn requests into these frozen values, `world` applies them, and `journal` keeps
them. Nothing here knows HTTP, and nothing here does anything.
"""

import re
from typing import Any, Final, Literal

import msgspec

Kind = Literal["id", "email", "phone", "cio_id"]
EventType = Literal["event", "page", "screen"]

MAX_ID_BYTES: Final = 150
MAX_EVENT_NAME_BYTES: Final = 100

_E164: Final = re.compile(r"\+[1-9][0-9]{1,14}")


def is_phone(value: object) -> bool:
    """Tell whether *value* is a phone number in E.164 form."""
    return isinstance(value, str) and _E164.fullmatch(value) is not None


# Acts are trees of JSON values and can hold no cycle, so the garbage collector need not know
# them (gc=False): with it, half the time of a large batch would be its.
class Act(msgspec.Struct, frozen=True, tag=True, tag_field="act", omit_defaults=True, gc=False):
    """One thing done to a workspace."""


class Who(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How a request names a person: the kind of identifier and its value."""

    kind: Kind
    value: str


class ObjectRef(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How a request names an object: type and id, or `cio_object_id` alone."""

    type_id: str = ""
    object_id: str = ""
    cio_object_id: str = ""


class Tie(msgspec.Struct, frozen=True, gc=False):
    """One end of a relationship: the object, the person or the anonymous id, and attributes."""

    object: ObjectRef | None = None
    person: Who | None = None
    anonymous_id: str = ""
    attributes: dict[str, Any] = {}


class Identify(Act, frozen=True):
    """Create or update a person; `update_only` never creates."""

    person: Who
    attributes: dict[str, Any] = {}
    timestamp: int | None = None
    update_only: bool = False
    tie: tuple[Tie, ...] = ()
    untie: tuple[Tie, ...] = ()


class Delete(Act, frozen=True):
    """Delete a person with everything known about them."""

    person: Who


class Record(Act, frozen=True):
    """Record an event of a person, of an anonymous id, or (an invite) of nobody yet."""

    name: str
    person: Who | None = None
    anonymous_id: str = ""
    type: EventType = "event"
    data: dict[str, Any] = {}
    timestamp: int | None = None
    id: str = ""


class AddDevice(Act, frozen=True):
    """Add or update a device of a person."""

    person: Who
    token: str
    platform: str
    last_used: int | None = None
    attributes: dict[str, Any] = {}


class DeleteDevice(Act, frozen=True):
    """Remove a device from a person."""

    person: Who
    token: str


class Suppress(Act, frozen=True):
    """Delete a person and block their identifiers."""

    person: Who


class Unsuppress(Act, frozen=True):
    """Free the identifiers of a suppressed person; the profile stays gone."""

    person: Who


class Merge(Act, frozen=True):
    """Fold the secondary person into the primary."""

    primary: Who
    secondary: Who


class JoinSegment(Act, frozen=True):
    """Add people to a manual segment."""

    segment: str
    people: tuple[Who, ...]


class LeaveSegment(Act, frozen=True):
    """Remove people from a manual segment."""

    segment: str
    people: tuple[Who, ...]


class SubmitForm(Act, frozen=True):
    """Keep a form submission; without a person it only makes the form known."""

    form: str
    person: Who | None = None
    fields: dict[str, str] = {}


class Report(Act, frozen=True):
    """Keep what happened to a delivery (opened, clicked, ..., unsubscribed)."""

    delivery: str
    metric: str
    timestamp: int | None = None
    details: dict[str, Any] = {}


class Message(Act, frozen=True):
    """Keep a message that was sent to a person, or a broadcast that was triggered."""

    channel: str
    id: str
    """The delivery's id, or the trigger's number."""
    broadcast: str = ""
    person: Who | None = None
    to: str = ""
    template: str = ""
    data: dict[str, Any] = {}
    send_at: int | None = None


class IdentifyObject(Act, frozen=True):
    """Create or update an object and relate it to people."""

    object: ObjectRef
    attributes: dict[str, Any] = {}
    tie: tuple[Tie, ...] = ()


class DeleteObject(Act, frozen=True):
    """Delete an object and its relationships."""

    object: ObjectRef


class Relate(Act, frozen=True):
    """Relate people and objects, or update how they are related."""

    ties: tuple[Tie, ...]


class Unrelate(Act, frozen=True):
    """End relationships."""

    ties: tuple[Tie, ...]


AnyAct = (
    Identify
    | Delete
    | Record
    | AddDevice
    | DeleteDevice
    | Suppress
    | Unsuppress
    | Merge
    | JoinSegment
    | LeaveSegment
    | SubmitForm
    | Report
    | Message
    | IdentifyObject
    | DeleteObject
    | Relate
    | Unrelate
)


def guess(identifier: str) -> Who:
    """Guess what kind of identifier a path or a user id holds, as Customer.io does.

    Follows https://docs.customer.io/integrations/api/track/ : `cio_` marks a cio_id, an @ an
    e-mail address, and everything else (a phone number, too) is an id.
    """
    if identifier.startswith("cio_") and len(identifier) > len("cio_"):
        return Who("cio_id", identifier[len("cio_") :])
    return Who("email" if "@" in identifier else "id", identifier)
