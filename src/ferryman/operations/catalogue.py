"""The table of everything that can be said: address, what repeating it means, the page it follows.

One row an operation. Client, outbox, relay, emulator, docs and tests read this table; a row
says why a second run is harmless, or why it is not repeated blindly (delivery rules 3 and 20).
"""

from typing import TypedDict, Unpack

from ferryman._core.message import ENTITY_PATH, Endpoint, Repeat, Stamp

TRACK_DOCS = "https://docs.customer.io/integrations/api/track/"
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
    return Endpoint(name, "POST", ENTITY_PATH, repeat, why, f"{TRACK_DOCS}#tag/{tag}", **more)


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


_BY_ID = "Customer.io drops an event whose id it has seen"
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
)

CATALOGUE: dict[str, Endpoint] = {row.name: row for row in ROWS}
