"""Track API v1 as it is spoken: the parts of a request become an act.

Follows https://docs.customer.io/integrations/api/track/ (v1). Paths name people by the shape of
the identifier (`acts.guess`). Pure.
"""

from typing import Any, Final

import msgspec

from ferryman.emulator import acts, reading
from ferryman.emulator.reading import InvalidItem, JsonObject
from ferryman.emulator.track_v2 import MERGED, object_ties, read_device

MAX_EVENT_DATA_BYTES: Final = 100_000
MAX_SEGMENT_IDS: Final = 1_000
FORM_KEYS: Final = frozenset({"form_id", "form_name", "form_type", "form_url", "form_url_param"})
METRICS: Final = frozenset(
    {
        "bounced",
        "clicked",
        "converted",
        "deferred",
        "delivered",
        "dropped",
        "opened",
        "spammed",
    }
)
PUSH_EVENTS: Final = frozenset({"opened", "converted", "delivered"})


def _person(path: dict[str, str]) -> acts.Who:
    who = acts.guess(path["identifier"])
    reading.person_id(who.value, "identifier")
    return who


def identify(path: dict[str, str], body: JsonObject) -> acts.Identify:
    """Read PUT /api/v1/customers/{identifier}."""
    relationships = reading.optional_object(body.get("cio_relationships"), "cio_relationships")
    ties: tuple[acts.Tie, ...] = ()
    if relationships:
        listed = relationships.get("relationships")
        ties = object_ties(listed, "cio_relationships.relationships")
        if relationships.get("action") not in ("add_relationships", "delete_relationships"):
            field = "cio_relationships.action"
            raise InvalidItem("invalid", field, f"{field} must add or delete relationships")
    cut = relationships.get("action") == "delete_relationships"
    return acts.Identify(
        person=_person(path),
        attributes=body,
        timestamp=reading.moment(body.get("_timestamp"), "_timestamp"),
        update_only=body.get("_update") is True,
        tie=() if cut else ties,
        untie=ties if cut else (),
    )


def delete(path: dict[str, str], _body: JsonObject) -> acts.Delete:
    """Read DELETE /api/v1/customers/{identifier}."""
    return acts.Delete(_person(path))


def add_device(path: dict[str, str], body: JsonObject) -> acts.AddDevice:
    """Read PUT /api/v1/customers/{identifier}/devices."""
    return read_device(_person(path), reading.an_object(body.get("device"), "device"), token="id")


def delete_device(path: dict[str, str], _body: JsonObject) -> acts.DeleteDevice:
    """Read DELETE /api/v1/customers/{identifier}/devices/{device_id}."""
    return acts.DeleteDevice(_person(path), path["device_id"])


def suppress(path: dict[str, str], _body: JsonObject) -> acts.Suppress:
    """Read POST /api/v1/customers/{identifier}/suppress."""
    return acts.Suppress(_person(path))


def unsuppress(path: dict[str, str], _body: JsonObject) -> acts.Unsuppress:
    """Read POST /api/v1/customers/{identifier}/unsuppress."""
    return acts.Unsuppress(_person(path))


def track(path: dict[str, str], body: JsonObject) -> acts.Record:
    """Read POST /api/v1/customers/{identifier}/events."""
    return _event(_person(path), body)


def track_anonymous(_path: dict[str, str], body: JsonObject) -> acts.Record:
    """Read POST /api/v1/events: an anonymous event, or an invite that names a recipient."""
    event = _event(None, body)
    if event.type == "screen" and not event.anonymous_id:
        raise InvalidItem("required", "anonymous_id", "anonymous_id is required for screen")
    return event


def _event(person: acts.Who | None, body: JsonObject) -> acts.Record:
    data = reading.optional_object(body.get("data"), "data")
    if len(msgspec.json.encode(data)) > MAX_EVENT_DATA_BYTES:
        raise InvalidItem("too_long", "data", f"data must be at most {MAX_EVENT_DATA_BYTES} bytes")
    return acts.Record(
        name=reading.event_name(body.get("name")),
        person=person,
        anonymous_id=reading.optional_text(body.get("anonymous_id"), "anonymous_id"),
        type=reading.event_type(body.get("type")),
        data=data,
        timestamp=reading.moment(body.get("timestamp"), "timestamp"),
        id=reading.optional_text(body.get("id"), "id"),
    )


