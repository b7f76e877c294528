"""Where the paths of a template begin: `customer`, `event`, `trigger`, `objects`.

Pure. The names are those of https://docs.customer.io/messaging/liquid/using-liquid/ and
https://docs.customer.io/messaging/objects-data/objects/in-liquid/, as read in November 2026.
Assumed, since a plan does not know it: an object type's name in Liquid is that of its class in
snake_case, one under `trigger`, several under `objects`; other names of types are not judged.
Here must not live: steps further down (fields.py).
"""

from typing import Any, Final, Literal, NamedTuple

from ferryman.plan.jsonlike import object_at
from ferryman.plan.names.conventions import snake_case
from ferryman.plan.names.nearest import nearest
from ferryman.plan.templates.fields import UNKNOWN, Fields, Missing, Spot, Step, Value

OPEN: Final = frozenset(
    {
        "campaign", "collection", "content", "delivery_id", "device", "devices", "editor",
        "event_id", "event_name", "event_timestamp", "forloop", "journey", "layout", "message",
        "now", "snippets", "tablerowloop", "workspace",
    }
)  # fmt: skip
"""What Customer.io provides and no plan describes."""
ROOTS: Final = frozenset({"customer", "event", "trigger", "message_data", "objects"})
_OF_PEOPLE: Final = frozenset(
    {
        "_created_in_customerio_at", "_last_emailed", "_relationship", "cio_email_tracking_consent",
        "cio_id", "cio_subscription_preferences", "cio_timezone", "created_at", "devices", "email",
        "email_sha256", "id", "mobile_ad_id", "phone", "timezone", "timezone_valid", "unsubscribed",
    }
)  # fmt: skip
"""Attributes that Customer.io itself keeps."""
_OF_OBJECTS: Final = frozenset(
    {
        "_relationship", "cio_object_id", "created_at", "objectId", "object_id", "relationship",
        "timezone",
    }
)  # fmt: skip


class Target(NamedTuple):
    """What a template is for: an event or a message of the plan, or neither known."""

    kind: Literal["", "event", "message"] = ""
    name: str = ""

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.kind} {self.name}"


class Roots:
    """The values that a path begins with, for one document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._fields = Fields(object_at(document, "$defs"))
        # Many templates ask for the same fields, each of all events where it is for none.
        self._firsts: dict[tuple[str, Step, Target], Value | Missing] = {}
        groups = object_at(document, "properties")

        def spots(group: str, kind: str) -> dict[str, Spot]:
            listed = object_at(groups, group, "properties")
            return {name: self._spot(f"{kind} {name}", said) for name, said in listed.items()}

        self.events = spots("events", "event")
        self.messages = spots("messages", "message")
        self.objects = spots("objects", "object")
        person = object_at(groups, "person")
        self.person = (self._spot("person", person),) if person else ()
        listed = object_at(groups, "objects", "properties")
        self._types: dict[str, Spot] = {}
        for name, said in listed.items():
            one = snake_case(str(said.get("$ref", "")).removeprefix("#/$defs/"))
            for spelt in (one, f"{one}s", f"{one}es", f"{one[:-1]}ies"):
                self._types[spelt] = self.objects[name]

    def _spot(self, owner: str, said: dict[str, Any]) -> Spot:
        return self._fields.spot(owner, str(said.get("$ref", "")).removeprefix("#/$defs/"))

    def has(self, target: Target) -> bool:
        """Whether the plan has what *target* names."""
        return target.name in (self.events if target.kind == "event" else self.messages)

    def whole(self, root: str, target: Target) -> Value | Missing:
        """Return the value of *root* itself."""
        match root:
            case "customer":
                return Value(root, self.person)
            case "event" if target.kind == "message":
                return Missing(f"the {target} is sent without an event: say trigger")
            case "event" if target.kind == "event":
                return Value(root, (self.events[target.name],))
            case "event":
                return Value(root, tuple(self.events.values()))
            case "trigger" | "message_data" if target.kind == "event":
                return Missing("what an event starts has no trigger: say event")
            case "trigger" | "message_data" if target.kind == "message":
                return Value("trigger", (self.messages[target.name],))
            case "trigger" | "message_data":
                return Value("trigger", tuple(self.messages.values()))
            case _:
                return UNKNOWN

    def first(self, root: str, step: Step, target: Target) -> Value | Missing:
        """Return what the first *step* from *root* leads to; Missing where nothing provides it."""
        asked = (root, step, target)
        if asked not in self._firsts:
            self._firsts[asked] = self._first(root, step, target)
        return self._firsts[asked]

    def _first(self, root: str, step: Step, target: Target) -> Value | Missing:
        begin = self.whole(root, target)
        if isinstance(begin, Missing):
            return begin
        if root == "objects":
            return self._objects(step)
        found = self._fields.step(begin, step)
        if not isinstance(found, Missing):
            return found
        if root == "customer" and step in _OF_PEOPLE:
            return UNKNOWN
        if root in ("trigger", "message_data") and not target.kind:
            return self._trigger(step, found)
        return self._said(root, target, step, found)

    def next(self, value: Value, step: Step) -> Value | Missing:
        """Return what *step* leads to from *value*."""
        found = self._fields.step(value, step)
        of_object = any(
            spot.owner.startswith("object ") and spot.path in ("", "[]") for spot in value.spots
        )
        if isinstance(found, Missing) and of_object and step in _OF_OBJECTS:
            return UNKNOWN
        return found

    def items(self, value: Value) -> Value | Missing:
        """Return what a loop over *value* gives."""
        return self._fields.items(value)

    def inside(self, spot: Spot) -> list[tuple[str, Spot]]:
        """Return the fields of *spot*."""
        return list(self._fields.names(spot))

    def _objects(self, step: Step) -> Value:
        spot = self._types.get(str(step))
        if spot is None:
            return UNKNOWN
        listed = {"type": "array", "items": {"anyOf": list(spot.schemas)}}
        return Value(f"objects.{step}", (spot._replace(schemas=(listed,)),))

    def _trigger(self, step: Step, missing: Missing) -> Value | Missing:
        if step in ("customer", "_customer"):
            return Value("trigger.customer", self.person)
        if step in ("relationship", "_relationship"):
            return UNKNOWN
        if spot := self._types.get(str(step)):
            return Value(f"trigger.{step}", (spot,))
        if self.objects and not nearest(str(step), missing.names):
            return UNKNOWN  # it may be a type of objects that is called otherwise
        return self._said("trigger", Target(), step, missing)

    def _said(self, root: str, target: Target, step: Step, missing: Missing) -> Missing:
        if not missing.names:
            return missing
        if root == "customer":
            what = f"people have no attribute {step}"
            return Missing(what, missing.names | _OF_PEOPLE, missing.step)
        kind = "event" if root == "event" else "message"
        owner = f"the {target}" if target.kind else f"no {kind} of the plan"
        what = f"{owner} has no field {step}" if target.kind else f"{owner} has a field {step}"
        return Missing(what, missing.names, missing.step)
