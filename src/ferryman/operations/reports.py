"""What people did with a message or a form, reported by whoever saw it; and the region's name.

Follows https://docs.customer.io/integrations/api/track/#tag/report-metrics
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, cast

import msgspec

from ferryman._core.answer import parsed
from ferryman._core.encode import encode_object, segment
from ferryman._core.message import Operation
from ferryman._core.person import PersonId, quoted, who
from ferryman.errors import InvalidOperation

from ._item import post, seconds, sized, text
from .catalogue import CATALOGUE

# channel of a delivery -> the metrics that Customer.io takes for it
METRICS: dict[str, frozenset[str]] = {
    "email": frozenset(
        {"bounced", "clicked", "converted", "deferred", "delivered", "dropped", "opened", "spammed"}
    ),
    "in_app": frozenset({"clicked", "converted", "opened"}),
    "push": frozenset({"converted", "delivered", "opened"}),
    "slack": frozenset({"clicked", "converted", "delivered", "opened"}),
    "sms": frozenset({"bounced", "clicked", "delivered", "opened"}),
}
ALL_METRICS: frozenset[str] = frozenset[str]().union(*METRICS.values())
PUSH_METRICS = ("opened", "converted", "delivered")


class AccountRegion(msgspec.Struct, frozen=True):
    """Where a workspace lives: ``region`` (``"us"``, ``"eu"``), its Track ``url``, its number."""

    region: str
    url: str
    environment_id: int | None = None


def submit_form(
    form_id: str, person: PersonId, fields: Mapping[str, str] | None = None, /
) -> Operation[None]:
    """Report that *person* (an id or Email) sent the form *form_id* with *fields* (texts only).

    An unknown form is created. It is not repeated blindly: a form may trigger twice.

    https://docs.customer.io/integrations/api/track/#operation/submitForm
    """
    whom = who(person)
    if whom.kind not in ("id", "email"):
        raise InvalidOperation("must be an id or Email", field="person")
    if not isinstance(fields, Mapping | None):
        raise InvalidOperation(f"must be a mapping, not {type(fields).__name__}", field="fields")
    content: dict[str, str] = {}
    for name, value in (fields or {}).items():
        at = f"fields.{name}" if isinstance(name, str) else "fields"
        if name in ("id", "email"):
            raise InvalidOperation("is said by person", field=at)
        if not isinstance(value, str):
            raise InvalidOperation(f"must be str, not {type(value).__name__}", field=at)
        content[name] = value
    content[whom.kind] = whom.value
    path = CATALOGUE["submit_form"].path.format(
        form_id=segment(text(form_id, at="form_id"), at="form_id")
    )
    body = b'{"data":%b}' % encode_object(content, "track", at="fields")
    return post("submit_form", body, key=whom.key, path=path)


def report_metric(
    delivery_id: str,
    metric: str,
    /,
    *,
    timestamp: datetime | None = None,
    recipient: str | None = None,
    reason: str | None = None,
    href: str | None = None,
) -> Operation[None]:
    """Report *metric* (``"delivered"``, ``"opened"``, ``"clicked"`` ...) of a delivery.

    *recipient*, *reason* (of a bounce) and *href* (of a click) are optional texts. It is not
    repeated blindly: a metric may be counted twice.

    https://docs.customer.io/integrations/api/track/#operation/metrics
    """
    if not isinstance(metric, str) or metric not in ALL_METRICS:
        raise InvalidOperation(f"must be one of {', '.join(sorted(ALL_METRICS))}", field="metric")
    content: dict[str, object] = {
        "delivery_id": text(delivery_id, at="delivery_id"),
        "metric": metric,
    }
    if timestamp is not None:
        content["timestamp"] = seconds(timestamp, at="timestamp")
    for name, value in (("recipient", recipient), ("reason", reason), ("href", href)):
        if value is not None:
            content[name] = text(value, at=name)
    body = encode_object(content, "track", at="metric")
    return post("report_metric", body, key="d:" + delivery_id)


def report_push(
    delivery_id: str,
    metric: Literal["opened", "converted", "delivered"],
    /,
    *,
    device_token: str,
    timestamp: datetime | None = None,
) -> Operation[None]:
    """Report what a device did with a push notification (Track v2, authenticated).

    https://docs.customer.io/integrations/api/track/#operation/entity
    """
    attributes = b'{"device_token":%b}' % quoted(_push(metric, device_token, at="metric"))
    body = (
        b'{"type":"delivery","action":"event","identifiers":{"id":%b},"name":"%b","attributes":%b'
        % (quoted(text(delivery_id, at="delivery_id")), metric.encode(), attributes)
    )
    if timestamp is not None:
        body += b',"timestamp":%d' % seconds(timestamp, at="timestamp")
    return Operation(
        CATALOGUE["report_push"], "d:" + delivery_id, sized(body + b"}", "report_push")
    )


def report_push_event(
    delivery_id: str,
    event: Literal["opened", "converted", "delivered"],
    /,
    *,
    device_token: str,
    timestamp: datetime,
) -> Operation[None]:
    """Report what a device did with a push notification (the older endpoint, without a key).

    https://docs.customer.io/integrations/api/track/#operation/pushMetrics
    """
    content = {
        "delivery_id": text(delivery_id, at="delivery_id"),
        "event": event,
        "device_id": _push(event, device_token, at="event"),
        "timestamp": seconds(timestamp, at="timestamp"),
    }
    body = encode_object(content, "track", at="event")
    return post("report_push_event", body, key="d:" + delivery_id)


def unsubscribe(delivery_id: str, /) -> Operation[None]:
    """Unsubscribe whoever received the delivery *delivery_id*.

    https://docs.customer.io/integrations/api/track/#operation/unsubscribe
    """
    path = CATALOGUE["unsubscribe"].path.format(
        delivery_id=segment(text(delivery_id, at="delivery_id"), at="delivery_id")
    )
    return post("unsubscribe", b'{"unsubscribe":true}', key="d:" + delivery_id, path=path)


def region() -> Operation[AccountRegion]:
    """Ask in which region the workspace of these keys lives; either region's host answers.

    https://docs.customer.io/integrations/api/track/#operation/getRegion
    """
    return Operation(CATALOGUE["region"], "", read=_read_region)


def _read_region(body: bytes) -> AccountRegion:
    found: object = parsed(body)
    content = cast("dict[str, object]", found if isinstance(found, dict) else {})
    number = content.get("environment_id")
    return AccountRegion(
        str(content.get("region") or ""),
        str(content.get("url") or ""),
        number if type(number) is int else None,
    )


def _push(metric: str, device_token: str, *, at: str) -> str:
    if metric not in PUSH_METRICS:
        raise InvalidOperation(f"must be one of {', '.join(PUSH_METRICS)}", field=at)
    return text(device_token, at="device_token")
