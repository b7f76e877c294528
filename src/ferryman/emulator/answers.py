"""The answers of Customer.io: statuses, headers and bodies, one literal each.

Taken from responses recorded live (success, 401) and from the error shapes of
https://docs.customer.io/integrations/api/track/ . Pure: bytes in, bytes out.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from ferryman.emulator.reading import InvalidItem

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode

JSON: Final = "application/json; charset=utf-8"
REALM: Final = 'Basic realm="Customer.io edge event collection"'
API_HEADERS: Final[Mapping[str, str]] = {
    "access-control-allow-origin": "*",
    "cache-control": "no-cache, no-store, must-revalidate, max-age=0",
}
APP_HEADERS: Final[Mapping[str, str]] = {
    "access-control-allow-credentials": "true",
    "access-control-allow-origin": "https://fly.customer.io",
    "cache-control": "must-revalidate,no-cache,no-store",
    "expires": "0",
    "pragma": "no-cache",
    "referrer-policy": "no-referrer-when-downgrade",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "x-xss-protection": "1; mode=block",
}
NOT_FOUND_PAGE: Final = b"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Page Not Found | Customer.io</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; margin: 20vh auto; max-width: 32rem; padding: 1rem }
</style>
</head>
<body>
<h1>Page Not Found</h1>
<p>The page you were looking for does not exist. (This is the ferryman emulator: there is no such
path, or not with this method.)</p>
</body>
</html>
"""


class Answer(msgspec.Struct, frozen=True):
    """What goes back: status, headers (lower case) and body."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}


def to_json(value: object) -> bytes:
    """Encode *value*; decimals keep their digits."""
    return _encode(value)


def of_json(status: int, value: object, headers: Mapping[str, str] = API_HEADERS) -> Answer:
    """Answer with JSON and the line end that Customer.io's answers have."""
    return Answer(status, _encode(value) + b"\n", {**headers, "content-type": JSON})


def error(status: int, message: str, headers: Mapping[str, str] = API_HEADERS) -> Answer:
    """Answer `{"meta": {"error": text}}`."""
    return of_json(status, {"meta": {"error": message}}, headers)


def errors(status: int, messages: Sequence[str]) -> Answer:
    """Answer `{"meta": {"errors": [text, ...]}}`."""
    return of_json(status, {"meta": {"errors": messages}})


def item_errors(status: int, found: Sequence[tuple[int | None, InvalidItem]]) -> Answer:
    """Answer `{"errors": [{reason, field, message}, ...]}`, a batch_index first where given."""
    listed: list[dict[str, Any]] = []
    for index, wrong in found:
        entry = {"reason": wrong.reason, "field": wrong.field, "message": wrong.message}
        listed.append(entry if index is None else {"batch_index": index, **entry})
    return of_json(status, {"errors": listed})


def app_error(status: int, message: str) -> Answer:
    """Answer `{"errors": [{detail, status}]}`, the status as text, as the App API does."""
    found = {"errors": [{"detail": message, "status": str(status)}]}
    return of_json(status, found, APP_HEADERS)


OK: Final = of_json(200, {}, {**API_HEADERS, "status": "200 OK"})
NO_CONTENT: Final = Answer(204, b"", API_HEADERS)
NOT_FOUND: Final = Answer(404, NOT_FOUND_PAGE, {"content-type": "text/html; charset=utf-8"})
UNAUTHORIZED: Final = error(401, "Unauthorized request")
UNAUTHORIZED_APP: Final = error(401, "Unauthorized request", APP_HEADERS)
UNAUTHORIZED_TRACK: Final = error(
    401, "Unauthorized request", {**API_HEADERS, "www-authenticate": REALM}
)
