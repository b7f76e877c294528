"""The routes of the emulated APIs: one table, and the match of a request against it.

Paths are matched as they were sent, before percent-decoding, so that an id that holds a slash
stays one segment and an unencoded one is a path that does not exist. Pure.
"""

from typing import Any, Final, Literal
from urllib.parse import unquote

import msgspec

from ferryman.emulator import app_api, track_v1
from ferryman.emulator.access import Api

Does = Literal[
    "region",
    "v1",
    "form",
    "merge",
    "entity",
    "batch",
    "message",
    "messages",
    "send",
    "trigger",
    "status",
]


class Route(msgspec.Struct, frozen=True):
    """One method and path: which API, how it is answered, and who reads the request."""

    method: str
    path: str
    api: Api
    does: Does
    reader: Any = None
    open: bool = False
    """Whether it needs no credentials."""


def _v1(method: str, path: str, reader: object, *, does: Does = "v1", open_: bool = False) -> Route:
    return Route(method, path, "track", does, reader, open_)


BROADCAST: Final = "/v1/campaigns/{broadcast_id}"
PERSON: Final = "/api/v1/customers/{identifier}"

ROUTES: Final[tuple[Route, ...]] = (
    Route("GET", "/api/v1/accounts/region", "track", "region"),
    _v1("PUT", PERSON, track_v1.identify),
    _v1("DELETE", PERSON, track_v1.delete),
    _v1("PUT", f"{PERSON}/devices", track_v1.add_device),
    _v1("DELETE", f"{PERSON}/devices/{{device_id}}", track_v1.delete_device),
    _v1("POST", f"{PERSON}/suppress", track_v1.suppress),
    _v1("POST", f"{PERSON}/unsuppress", track_v1.unsuppress),
    _v1("POST", f"{PERSON}/events", track_v1.track),
    _v1("POST", "/api/v1/events", track_v1.track_anonymous),
    _v1("POST", "/api/v1/forms/{form_id}/submit", track_v1.submit_form, does="form"),
    _v1("POST", "/api/v1/merge_customers", track_v1.merge, does="merge"),
    _v1("POST", "/api/v1/metrics", track_v1.metrics, open_=True),
    _v1("POST", "/api/v1/push/events", track_v1.push_event, open_=True),
    # The vendor's Ruby client still says it without /api/v1.
    _v1("POST", "/push/events", track_v1.push_event, open_=True),
    _v1("POST", "/unsubscribe/{delivery_id}", track_v1.unsubscribe, open_=True),
    _v1("POST", "/api/v1/segments/{segment_id}/add_customers", track_v1.add_to_segment),
    _v1("POST", "/api/v1/segments/{segment_id}/remove_customers", track_v1.remove_from_segment),
    Route("POST", "/api/v2/entity", "track", "entity"),
    Route("POST", "/api/v2/batch", "track", "batch"),
    Route("POST", "/v1/identify", "pipelines", "message", "identify"),
    Route("POST", "/v1/track", "pipelines", "message", "track"),
    Route("POST", "/v1/page", "pipelines", "message", "page"),
    Route("POST", "/v1/screen", "pipelines", "message", "screen"),
    Route("POST", "/v1/group", "pipelines", "message", "group"),
    Route("POST", "/v1/alias", "pipelines", "message", "alias"),
    Route("POST", "/v1/batch", "pipelines", "messages"),
    *(Route("POST", f"/v1/send/{channel}", "app", "send", channel) for channel in app_api.WANTED),
    Route("POST", f"{BROADCAST}/triggers", "app", "trigger"),
    Route("GET", f"{BROADCAST}/triggers/{{trigger_id}}", "app", "status"),
)

_TEMPLATES: Final = tuple((route, route.path.split("/")) for route in ROUTES)


def match(method: str, raw_path: str) -> tuple[Route, dict[str, str]] | None:
    """Return the route of a request and the values in its path, decoded; None if there is none."""
    segments = raw_path.split("/")
    for route, template in _TEMPLATES:
        if route.method != method or len(template) != len(segments):
            continue
        values: dict[str, str] = {}
        for part, segment in zip(template, segments, strict=True):
            if part.startswith("{"):
                # A blank or dotted segment is never an id: proxies and clients resolve it away.
                if segment in ("", ".", ".."):
                    break
                try:
                    values[part[1:-1]] = unquote(segment, errors="strict")
                except UnicodeDecodeError:
                    break
            elif part != segment:
                break
        else:
            return route, values
    return None
