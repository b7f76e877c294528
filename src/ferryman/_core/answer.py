"""What an answer means: a value, or an error with its reasons. Every error envelope is read here.

Failures are values here (the error, not yet raised); they are raised once, at the door.
The envelopes E1 to E8 are those that Customer.io's own specifications and live answers show.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeAlias, TypeVar, cast

import msgspec

from ferryman.errors import (
    BadRequest,
    Detail,
    Forbidden,
    NotFound,
    RateLimited,
    Refused,
    ServerError,
    TooLarge,
    Unauthorized,
    Undelivered,
    Unreachable,
)

from .message import Answer, NoReply, Operation, Reply
from .reasons import told

T = TypeVar("T")


class Ok(msgspec.Struct, Generic[T], frozen=True):
    """It happened; ``value`` is what the answer says."""

    value: T


class Failed(msgspec.Struct, frozen=True):
    """It did not; ``error`` is what the door raises."""

    error: Undelivered


Outcome: TypeAlias = Ok[T] | Failed

# status -> (class, what a person can do about it)
REFUSALS: dict[int, tuple[type[Refused], str]] = {
    400: (BadRequest, "the request is not valid"),
    401: (Unauthorized, "the key is missing, wrong, or of another region"),
    403: (Forbidden, "the key or the account may not do this"),
    404: (NotFound, "there is no such thing, or no such path"),
    409: (BadRequest, "it conflicts with the present state"),
    413: (TooLarge, "more bytes than Customer.io takes"),
    422: (BadRequest, "the request is not valid"),
    429: (RateLimited, "too many requests"),
}

MAX_ANSWER = 10 * 1024 * 1024
"""Bytes, decoded; Customer.io's answers are lists of at most some thousand items. A larger one is
no answer of its, and is not held in memory."""
LONGEST_WAIT = 86_400.0
"""Seconds; a Retry-After beyond a day is no answer to wait for, and is read as a day."""

_decode = msgspec.json.Decoder().decode
_REFERENCE = re.compile(r"\(reference ([0-9A-Za-z_-]+)\)")
_RETRY_AFTER_HEADER = "retry-after"
_NOTHING = object()


def _decoded(body: bytes) -> Any:
    try:
        return _decode(body) if body.strip() else _NOTHING
    except (ValueError, RecursionError):  # every error of msgspec's and of Unicode is a ValueError
        return _NOTHING


def parsed(body: bytes) -> Any:
    """Return the JSON of *body*, or None when there is none (E6 HTML, E8 empty)."""
    content = _decoded(body)
    return None if content is _NOTHING else content


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) else ""


def _members(content: object) -> Mapping[str, Any] | None:
    return cast("Mapping[str, Any]", content) if isinstance(content, dict) else None


def _one(item: object) -> Detail:
    members = _members(item)
    if members is None:
        return Detail(message=_text(item))
    source = _members(members.get("source")) or {}
    index = members.get("batch_index")
    return Detail(
        message=_text(members.get("message") or members.get("detail") or members.get("error")),
        reason=_text(members.get("reason") or members.get("status")),
        field=_text(members.get("field") or source.get("pointer")),
        code=_text(members.get("code")),
        batch_index=index if type(index) is int else None,
    )


def details(content: Any) -> tuple[Detail, ...]:
    """Return the reasons in a decoded body, whichever envelope it uses; () when it has none."""
    members = _members(content)
    if members is None:
        return ()
    meta = _members(members.get("meta")) or {}
    # E1, E2, and E3 to E5; a null list is an empty one.
    for errors in (meta.get("error"), meta.get("errors"), members.get("errors")):
        if errors:
            each = cast("list[object]", errors) if isinstance(errors, list) else [errors]
            return tuple(map(_one, each))
    if members.get("code") and "message" in members:  # E7
        return (_one(members),)
    if isinstance(members.get("error"), str) and members["error"]:
        return (_one(members["error"]),)
    return ()


def retry_after(reply: Reply, *, now: float) -> float | None:
    """Return the wait in seconds that *reply* asks for, or None when it asks for none.

    Seconds or an HTTP date; a date is measured against the answer's own Date where it has one,
    so that a wrong clock here does not matter. Past and negative waits are 0, a longer one than
    a day is a day, nonsense is None.
    """
    text = reply.headers.get(_RETRY_AFTER_HEADER, "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        until = _moment(text)
        if until is None:
            return None
        sent = _moment(reply.headers.get("date", ""))
        seconds = until - (now if sent is None else sent)
    return None if math.isnan(seconds) else min(max(0.0, seconds), LONGEST_WAIT)


def _moment(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        # HTTP dates are UTC; without a zone Python would take this machine's own.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def broken(reply: Reply) -> str:
    """Say why *reply* cannot be Customer.io's own answer, or return "" when it can.

    HTML or cut JSON on success, HTML on 404, a redirect that leads nowhere: something between
    us and Customer.io answers in its place; the operation is not to blame (delivery rule 21).
    """
    if 300 <= reply.status < 400:
        return "a redirect that leads nowhere"
    html = "html" in reply.headers.get("content-type", "").lower()
    html = html or reply.body.lstrip()[:1] == b"<"
    if html and (reply.status < 300 or reply.status == 404):
        return "an HTML page in place of an answer"
    if reply.status < 300 and reply.body.strip() and _decoded(reply.body) is _NOTHING:
        return "an answer that is not JSON"
    return ""


def without_page(answer: Answer) -> Answer:
    """Return *answer*; where it is a page on 404, the 404 alone.

    For a path of the caller's own: Customer.io answers an unknown path with a page, and that a
    path is mistyped is then likelier than that something stands between.
    """
    is_page = isinstance(answer, Reply) and answer.status == 404 and broken(answer)
    return Reply(404) if is_page else answer


def failure(answer: Answer, *, operation: str, now: float) -> Undelivered | None:
    """Return the error that *answer* is, or None when it is a success (2xx without errors)."""
    if isinstance(answer, NoReply):
        certainty = "it was not sent" if answer.sent is False else "it may have arrived"
        return Unreachable(
            f"{operation}: no answer from Customer.io ({answer.reason}); {certainty}",
            sent=answer.sent,
            operation=operation,
        )
    if why := broken(answer):
        return ServerError(
            f"{operation}: {answer.status}, {why}", status=answer.status, operation=operation
        )
    reasons = details(parsed(answer.body))
    if 200 <= answer.status < 300 and not reasons:
        return None
    kind, why = REFUSALS.get(
        answer.status,
        (ServerError, "Customer.io is not well")
        if answer.status >= 500
        else (BadRequest, "the request was refused"),
    )
    said = told(reasons)
    text = f"{operation}: {answer.status}, {why}" + (f" ({said})" if said else "")
    request_id = answer.headers.get("x-request-id", "") or next(
        (m[1] for d in reasons if (m := _REFERENCE.search(d.message))), ""
    )
    if kind is RateLimited:
        return RateLimited(
            text,
            operation=operation,
            request_id=request_id,
            details=reasons,
            retry_after=retry_after(answer, now=now),
        )
    return kind(
        text, status=answer.status, operation=operation, request_id=request_id, details=reasons
    )


def read(answer: Answer, operation: Operation[T], *, now: float) -> Outcome[T]:
    """Return what *answer* says of *operation*: its value, or the error it failed with."""
    error = failure(answer, operation=operation.name, now=now)
    if error is None and isinstance(answer, Reply):
        return Ok(operation.read(answer.body))
    assert error is not None
    return Failed(error)
