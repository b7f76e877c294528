"""The table of everything that can be said: address, what repeating it means, the page it follows.

One row an operation. Client, outbox, relay, emulator, docs and tests read this table; a row
says why a second run is harmless, or why it is not repeated blindly (delivery rules 3 and 20).
"""

from typing import TypedDict, Unpack

from ferryman._core.message import ENTITY_PATH, Endpoint, Pace, Repeat, Stamp

TRACK_DOCS = "https://docs.customer.io/integrations/api/track/"
PIPELINES_DOCS = "https://docs.customer.io/integrations/api/cdp/"
APP_DOCS = "https://docs.customer.io/integrations/api/app/"
PACES: dict[Pace, float] = {
    "track": 1_000.0,
    "pipelines": 1_000.0,
    "app": 10.0,
    "send": 100.0,
    "broadcast": 0.1,
}
"""Requests a second: of a workspace, and of each broadcast by itself.

Customer.io asks for the first two and insists on the third. Of sends it names 3,000 in three
seconds now and named 100 a second before; the lower one is kept to.
"""
_V1 = "/api/v1"


class _More(TypedDict, total=False):
    """What most rows leave as it is."""

    authenticated: bool
    stamp: Stamp
    barrier: bool
    writes: bool


def _v2(
    name: str, why: str, *, tag: str, repeat: Repeat = Repeat.SAME, **more: Unpack[_More]
) -> Endpoint:
    docs = f"{TRACK_DOCS}#tag/{tag}"
    return Endpoint(name, "POST", ENTITY_PATH, repeat, why, docs, route="track", **more)


def _v1(
    name: str,
    method: str,
    path: str,
    repeat: Repeat,
    why: str,
    *,
    tag: str,
    **more: Unpack[_More],
) -> Endpoint:
    return Endpoint(name, method, path, repeat, why, f"{TRACK_DOCS}#tag/{tag}", **more)


def _message(
    name: str, why: str, *, kind: str = "track", repeat: Repeat = Repeat.SAME, barrier: bool = False
) -> Endpoint:
    return Endpoint(
        f"pipelines.{name}",
        "POST",
        f"/v1/{kind}",
        repeat,
        why,
        f"{PIPELINES_DOCS}#operation/{kind}",
        api="pipelines",
        route="pipelines",
        pace="pipelines",
        stamp=Stamp.MESSAGE,
        barrier=barrier,
    )


def _send(name: str, path: str, operation: str, *, pace: Pace = "send") -> Endpoint:
    why = "a second one may be a second message to the same person"
    docs = f"{APP_DOCS}#operation/{operation}"
    return Endpoint(name, "POST", path, Repeat.ONCE, why, docs, api="app", pace=pace)


_BY_ID = "Customer.io drops an event whose id it has seen"
_BY_MESSAGE = (
    "it keeps its messageId, which is documented as unique;"
    " that Customer.io drops a second one is not documented"
)
_STATE = "the second run finds the state of the first"

