"""Track API v2 as it is spoken: one item of `/api/v2/entity` or `/api/v2/batch` becomes an act.

Follows https://docs.customer.io/integrations/api/track/ (v2). The table `ACTIONS` is the whole
grammar. Pure.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from ferryman.emulator import acts, reading
from ferryman.emulator.reading import InvalidItem, JsonObject

PERSON: Final = ("id", "email", "phone", "cio_id")
MERGED: Final = ("id", "email", "cio_id")
DELIVERY_METRICS: Final = ("opened", "converted", "delivered")


def read(item: object) -> acts.AnyAct:
    """Turn one item into an act; raise InvalidItem with the field that is wrong."""
    body = reading.an_object(item, "item")
    key = (reading.text(body.get("type"), "type"), reading.text(body.get("action"), "action"))
    reader = ACTIONS.get(key)
    if reader is None:
        known = any(type_ == key[0] for type_, _ in ACTIONS)
        field = "action" if known else "type"
        raise InvalidItem("invalid", field, f"{field} is not one of those of the v2 API")
    return reader(body)


def _person(body: JsonObject) -> acts.Who:
    return reading.one_identifier(body.get("identifiers"), "identifiers", PERSON)


def _event(body: JsonObject, type_: acts.EventType) -> acts.Record:
    return acts.Record(
        name=reading.event_name(body.get("name")),
        person=_person(body),
        type=type_,
        data=reading.optional_object(body.get("attributes"), "attributes"),
        timestamp=reading.moment(body.get("timestamp"), "timestamp"),
        id=reading.optional_text(body.get("id"), "id"),
    )


def _identify(body: JsonObject) -> acts.Identify:
    attributes = reading.optional_object(body.get("attributes"), "attributes")
    return acts.Identify(
        person=_person(body),
        attributes=attributes,
        timestamp=reading.moment(body.get("timestamp"), "timestamp"),
        update_only=attributes.get("_update") is True,
        tie=object_ties(body.get("cio_relationships") or [], "cio_relationships"),
    )


def _add_device(body: JsonObject) -> acts.AddDevice:
    device = reading.an_object(body.get("device"), "device")
    return read_device(_person(body), device, token="token")


def read_device(person: acts.Who, device: JsonObject, *, token: str) -> acts.AddDevice:
    """Turn a device into an act; *token* is the key that holds its token (v1 calls it id)."""
    platform = reading.text(device.get("platform"), "device.platform")
    if platform not in ("ios", "android"):
        raise InvalidItem("invalid", "device.platform", "device.platform must be ios or android")
    known = {token, "platform", "last_used", "attributes"}
    return acts.AddDevice(
        person=person,
        token=reading.text(device.get(token), f"device.{token}"),
        platform=platform,
        last_used=reading.moment(device.get("last_used"), "device.last_used"),
        # The vendor's Python client writes its attributes beside the token.
        attributes={
            **{name: value for name, value in device.items() if name not in known},
            **reading.optional_object(device.get("attributes"), "device.attributes"),
        },
    )


def _delete_device(body: JsonObject) -> acts.DeleteDevice:
    device = reading.an_object(body.get("device"), "device")
    return acts.DeleteDevice(_person(body), reading.text(device.get("token"), "device.token"))


def _merge(body: JsonObject) -> acts.Merge:
    return acts.Merge(
        primary=reading.one_identifier(body.get("primary"), "primary", MERGED),
        secondary=reading.one_identifier(body.get("secondary"), "secondary", MERGED),
    )


def object_ref(value: object, field: str) -> acts.ObjectRef:
    """Read how an object is named."""
    identifiers = reading.an_object(value, field)
    if identifiers.get("cio_object_id"):
        cio_object_id = reading.text(identifiers["cio_object_id"], f"{field}.cio_object_id")
        return acts.ObjectRef(cio_object_id=cio_object_id)
    return acts.ObjectRef(
        reading.identifier(identifiers.get("object_type_id"), f"{field}.object_type_id"),
        reading.person_id(identifiers.get("object_id"), f"{field}.object_id"),
    )


def object_ties(value: object, field: str) -> tuple[acts.Tie, ...]:
    """Read relationships from a person's side: each names an object."""
    return tuple(
        acts.Tie(
            object=object_ref(entry.get("identifiers"), f"{where}.identifiers"),
            attributes=_tie_attributes(entry, where),
        )
        for entry, where in _entries(value, field)
    )


def _person_ties(value: object, field: str) -> tuple[acts.Tie, ...]:
    return tuple(
        acts.Tie(
            person=reading.one_identifier(
                entry.get("identifiers"), f"{where}.identifiers", ("id", "email", "cio_id")
            ),
            attributes=_tie_attributes(entry, where),
        )
        for entry, where in _entries(value, field)
    )


