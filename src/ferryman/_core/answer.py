"""What an answer means: a value, or an error with its reasons. Every error envelope is read here.

Failures are values here (the error, not yet raised); they are raised once, at the door.
The envelopes E1 to E8 are those that Customer.io's own specifications and live answers show.
"""

import math
import re
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeAlias, TypeVar

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
from .redirect import REDIRECTS

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

_decode = msgspec.json.Decoder().decode
_REFERENCE = re.compile(r"\(reference ([0-9A-Za-z_-]+)\)")
_RETRY_AFTER_HEADER = "retry-after"


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def parsed(body: bytes) -> Any:
    """Return the JSON of *body*, or None when there is none (E6 HTML, E8 empty)."""
    try:
        return _decode(body) if body.strip() else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _one(item: object) -> Detail:
    if not isinstance(item, dict):
        return Detail(message=_text(item))
    source = item.get("source")
    index = item.get("batch_index")
    return Detail(
        message=_text(item.get("message") or item.get("detail") or item.get("error")),
        reason=_text(item.get("reason") or item.get("status")),
        field=_text(
            item.get("field") or (isinstance(source, dict) and source.get("pointer")) or ""
        ),
        code=_text(item.get("code")),
        batch_index=index if type(index) is int else None,
    )


def details(content: Any) -> tuple[Detail, ...]:
    """Return the reasons in a decoded body, whichever envelope it uses; () when it has none."""
    if not isinstance(content, dict):
        return ()
    meta = content.get("meta")
    if isinstance(meta, dict):
        if meta.get("error"):  # E1
            return (_one(meta["error"]),)
        if meta.get("errors"):  # E2
            errors = meta["errors"]
            return tuple(map(_one, errors if isinstance(errors, list) else [errors]))
    errors = content.get("errors")
    if isinstance(errors, list):  # E3, E4, E5; a null list is an empty one
        return tuple(map(_one, errors))
    if errors:
        return (_one(errors),)
    if content.get("code") and "message" in content:  # E7
        return (_one(content),)
    if isinstance(content.get("error"), str) and content["error"]:
        return (_one(content["error"]),)
    return ()


def retry_after(reply: Reply, *, now: float) -> float | None:
    """Return the wait in seconds that *reply* asks for, or None when it asks for none.

    Seconds or an HTTP date; a date is measured against the answer's own Date where it has one,
    so that a wrong clock here does not matter. Past and negative waits are 0; nonsense is None.
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
    return max(0.0, seconds) if not math.isnan(seconds) else None


def _moment(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def broken(reply: Reply) -> str:
    """Say why *reply* cannot be Customer.io's own answer, or return "" when it can.

    HTML or cut JSON on success, HTML on 404, a redirect that leads nowhere: something between
    us and Customer.io answers in its place; the operation is not to blame (delivery rule 21).
    """
    if reply.status in REDIRECTS or 300 <= reply.status < 400:
        return "a redirect that leads nowhere"
    html = "html" in reply.headers.get("content-type", "") or reply.body.lstrip()[:1] == b"<"
    if html and (reply.status < 300 or reply.status == 404):
        return "an HTML page in place of an answer"
    if reply.status < 300 and reply.body.strip() and parsed(reply.body) is None:
        return "an answer that is not JSON"
    return ""


def failure(answer: Answer, *, operation: str, now: float) -> Undelivered | None:
    """Return the error that *answer* is, or None when it is a success (2xx without errors)."""
    if isinstance(answer, NoReply):
        certainty = "it was not sent" if answer.sent is False else "it may have arrived"
        return Unreachable(
            f"{operation}: no answer from Customer.io ({answer.reason}); {certainty}",
            sent=answer.sent,
            operation=operation,
        )
    content = parsed(answer.body)
    if why := broken(answer):
        return ServerError(
            f"{operation}: {answer.status}, {why}", status=answer.status, operation=operation
        )
    reasons = details(content)
    if 200 <= answer.status < 300 and not reasons:
        return None
    kind, why = REFUSALS.get(
        answer.status,
        (ServerError, "Customer.io is not well")
        if answer.status >= 500
        else (BadRequest, "the request was refused"),
    )
    fields = ", ".join(sorted({d.field for d in reasons if d.field.isidentifier()}))
    text = f"{operation}: {answer.status}, {why}" + (f" (field: {fields})" if fields else "")
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
