"""How the body of a message to one person is put together; shared by the kinds of messages.

What Customer.io checks by itself (templates, verified senders) is left to it; what can only be a
mistake is refused at the call. Follows https://docs.customer.io/integrations/api/app/
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, cast

import msgspec

from ferryman._core.answer import parsed
from ferryman._core.encode import encode_object
from ferryman._core.message import Operation
from ferryman._core.person import PersonId, quoted, who
from ferryman.errors import InvalidOperation
from ferryman.plan import MessageData, encode_message

from ._item import seconds, sized, text
from .catalogue import CATALOGUE

MAX_ATTACHMENTS = 2_000_000
"""Bytes of all attachments of an e-mail together, as they are."""
MAX_RECIPIENTS = 15
MAX_BODY = 8_000_000
"""Bytes of a request to the App API; Customer.io names no limit, this one keeps queues small."""

TemplateId: TypeAlias = int | str
"""The number of a transactional message, or its trigger name."""
Words: TypeAlias = MessageData | Mapping[str, object]
"""What a message's template may use."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


class Delivery(msgspec.Struct, frozen=True):
    """A message that Customer.io took: its id, when it was queued, when it is to be sent.

    ``send_at`` is set only when a later moment was asked for. In mode ``off`` nothing is known:
    ``delivery_id`` is empty.
    """

    delivery_id: str
    queued_at: datetime | None = None
    send_at: datetime | None = None


def send(
    name: str,
    person: PersonId,
    template: TemplateId | None,
    given: Mapping[str, object],
    *,
    words: Words | None,
    send_at: datetime | None,
    flags: Mapping[str, bool | None],
    more: Sequence[tuple[str, bytes]] = (),
) -> Operation[Delivery]:
    """Return the operation *name*: *given* are texts, *more* are members encoded already."""
    whom = who(person)
    if whom.kind not in ("id", "email", "cio_id"):
        raise InvalidOperation("must be an id, Email or CioId", field="person")
    members: list[tuple[str, bytes]] = []
    if template is not None:
        members.append(("transactional_message_id", _template(template)))
    members.append(("identifiers", whom.json))
    for field, value in given.items():
        if value is not None:
            members.append((field, quoted(text(value, at="from_" if field == "from" else field))))
    members += more
    if words is not None:
        members.append(("message_data", encoded(words, at="message_data")))
    if send_at is not None:
        members.append(("send_at", b"%d" % seconds(send_at, at="send_at")))
    members += [(field, switch(on, at=field)) for field, on in flags.items() if on is not None]
    body = joined(members)
    return Operation(
        CATALOGUE[name], whom.key, sized(body, name, limit=MAX_BODY), read=read_delivery
    )


def joined(members: Sequence[tuple[str, bytes]]) -> bytes:
    """Return encoded *members* as one JSON object."""
    return b"{" + b",".join([b'"%b":%b' % (name.encode(), value) for name, value in members]) + b"}"


def encoded(words: Words, *, at: str) -> bytes:
    """Return what a template may use as one JSON object."""
    if isinstance(words, MessageData):
        return encode_message(words, "app")
    return encode_object(words, "app", at=at)


def switch(on: bool, *, at: str) -> bytes:
    """Return true or false."""
    if not isinstance(on, bool):
        raise InvalidOperation(f"must be bool, not {type(on).__name__}", field=at)
    return b"true" if on else b"false"


def _template(given: TemplateId) -> bytes:
    if type(given) is int and 0 < given < 2**53:
        return b"%d" % given
    if type(given) is int:
        rule = "must be the number of a transactional message"
        raise InvalidOperation(rule, field="transactional_message_id")
    return quoted(text(given, at="transactional_message_id"))


def required(template: TemplateId | None) -> TemplateId:
    """Return *template*; raise InvalidOperation for None."""
    if template is None:
        raise InvalidOperation("must be given", field="transactional_message_id")
    return template


def addresses(given: Mapping[str, str | Sequence[str] | None]) -> dict[str, str]:
    """Return to, cc and bcc as texts, their addresses parted by commas; 15 at most in all."""
    found: dict[str, str] = {}
    count = 0
    for field, value in given.items():
        if value is None:
            continue
        several = [value] if isinstance(value, str) else value
        if isinstance(several, bytes) or not isinstance(several, Sequence):
            rule = f"must be an address or a list of them, not {type(value).__name__}"
            raise InvalidOperation(rule, field=field)
        found[field] = text(", ".join([text(each, at=field) for each in several]), at=field)
        count += sum(1 for part in _QUOTED.sub("", found[field]).split(",") if part.strip())
    if count > MAX_RECIPIENTS:
        raise InvalidOperation(f"must not exceed {MAX_RECIPIENTS} with cc and bcc", field="to")
    return found


def headers(given: Mapping[str, str]) -> str:
    """Return *given* as Customer.io takes it: a JSON text, a list of names and values."""
    if not isinstance(given, Mapping):
        raise InvalidOperation(f"must be a mapping, not {type(given).__name__}", field="headers")
    for name, value in given.items():
        for each in (name, value):
            if not isinstance(each, str) or not each.isascii() or not each.isprintable():
                raise InvalidOperation("must be printable ASCII texts", field="headers")
        if not name or " " in name or ":" in name:
            raise InvalidOperation("names hold no space and no colon", field="headers")
    return json.dumps([{"name": name, "value": value} for name, value in given.items()])


def attachments(given: Mapping[str, bytes]) -> bytes:
    """Return file names mapped to their contents, in base64."""
    if not isinstance(given, Mapping):
        rule = f"must be a mapping, not {type(given).__name__}"
        raise InvalidOperation(rule, field="attachments")
    total = 0
    for name, content in given.items():
        text(name, at="attachments")
        if not isinstance(content, bytes | bytearray | memoryview):
            rule = f"must be bytes, not {type(content).__name__}"
            raise InvalidOperation(rule, field="attachments")
        total += len(bytes(content))
    if total >= MAX_ATTACHMENTS:
        raise InvalidOperation(
            f"must be less than {MAX_ATTACHMENTS:,} bytes together", field="attachments"
        )
    files = {name: base64.b64encode(content).decode() for name, content in given.items()}
    return encode_object(files, "app", at="attachments")


def read_delivery(body: bytes) -> Delivery:
    """Read the answer to a send."""
    content = members_of(body)
    return Delivery(
        str(content.get("delivery_id") or ""),
        _moment(content.get("queued_at")),
        _moment(content.get("send_at")),
    )


def members_of(body: bytes) -> dict[str, Any]:
    """Return the object in *body*, an empty one for none."""
    found: object = parsed(body)
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _moment(value: object) -> datetime | None:
    if type(value) is not int or not 0 < value < 253_402_300_800:
        return None
    return _EPOCH + timedelta(seconds=value)