def _anonymous_ties(value: object, field: str) -> tuple[acts.Tie, ...]:
    found: list[acts.Tie] = []
    for entry, where in _entries(value, field):
        identifiers = reading.an_object(entry.get("identifiers"), f"{where}.identifiers")
        anonymous_id = reading.text(
            identifiers.get("anonymous_id"), f"{where}.identifiers.anonymous_id"
        )
        found.append(acts.Tie(anonymous_id=anonymous_id, attributes=_tie_attributes(entry, where)))
    return tuple(found)


def _entries(value: object, field: str) -> list[tuple[JsonObject, str]]:
    return [
        (reading.an_object(entry, f"{field}.{index}"), f"{field}.{index}")
        for index, entry in enumerate(reading.a_list(value, field))
    ]


def _tie_attributes(entry: JsonObject, where: str) -> JsonObject:
    name = "relationship_attributes"
    return reading.optional_object(entry.get(name), f"{where}.{name}")


def _owned_ties(body: JsonObject) -> tuple[acts.Tie, ...]:
    person = _person(body)
    ties = object_ties(body.get("cio_relationships"), "cio_relationships")
    return tuple(acts.Tie(tie.object, person, "", tie.attributes) for tie in ties)


def _thing(body: JsonObject) -> acts.ObjectRef:
    return object_ref(body.get("identifiers"), "identifiers")


def _thing_ties(body: JsonObject) -> tuple[acts.Tie, ...]:
    thing = _thing(body)
    ties = _person_ties(body.get("cio_relationships"), "cio_relationships")
    return tuple(acts.Tie(thing, tie.person, "", tie.attributes) for tie in ties)


def _identify_thing(body: JsonObject) -> acts.IdentifyObject:
    return acts.IdentifyObject(
        object=_thing(body),
        attributes=reading.optional_object(body.get("attributes"), "attributes"),
        tie=_person_ties(body.get("cio_relationships") or [], "cio_relationships"),
    )


def _identify_anonymous(body: JsonObject) -> acts.IdentifyObject:
    # The schema lists anonymous ids among the relationships, the example has one at the top.
    ties = _anonymous_ties(body.get("cio_relationships") or [], "cio_relationships")
    anonymous_id = reading.optional_text(body.get("anonymous_id"), "anonymous_id")
    if anonymous_id:
        ties = (*ties, acts.Tie(anonymous_id=anonymous_id))
    return acts.IdentifyObject(
        object=_thing(body),
        attributes=reading.optional_object(body.get("attributes"), "attributes"),
        tie=ties,
    )


def _delivery_event(body: JsonObject) -> acts.Report:
    identifiers = reading.an_object(body.get("identifiers"), "identifiers")
    name = reading.text(body.get("name"), "name")
    if name not in DELIVERY_METRICS:
        raise InvalidItem("invalid", "name", f"name must be one of {', '.join(DELIVERY_METRICS)}")
    attributes = reading.an_object(body.get("attributes"), "attributes")
    reading.text(attributes.get("device_token"), "attributes.device_token")
    return acts.Report(
        delivery=reading.text(identifiers.get("id"), "identifiers.id"),
        metric=name,
        timestamp=reading.moment(body.get("timestamp"), "timestamp"),
        details=attributes,
    )


ACTIONS: Final[Mapping[tuple[str, str], Callable[[JsonObject], acts.AnyAct]]] = MappingProxyType(
    {
        ("person", "identify"): _identify,
        ("person", "delete"): lambda body: acts.Delete(_person(body)),
        ("person", "event"): lambda body: _event(body, "event"),
        ("person", "page"): lambda body: _event(body, "page"),
        ("person", "screen"): lambda body: _event(body, "screen"),
        ("person", "add_relationships"): lambda body: acts.Relate(_owned_ties(body)),
        ("person", "delete_relationships"): lambda body: acts.Unrelate(_owned_ties(body)),
        ("person", "add_device"): _add_device,
        ("person", "delete_device"): _delete_device,
        ("person", "merge"): _merge,
        ("person", "suppress"): lambda body: acts.Suppress(_person(body)),
        ("person", "unsuppress"): lambda body: acts.Unsuppress(_person(body)),
        ("object", "identify"): _identify_thing,
        ("object", "identify_anonymous"): _identify_anonymous,
        ("object", "delete"): lambda body: acts.DeleteObject(_thing(body)),
        ("object", "add_relationships"): lambda body: acts.Relate(_thing_ties(body)),
        ("object", "delete_relationships"): lambda body: acts.Unrelate(_thing_ties(body)),
        ("delivery", "event"): _delivery_event,
    }
)
