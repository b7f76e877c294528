"""The Pipelines API as it is spoken: one message becomes no, one or more acts.

Follows https://docs.customer.io/integrations/api/cdp/ . A message names people by `userId` (read
by its shape, as the Customer.io destination does), `anonymousId` or, when identifying, the
e-mail among the traits. Its `messageId` is taken as the id of the event. Pure.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from ferryman.emulator import acts, reading
from ferryman.emulator.reading import InvalidItem, JsonObject
from ferryman.emulator.track_v2 import DELIVERY_METRICS

Acts = tuple[acts.AnyAct, ...]
DEFAULT_OBJECT_TYPE: Final = "1"


def read(message: object, kind: str | None = None, context: JsonObject | None = None) -> Acts:
    """Turn one message into acts; raise InvalidItem with the field that is wrong.

    *kind* is what the path says (`identify`, `track`, ...); in a batch the message's own `type`
    does. *context* is that of the whole batch.
    """
    body = reading.an_object(message, "message")
    if context:
        own = reading.optional_object(body.get("context"), "context")
        body = {**body, "context": {**context, **own}}
    reader = KINDS.get(kind or reading.text(body.get("type"), "type"))
    if reader is None:
        raise InvalidItem("invalid", "type", f"type must be one of {', '.join(sorted(KINDS))}")
    return reader(body)


def seconds(value: object, field: str) -> int | None:
    """Return the Unix seconds of an ISO 8601 string, None if it is missing."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(reading.text(value, field))
    except ValueError:
        raise InvalidItem("invalid", field, f"{field} must be an ISO 8601 date-time") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _who(body: JsonObject) -> tuple[acts.Who | None, str]:
    user_id = reading.optional_text(body.get("userId"), "userId")
    anonymous_id = reading.optional_text(body.get("anonymousId"), "anonymousId")
    who = acts.guess(reading.person_id(user_id, "userId")) if user_id else None
    return who, anonymous_id


def _someone(body: JsonObject) -> tuple[acts.Who | None, str]:
    who, anonymous_id = _who(body)
    if who is None and not anonymous_id:
        raise InvalidItem("required", "userId", "userId or anonymousId is required")
    return who, anonymous_id


def _user(body: JsonObject) -> acts.Who:
    who, _ = _who(body)
    if who is None:
        raise InvalidItem("required", "userId", "userId is required")
    return who


def _identify(body: JsonObject) -> Acts:
    traits = dict(reading.optional_object(body.get("traits"), "traits"))
    email = traits.get("email")
    who, anonymous_id = _who(body)
    if who is None and isinstance(email, str) and "@" in email:
        who = acts.Who("email", email)
    if who is None:
        _someone(body)
        return ()  # traits of somebody anonymous make no profile
    if "createdAt" in traits:
        traits["created_at"] = seconds(traits.pop("createdAt"), "traits.createdAt")
    if anonymous_id:
        traits["anonymous_id"] = anonymous_id
    stamp = seconds(body.get("timestamp"), "timestamp")
    return (acts.Identify(who, attributes=traits, timestamp=stamp),)


def _track(body: JsonObject) -> Acts:
    name = reading.event_name(body.get("event"), "event")
    semantic = SEMANTIC.get(name)
    if semantic is not None:
        return semantic(body)
    return _record(body, name, "event")


def _view(body: JsonObject, type_: acts.EventType) -> Acts:
    properties = reading.optional_object(body.get("properties"), "properties")
    named = body.get("name") or properties.get("url") or properties.get("path")
    return _record(body, reading.event_name(named or type_), type_)


def _record(body: JsonObject, name: str, type_: acts.EventType) -> Acts:
    who, anonymous_id = _who(body)
    if who is None and not anonymous_id:
        reading.identifier(body.get("groupId") or body.get("userId"), "userId")
        return ()  # an event of a group alone belongs to nobody
    return (
        acts.Record(
            name=name,
            person=who,
            anonymous_id=anonymous_id,
            type=type_,
            data=reading.optional_object(body.get("properties"), "properties"),
            timestamp=seconds(body.get("timestamp"), "timestamp"),
            id=reading.optional_text(body.get("messageId"), "messageId"),
        ),
    )