def submit_form(path: dict[str, str], body: JsonObject) -> acts.SubmitForm:
    """Read POST /api/v1/forms/{form_id}/submit; no person when no field names one."""
    data = reading.an_object(body.get("data"), "data")
    fields = {name: value for name, value in data.items() if name not in FORM_KEYS}
    for name, value in fields.items():
        if not isinstance(value, str):
            raise InvalidItem("invalid", f"data.{name}", f"data.{name} must be a string")
    person = None
    if fields.get("id") and not fields.get("email"):
        person = acts.Who("id", reading.person_id(fields["id"], "data.id"))
    elif fields.get("email") and not fields.get("id"):
        person = acts.Who("email", fields["email"])
    return acts.SubmitForm(path["form_id"], person, fields)


def merge(_path: dict[str, str], body: JsonObject) -> acts.Merge:
    """Read POST /api/v1/merge_customers."""
    return acts.Merge(
        primary=reading.one_identifier(body.get("primary"), "primary", MERGED),
        secondary=reading.one_identifier(body.get("secondary"), "secondary", MERGED),
    )


def metrics(_path: dict[str, str], body: JsonObject) -> acts.Report:
    """Read POST /api/v1/metrics."""
    return _report(body, "metric", METRICS)


def push_event(_path: dict[str, str], body: JsonObject) -> acts.Report:
    """Read POST /api/v1/push/events."""
    return _report(body, "event", PUSH_EVENTS)


def _report(body: JsonObject, key: str, known: frozenset[str]) -> acts.Report:
    metric = reading.text(body.get(key), key)
    if metric not in known:
        raise InvalidItem("invalid", key, f"{key} must be one of {', '.join(sorted(known))}")
    said = {"delivery_id", key, "timestamp"}
    return acts.Report(
        delivery=reading.text(body.get("delivery_id"), "delivery_id"),
        metric=metric,
        timestamp=reading.moment(body.get("timestamp"), "timestamp"),
        details={name: value for name, value in body.items() if name not in said},
    )


def unsubscribe(path: dict[str, str], body: JsonObject) -> acts.Report:
    """Read POST /unsubscribe/{delivery_id}."""
    if body.get("unsubscribe") is not True:
        raise InvalidItem("required", "unsubscribe", "unsubscribe must be true")
    return acts.Report(path["delivery_id"], "unsubscribed")


def add_to_segment(path: dict[str, str], body: JsonObject) -> acts.JoinSegment:
    """Read POST /api/v1/segments/{segment_id}/add_customers."""
    return acts.JoinSegment(_segment(path), _segment_people(path, body))


def remove_from_segment(path: dict[str, str], body: JsonObject) -> acts.LeaveSegment:
    """Read POST /api/v1/segments/{segment_id}/remove_customers."""
    return acts.LeaveSegment(_segment(path), _segment_people(path, body))


def _segment(path: dict[str, str]) -> str:
    if not path["segment_id"].isdecimal():
        raise InvalidItem("invalid", "segment_id", "segment_id must be a whole number")
    return path["segment_id"]


def _segment_people(path: dict[str, str], body: JsonObject) -> tuple[acts.Who, ...]:
    kind = _id_type(path.get("id_type") or "id")
    ids: list[Any] = reading.a_list(body.get("ids"), "ids")
    if len(ids) > MAX_SEGMENT_IDS:
        raise InvalidItem("too_long", "ids", f"ids must hold at most {MAX_SEGMENT_IDS}")
    # "Entries that do not match the id_type are ignored": anything but a string is one.
    return tuple(acts.Who(kind, id_) for id_ in ids if isinstance(id_, str) and id_)


def _id_type(value: str) -> acts.Kind:
    match value:
        case "id" | "email" | "cio_id":
            return value
        case _:
            raise InvalidItem("invalid", "id_type", f"id_type must be one of {', '.join(MERGED)}")
