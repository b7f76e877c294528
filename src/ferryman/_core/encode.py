"""Python values become JSON bytes, by one written rule a kind (:data:`KINDS`, in kinds.py).

Pure. Here live the ways to the encoder, the byte limits, and how an id is put into a path.
Here must not live: the rules themselves, what an operation is called, who it is about.
Nothing is changed silently: a value has a rule, or the call fails, naming the field and the
rule and never the value.

Plain data (the usual event) takes the short way: orjson, told to refuse all that has a rule of
its own here. Everything else is copied into plain data first, kind by kind.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import quote

import msgspec
import orjson

from ferryman._core.kinds import KINDS, iso8601, seconds, take
from ferryman._core.message import Api
from ferryman._core.plain import SURROGATE, PlainObject, Wrong, write
from ferryman.errors import InvalidOperation

__all__ = [
    "KINDS",
    "MAX_BATCH",
    "MAX_ITEM",
    "encode_object",
    "encode_value",
    "iso",
    "segment",
    "to_plain",
    "unix_seconds",
    "write",
]

MAX_ITEM: Final = 32_768
"""Bytes of one Track v2 item or Pipelines message: https://docs.customer.io/api/track/"""
MAX_BATCH: Final = 500_000
"""Bytes of one Track v2 or Pipelines batch: https://docs.customer.io/api/track/"""

_convert: Final = msgspec.convert
_dumps: Final = orjson.dumps
_STRICT: Final = (
    orjson.OPT_STRICT_INTEGER
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
"""What has a rule of its own is refused here and takes the long way."""


def encode_object(data: Mapping[str, object], api: Api, *, at: str) -> bytes:
    """Encode *data* as one JSON object, by the rules of :data:`KINDS` for *api*.

    *at* names the argument in errors ("data", "attributes"). A dataclass, msgspec struct or
    pydantic model is an object too. Raises InvalidOperation, naming the field and the rule.
    """
    if data.__class__ is dict:  # no subclass, which may have entries of its own
        try:
            body = _dumps(data, None, _STRICT)
        except TypeError:  # not plain: a kind that has a rule of its own, or none
            pass
        else:
            nulls = body.count(b"null")
            if not nulls:
                return body
            # Each null is a None at the top, none is a NaN, which orjson writes so.
            for value in data.values():
                if value is None:
                    nulls -= 1
            if not nulls:
                return body
            # Nulls further down: a check that tells None from NaN.
            try:
                if _convert((data,), PlainObject).value == data:
                    return body
            except Exception:  # noqa: S110 - whatever it was, the long way finds it and names it
                pass
    body = write(to_plain(data, api, at=at), at=at)
    if not body.startswith(b"{"):
        raise InvalidOperation(f"must be a mapping, not {type(data).__name__}", field=at)
    return body


def encode_value(value: object, api: Api, *, at: str) -> bytes:
    """Encode one *value* as JSON, by the rules of :data:`KINDS` for *api*.

    *at* names the argument in errors. Raises InvalidOperation, naming the field and the rule.
    """
    return write(to_plain(value, api, at=at), at=at)


def to_plain(value: object, api: Api, *, at: str) -> object:
    """Return *value* as the encoder may have it: JSON's own kinds, a Decimal or Raw.

    *at* names the argument in errors. Raises InvalidOperation, naming the field and the rule.
    """
    try:
        return take(value, api, 0)
    except Wrong as wrong:
        raise wrong.located(at) from None


def segment(value: str, *, at: str) -> str:
    """Percent-encode *value* as one segment of a path that cannot leave its place.

    Everything but letters, digits and ``-_.~`` is encoded, ``/`` and ``%`` too. *at* names the
    argument in errors. Raises InvalidOperation for a blank one, ``.`` and ``..``.
    """
    if not value.strip():
        raise InvalidOperation("must not be blank", field=at)
    if value in {".", ".."}:
        raise InvalidOperation('must not be "." or "..", which would change the path', field=at)
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise InvalidOperation(SURROGATE, field=at) from None


def unix_seconds(moment: datetime, *, at: str) -> int:
    """Return the whole second that *moment* lies in, in Unix time; its fraction is dropped.

    Track and App take integer seconds (https://docs.customer.io/api/track/). *at* names the
    argument in errors. Raises InvalidOperation for a naive datetime.
    """
    try:
        return seconds(moment)
    except Wrong as wrong:
        raise wrong.located(at) from None


def iso(moment: datetime, *, at: str) -> str:
    """Return *moment* in UTC as ISO 8601, such as ``2026-11-24T05:00:00.123Z``.

    The fraction has no digits, three or six, as many as are needed. *at* names the argument in
    errors. Raises InvalidOperation for a naive datetime.
    """
    try:
        return iso8601(moment)
    except Wrong as wrong:
        raise wrong.located(at) from None
