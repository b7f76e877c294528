"""The part of the App API that sends: a message to one person, or a broadcast to many.

Follows https://docs.customer.io/integrations/api/app/ , which has no idempotency key: the same
request again is another message. Templates are not kept here, so every template exists. Pure.
"""

import base64
import binascii
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, cast

from ferryman.emulator import reading
from ferryman.emulator.acts import Message
from ferryman.emulator.reading import InvalidItem, JsonObject

MAX_ATTACHMENTS: Final = 2_000_000
MAX_AUDIENCE: Final = 10_000
WANTED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "email": ("to",),
        "push": ("transactional_message_id",),
        "sms": ("transactional_message_id", "to"),
        "whatsapp": ("transactional_message_id", "to"),
        "in_app": ("transactional_message_id",),
        "inbox_message": ("transactional_message_id",),
    }
)
"""What each kind of message cannot do without, besides the person."""
AUDIENCES: Final = ("recipients", "emails", "ids", "per_user_data", "data_file_url")


class TooLarge(InvalidItem):
    """More bytes than are taken."""


def delivery_id(serial: int) -> str:
    """Return the id of the *serial*-th message."""
    return base64.urlsafe_b64encode(f"emulated-{serial:09}".encode()).decode()


def read_send(channel: str, body: JsonObject, serial: int) -> Message:
    """Turn the request for the *serial*-th message into an act; raise InvalidItem."""
    person = reading.one_identifier(body.get("identifiers"), "identifiers", _KINDS)
    for field in WANTED[channel]:
        reading.identifier(body.get(field), field)
    template = body.get("transactional_message_id")
    if template is None:
        for field in ("subject", "body", "from"):
            reading.text(body.get(field), field)
    _check_attachments(reading.optional_object(body.get("attachments"), "attachments"))
    return Message(
        channel=channel,
        id=delivery_id(serial),
        person=person,
        to=reading.optional_text(body.get("to"), "to"),
        template=reading.optional_text(template, "transactional_message_id"),
        data=reading.optional_object(body.get("message_data"), "message_data"),
        send_at=reading.moment(body.get("send_at"), "send_at"),
    )


def read_trigger(broadcast: str, body: JsonObject, serial: int) -> Message:
    """Turn the trigger of a broadcast into an act; raise InvalidItem."""
    given = [name for name in AUDIENCES if body.get(name) is not None]
    if len(given) > 1:
        raise InvalidItem("ambiguous", given[1], f"Only one of {', '.join(AUDIENCES)} is taken")
    for name in given:
        _check_audience(name, body[name])
    return Message(
        channel="broadcast",
        id=str(serial),
        broadcast=broadcast,
        to=given[0] if given else "",
        data=reading.optional_object(body.get("data"), "data"),
    )


_KINDS: Final = ("id", "email", "cio_id")


def _check_audience(name: str, audience: object) -> None:
    if name == "recipients" and not reading.an_object(audience, name):
        raise InvalidItem("invalid", name, "empty recipients filter is not valid")
    if name == "data_file_url":
        reading.text(audience, name)
    elif name != "recipients" and len(reading.a_list(audience, name)) > MAX_AUDIENCE:
        raise InvalidItem("too_long", name, f"{name} must be at most {MAX_AUDIENCE} items")


def _check_attachments(files: Mapping[str, Any]) -> None:
    total = 0
    for name, content in files.items():
        try:
            total += len(base64.b64decode(cast("str", content), validate=True))
        except (TypeError, ValueError, binascii.Error):
            wrong = f'Attachment must be base64 encoded: "{name}"'
            raise InvalidItem("invalid", "attachments", wrong) from None
    if total >= MAX_ATTACHMENTS:
        raise TooLarge("too_large", "attachments", "Total attachment size exceeds the limit")
