"""What Pipelines says by events whose names mean something: devices, deletion, suppression.

Follows https://docs.customer.io/integrations/api/cdp/#operation/track
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from ferryman._core.message import Operation
from ferryman._core.person import ObjectId, PersonId, quoted
from ferryman.errors import InvalidOperation

from .._item import text
from ._message import Data, message, properties, thing, user

METRICS = ("delivered", "opened", "clicked", "converted")


def add_device(
    person: PersonId,
    token: str,
    /,
    *,
    platform: Literal["ios", "android"],
    attributes: Mapping[str, object] | None = None,
    timestamp: datetime | None = None,
) -> Operation[None]:
    """Give *person* (an id) the device with this push *token*, or update it.

    *attributes* are your own of the device. Raises InvalidOperation naming the field and rule.

    https://docs.customer.io/integrations/api/cdp/#operation/track
    """
    if platform not in ("ios", "android"):
        raise InvalidOperation("must be 'ios' or 'android'", field="platform")
    device = {"device": {"token": text(token, at="token"), "type": platform}}
    more = properties(attributes, at="attributes")
    return _said("add_device", "Device Created or Updated", person, more, device, timestamp)


def delete_device(
    person: PersonId, token: str, /, *, timestamp: datetime | None = None
) -> Operation[None]:
    """Take the device with this push *token* from *person* (an id).

    https://docs.customer.io/integrations/api/cdp/#operation/track
    """
    device = {"device": {"token": text(token, at="token")}}
    return _said("delete_device", "Device Deleted", person, b"", device, timestamp)


def delete(person: PersonId, /, *, timestamp: datetime | None = None) -> Operation[None]:
    """Delete *person* (an id); a later identify or event creates them anew.

    https://docs.customer.io/integrations/api/cdp/#operation/track
    """
    return _said("delete", "User Deleted", person, b"", None, timestamp)


def suppress(person: PersonId, /, *, timestamp: datetime | None = None) -> Operation[None]:
    """Delete *person* (an id) and ignore everything said about it from now on.

    https://docs.customer.io/integrations/api/cdp/#operation/track
    """
    return _said("suppress", "User Suppressed", person, b"", None, timestamp)


def unsuppress(person: PersonId, /, *, timestamp: datetime | None = None) -> Operation[None]:
    """Listen again to what is said about *person* (an id); it does not bring them back.

    https://docs.customer.io/integrations/api/cdp/#operation/track
    """
    return _said("unsuppress", "User Unsuppressed", person, b"", None, timestamp)


def delete_relationship(
    person: PersonId, object: ObjectId, /, *, timestamp: datetime | None = None
) -> Operation[None]:
    """End the relationship of *person* (an id) to *object*.

    https://docs.customer.io/integrations/api/cdp/#operation/track
    """
    more = _named(object)[0]
    return _said("delete_relationship", "Relationship Deleted", person, more, None, timestamp)


def delete_object(object: ObjectId, /, *, timestamp: datetime | None = None) -> Operation[None]:
    """Delete *object* and its relationships.

    https://docs.customer.io/integrations/api/cdp/#operation/track
    """
    more, ident, key = _named(object)
    # An anonymousId is required and means nobody here: the object's own id makes no stranger.
    whom = b'"anonymousId":' + quoted(ident)
    return _event("delete_object", "Object Deleted", whom, key, more, None, timestamp)


def report_delivery(
    delivery_id: str,
    metric: Literal["delivered", "opened", "clicked", "converted"],
    /,
    *,
    recipient: str | None = None,
    reason: str | None = None,
    action_value: str | None = None,
    href: str | None = None,
    timestamp: datetime | None = None,
) -> Operation[None]:
    """Report *metric* of a delivery; *recipient*, *reason*, *action_value*, *href* are texts.

    It is not repeated blindly: a metric may be counted twice.

    https://docs.customer.io/integrations/api/cdp/#operation/track
    """
    if metric not in METRICS:
        raise InvalidOperation(f"must be one of {', '.join(METRICS)}", field="metric")
    content = {"deliveryId": text(delivery_id, at="delivery_id"), "metric": metric}
    given = {"recipient": recipient, "reason": reason, "actionValue": action_value, "href": href}
    for name, value in given.items():
        if value is not None:
            content[name] = text(value, at="action_value" if name == "actionValue" else name)
    more = properties(content, at="metric")
    key = "d:" + delivery_id
    return _event("report_delivery", "Report Delivery Event", b"", key, more, None, timestamp)


def _named(object: ObjectId) -> tuple[bytes, str, str]:
    type_id, ident, key = thing(object)
    said = b'{"objectId":%b,"objectTypeId":%b}' % (quoted(ident), type_id.encode())
    return said, ident, key


def _said(
    name: str,
    event: str,
    person: PersonId,
    more: bytes,
    context: Data,
    timestamp: datetime | None,
) -> Operation[None]:
    whom, key = user(person)
    return _event(name, event, whom, key, more, context, timestamp)


def _event(
    name: str,
    event: str,
    whom: bytes,
    key: str,
    more: bytes,
    context: Data,
    timestamp: datetime | None,
) -> Operation[None]:
    rest = b',"event":' + quoted(event)
    if more:
        rest += b',"properties":' + more
    return message(
        name,
        "track",
        whom,
        rest,
        key=key,
        context=context,
        integrations=None,
        id=None,
        timestamp=timestamp,
    )
