"""What a workspace holds: people, events, objects, and the indexes that find them.

Plain records and lookups; the rules that change them are in `people`, `identity`, `recording` and
`objects`. The records hold no cycles, so the garbage collector need not know them (gc=False). No
I/O, clock or chance: the time comes as an argument, and new cio_ids are counted, so that a
replayed journal gives the same ones again.
"""

from collections import Counter, deque
from typing import Any, Final, Literal

import msgspec

from ferryman.emulator.acts import EventType, Kind, Message, Who

Change = Literal[
    "applied",
    "repeat",  # an event whose id was seen before
    "suppressed",  # names a suppressed identifier: ignored
    "dropped",  # names a cio_id that is unknown or deleted
    "nothing",  # nothing to do: no such person, device, relationship
    "conflict",  # applied but for an identifier that is somebody else's
]
ObjectKey = tuple[str, str]

DAY: Final = 86_400
ACTIVITY_KEPT: Final = 1_000


class Event(msgspec.Struct, frozen=True, gc=False):
    """An event as it arrived; `seq` is its place in the order of arrival."""

    seq: int
    received: float
    timestamp: int
    name: str
    type: EventType
    data: dict[str, Any]
    id: str
    anonymous_id: str


class Person(msgspec.Struct, eq=False, gc=False):
    """A person and all that belongs to them."""

    cio_id: str
    created: float
    id: str = ""
    email: str = ""
    phone: str = ""
    anonymous_ids: set[str] = msgspec.field(default_factory=set[str])
    attributes: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    stamps: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    devices: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict[str, dict[str, Any]])
    events: list[Event] = msgspec.field(default_factory=list[Event])
    segments: set[str] = msgspec.field(default_factory=set[str])
    ties: dict[ObjectKey, dict[str, Any]] = msgspec.field(
        default_factory=dict[ObjectKey, dict[str, Any]]
    )


class Stranger(msgspec.Struct, eq=False):
    """What is known under an anonymous id until somebody claims it."""

    events: list[Event] = msgspec.field(default_factory=list[Event])
    ties: dict[ObjectKey, dict[str, Any]] = msgspec.field(
        default_factory=dict[ObjectKey, dict[str, Any]]
    )


class Thing(msgspec.Struct, eq=False):
    """An object; `people` holds the cio_ids it is related to."""

    key: ObjectKey
    cio_object_id: str
    attributes: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    people: set[str] = msgspec.field(default_factory=set[str])
    strangers: set[str] = msgspec.field(default_factory=set[str])


class Sent(msgspec.Struct, frozen=True, gc=False):
    """A message or a triggered broadcast, as it was asked for."""

    at: float
    message: Message


class Activity(msgspec.Struct, frozen=True, gc=False):
    """An entry of the activity log: what a 200 does not say."""

    at: float
    what: str
    cio_id: str
    field: str = ""


class State:
    """Everything one workspace holds."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.index: dict[Kind, dict[str, Person]] = {"id": {}, "email": {}, "phone": {}}
        self.owners: dict[str, Person] = {}
        self.strangers: dict[str, Stranger] = {}
        self.invites: list[Event] = []
        self.suppressed: dict[Who, frozenset[Who]] = {}
        self.things: dict[ObjectKey, Thing] = {}
        self.thing_ids: dict[str, Thing] = {}
        self.forms: dict[str, list[dict[str, str]]] = {}
        self.messages: list[Sent] = []
        self.deliveries: dict[str, list[dict[str, Any]]] = {}
        self.seen: set[str] = set()
        self.names: Counter[str] = Counter()
        self.changes: Counter[str] = Counter()
        self.events = 0
        self.activity: deque[Activity] = deque(maxlen=ACTIVITY_KEPT)
        self._made = 0
        self._arrived = 0

    def find(self, who: Who) -> Person | None:
        """Return the person *who* names, or None."""
        if who.kind == "cio_id":
            return self.people.get(who.value)
        return self.index[who.kind].get(key(who.kind, who.value))

    def is_suppressed(self, who: Who) -> bool:
        """Tell whether *who* is blocked."""
        return bool(self.suppressed) and canonical(who) in self.suppressed

    def new_person(self, at: float) -> Person:
        """Make a person without identifiers yet."""
        self._made += 1
        person = Person(cio_id=f"e3{self._made:010x}", created=at)
        self.people[person.cio_id] = person
        return person

    def new_thing(self, key: ObjectKey) -> Thing:
        """Make an object."""
        self._made += 1
        thing = Thing(key=key, cio_object_id=f"ob{self._made:010x}")
        self.things[key] = thing
        self.thing_ids[thing.cio_object_id] = thing
        return thing

    def next_seq(self) -> int:
        """Count one more arrival."""
        self._arrived += 1
        return self._arrived

    def name(self, person: Person, kind: Kind, value: str) -> None:
        """Give *person* an identifier that is free, or with "" take it away."""
        held: str = getattr(person, kind)
        if held:
            del self.index[kind][key(kind, held)]
        if value:
            self.index[kind][key(kind, value)] = person
        setattr(person, kind, value)

    def log(self, at: float, what: str, cio_id: str = "", field: str = "") -> None:
        """Write to the activity log."""
        self.activity.append(Activity(at, what, cio_id, field))


def key(kind: Kind, value: str) -> str:
    """Return what two spellings of the same identifier share: e-mails ignore case."""
    return value.casefold() if kind == "email" else value


def canonical(who: Who) -> Who:
    """Return *who* in the one spelling that can be compared."""
    return Who(who.kind, key(who.kind, who.value)) if who.kind == "email" else who


def names_of(person: Person) -> list[Who]:
    """List the identifiers of *person* that a request can use, cio_id last."""
    held: list[tuple[Kind, str]] = [
        ("id", person.id),
        ("email", person.email),
        ("phone", person.phone),
        ("cio_id", person.cio_id),
    ]
    return [canonical(Who(kind, value)) for kind, value in held if value]