ROWS: tuple[Endpoint, ...] = (
    # Track v2: may share a batch.
    _v2(
        "identify",
        "the same attributes again, ordered by timestamp",
        tag="people",
        stamp=Stamp.TIME,
    ),
    _v2("track", _BY_ID, tag="people", repeat=Repeat.DEDUPLICATED, stamp=Stamp.EVENT),
    _v2("page", _BY_ID, tag="people", repeat=Repeat.DEDUPLICATED, stamp=Stamp.EVENT),
    _v2("screen", _BY_ID, tag="people", repeat=Repeat.DEDUPLICATED, stamp=Stamp.EVENT),
    _v2("delete", "the person is gone already", tag="people", barrier=True),
    _v2("suppress", _STATE, tag="people", barrier=True),
    _v2("unsuppress", _STATE, tag="people", barrier=True),
    _v2(
        "merge",
        "the secondary may be a new person by then",
        tag="people",
        repeat=Repeat.ONCE,
        barrier=True,
    ),
    _v2("add_device", "a device is known by its token", tag="people"),
    _v2("delete_device", "the device is gone already", tag="people"),
    _v2("add_relationships", "a relationship exists once", tag="people"),
    _v2("delete_relationships", "the relationship is gone already", tag="people"),
    _v2("identify_object", "the same attributes again", tag="objects"),
    _v2("identify_anonymous_object", "the same attributes again", tag="objects"),
    _v2("delete_object", "the object is gone already", tag="objects", barrier=True),
    _v2("add_object_relationships", "a relationship exists once", tag="objects"),
    _v2("delete_object_relationships", "the relationship is gone already", tag="objects"),
    _v2(
        "report_push",
        "a metric of a delivery may be counted twice",
        tag="deliveries",
        repeat=Repeat.ONCE,
    ),
    # Track v1: what v2 cannot say, one request each.
    _v1(
        "track_anonymous",
        "POST",
        f"{_V1}/events",
        Repeat.DEDUPLICATED,
        _BY_ID,
        tag="track-events",
        stamp=Stamp.EVENT,
    ),
    _v1(
        "invite",
        "POST",
        f"{_V1}/events",
        Repeat.DEDUPLICATED,
        _BY_ID,
        tag="track-events",
        stamp=Stamp.EVENT,
    ),
    _v1(
        "submit_form",
        "POST",
        f"{_V1}/forms/{{form_id}}/submit",
        Repeat.ONCE,
        "a form may be counted and may trigger twice",
        tag="forms",
    ),
    _v1(
        "add_to_segment",
        "POST",
        f"{_V1}/segments/{{segment_id}}/add_customers",
        Repeat.SAME,
        _STATE,
        tag="segments",
    ),
    _v1(
        "remove_from_segment",
        "POST",
        f"{_V1}/segments/{{segment_id}}/remove_customers",
        Repeat.SAME,
        _STATE,
        tag="segments",
    ),
    _v1(
        "report_metric",
        "POST",
        f"{_V1}/metrics",
        Repeat.ONCE,
        "a metric of a delivery may be counted twice",
        tag="report-metrics",
        authenticated=False,
    ),
    _v1(
        "report_push_event",
        "POST",
        f"{_V1}/push/events",
        Repeat.ONCE,
        "a metric of a delivery may be counted twice",
        tag="report-metrics",
        authenticated=False,
    ),
    _v1(
        "unsubscribe",
        "POST",
        "/unsubscribe/{delivery_id}",
        Repeat.SAME,
        "unsubscribed already",
        tag="unsubscribe",
        authenticated=False,
    ),
    _v1(
        "region",
        "GET",
        f"{_V1}/accounts/region",
        Repeat.SAME,
        "it only asks",
        tag="account",
        writes=False,
    ),
    # Pipelines: may share a batch of its own.
    _message("identify", "the same traits again, ordered by timestamp", kind="identify"),
    _message("track", _BY_MESSAGE, repeat=Repeat.DEDUPLICATED),
    _message("page", _BY_MESSAGE, kind="page", repeat=Repeat.DEDUPLICATED),
    _message("screen", _BY_MESSAGE, kind="screen", repeat=Repeat.DEDUPLICATED),
    _message("group", "the same traits and a relationship that exists once", kind="group"),
    _message("alias", "the same two ids again", kind="alias"),
    _message("add_device", "a device is known by its token"),
    _message("delete_device", "the device is gone already"),
    _message("delete", "the person is gone already", barrier=True),
    _message("suppress", _STATE, barrier=True),
    _message("unsuppress", _STATE, barrier=True),
    _message("delete_relationship", "the relationship is gone already"),
    _message("delete_object", "the object is gone already", barrier=True),
    _message("report_delivery", "a metric of a delivery may be counted twice", repeat=Repeat.ONCE),
    # App: messages to people, one request each.
    _send("send_email", "/v1/send/email", "sendEmail"),
    _send("send_push", "/v1/send/push", "sendPush"),
    _send("send_sms", "/v1/send/sms", "sendSms"),
    _send("send_whatsapp", "/v1/send/whatsapp", "sendWhatsApp"),
    _send("send_in_app", "/v1/send/in_app", "sendInApp"),
    _send("send_inbox_message", "/v1/send/inbox_message", "sendInboxMessage"),
    _send(
        "trigger_broadcast",
        "/v1/campaigns/{broadcast_id}/triggers",
        "triggerBroadcast",
        pace="broadcast",
    ),
)

CATALOGUE: dict[str, Endpoint] = {row.name: row for row in ROWS}