def _group(body: JsonObject) -> Acts:
    who, anonymous_id = _who(body)
    traits = dict(reading.optional_object(body.get("traits"), "traits"))
    type_id = traits.pop("object_type_id", None) or body.get("objectTypeId") or DEFAULT_OBJECT_TYPE
    related = traits.pop("relationshipAttributes", None)
    attributes = reading.optional_object(related, "traits.relationshipAttributes")
    thing = acts.ObjectRef(
        reading.identifier(type_id, "traits.object_type_id"),
        reading.person_id(body.get("groupId"), "groupId"),
    )
    ties: tuple[acts.Tie, ...] = ()
    if who is not None:
        ties = (acts.Tie(person=who, attributes=attributes),)
    elif anonymous_id:
        ties = (acts.Tie(anonymous_id=anonymous_id, attributes=attributes),)
    return (acts.IdentifyObject(thing, traits, ties),)


def _alias(body: JsonObject) -> Acts:
    _user(body)
    reading.identifier(body.get("previousId"), "previousId")
    return ()  # "only for a few destinations", and Customer.io is none of them


def _device(body: JsonObject) -> JsonObject:
    context = reading.an_object(body.get("context"), "context")
    return reading.an_object(context.get("device"), "context.device")


def _device_updated(body: JsonObject) -> Acts:
    device = _device(body)
    platform = reading.text(device.get("type"), "context.device.type").lower()
    if platform not in ("ios", "android"):
        field = "context.device.type"
        raise InvalidItem("invalid", field, f"{field} must be ios or android")
    token = reading.text(device.get("token"), "context.device.token")
    properties = reading.optional_object(body.get("properties"), "properties")
    return (acts.AddDevice(_user(body), token, platform, None, properties),)


def _device_deleted(body: JsonObject) -> Acts:
    token = reading.text(_device(body).get("token"), "context.device.token")
    return (acts.DeleteDevice(_user(body), token),)


def _properties(body: JsonObject) -> JsonObject:
    return reading.an_object(body.get("properties"), "properties")


def _thing(body: JsonObject) -> acts.ObjectRef:
    properties = _properties(body)
    type_id = properties.get("objectTypeId") or DEFAULT_OBJECT_TYPE
    return acts.ObjectRef(
        reading.identifier(type_id, "properties.objectTypeId"),
        reading.person_id(properties.get("objectId"), "properties.objectId"),
    )


def _relationship_deleted(body: JsonObject) -> Acts:
    return (acts.Unrelate((acts.Tie(object=_thing(body), person=_user(body)),)),)


def _delivery_report(body: JsonObject) -> Acts:
    properties = dict(_properties(body))
    metric = reading.text(properties.pop("metric", None), "properties.metric")
    if metric not in (*DELIVERY_METRICS, "clicked"):
        raise InvalidItem("invalid", "properties.metric", "properties.metric is not a metric")
    delivery = reading.text(properties.pop("deliveryId", None), "properties.deliveryId")
    stamp = seconds(body.get("timestamp"), "timestamp")
    return (acts.Report(delivery, metric, stamp, properties),)


def _content_report(body: JsonObject) -> Acts:
    properties = dict(_properties(body))
    action = reading.text(properties.pop("actionType", None), "properties.actionType")
    if action not in ("viewed_content", "clicked_content"):
        raise InvalidItem("invalid", "properties.actionType", "properties.actionType is unknown")
    content = reading.identifier(properties.get("contentId"), "properties.contentId")
    stamp = seconds(body.get("timestamp"), "timestamp")
    return (acts.Report(content, action, stamp, properties),)


Reader = Callable[[JsonObject], Acts]

SEMANTIC: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        "Device Created or Updated": _device_updated,
        "Device Deleted": _device_deleted,
        "User Deleted": lambda body: (acts.Delete(_user(body)),),
        "User Suppressed": lambda body: (acts.Suppress(_user(body)),),
        "User Unsuppressed": lambda body: (acts.Unsuppress(_user(body)),),
        "Relationship Deleted": _relationship_deleted,
        "Object Deleted": lambda body: (acts.DeleteObject(_thing(body)),),
        "Report Delivery Event": _delivery_report,
        "Report Content Event": _content_report,
    }
)
KINDS: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        "identify": _identify,
        "track": _track,
        "page": lambda body: _view(body, "page"),
        "screen": lambda body: _view(body, "screen"),
        "group": _group,
        "alias": _alias,
    }
)
