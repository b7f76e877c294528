"""Messages to one person, by template: push, SMS, WhatsApp, in-app, inbox (e-mail: emails.py).

They go to the App API, one request each. Customer.io knows no idempotency key for them: a second
request is a second message, so a send is repeated only on proof that the first did nothing, and
an outbox keeps one that may have arrived aside as ``maybe_delivered``.
Follows https://docs.customer.io/integrations/api/app/
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from ferryman._core.encode import encode_object
from ferryman._core.message import Operation
from ferryman._core.person import PersonId
from ferryman.errors import InvalidOperation

from . import _send
from ._send import Delivery, TemplateId, Words


def send_push(
    person: PersonId,
    /,
    *,
    transactional_message_id: TemplateId,
    to: str = "all",
    title: str | None = None,
    message: str | None = None,
    image_url: str | None = None,
    link: str | None = None,
    sound: Literal["default", "none"] | None = None,
    custom_data: Mapping[str, object] | None = None,
    custom_device: Mapping[str, object] | None = None,
    custom_payload: Mapping[str, object] | None = None,
    message_data: Words | None = None,
    send_at: datetime | None = None,
    language: str | None = None,
    send_to_unsubscribed: bool | None = None,
    disable_message_retention: bool | None = None,
    queue_draft: bool | None = None,
    auto_create: bool | None = None,
) -> Operation[Delivery]:
    """Send a push notification to the devices of *person* (an id, Email or CioId).

    *to* is ``"all"``, ``"last_used"`` or the token of a device. *custom_device* (``token``,
    ``platform``) adds one; *custom_payload* maps ``"ios"`` and ``"android"`` to a payload in
    place of the template's. The other arguments, answer and errors are those of
    :func:`~ferryman.operations.send_email`.

    https://docs.customer.io/integrations/api/app/#operation/sendPush
    """
    if sound not in (None, "default", "none"):
        raise InvalidOperation("must be 'default' or 'none'", field="sound")
    _check_device(custom_device)
    given = {
        "custom_data": custom_data,
        "custom_device": custom_device,
        "custom_payload": custom_payload,
    }
    return _send.send(
        "send_push",
        person,
        _send.required(transactional_message_id),
        {
            "to": to,
            "title": title,
            "message": message,
            "image_url": image_url,
            "link": link,
            "sound": sound,
            "language": language,
        },
        words=message_data,
        send_at=send_at,
        flags={
            "send_to_unsubscribed": send_to_unsubscribed,
            "disable_message_retention": disable_message_retention,
            "queue_draft": queue_draft,
            "auto_create": auto_create,
        },
        more=[
            (name, encode_object(value, "app", at=name))
            for name, value in given.items()
            if value is not None
        ],
    )


def _check_device(device: Mapping[str, object] | None) -> None:
    if device is None or not isinstance(device, Mapping):
        return  # the encoder says what is no mapping
    for name in ("token", "platform"):
        if not device.get(name):
            raise InvalidOperation("must be given", field=f"custom_device.{name}")
    if device["platform"] not in ("ios", "android"):
        raise InvalidOperation("must be 'ios' or 'android'", field="custom_device.platform")


def send_sms(
    person: PersonId,
    /,
    *,
    transactional_message_id: TemplateId,
    to: str,
    from_: str | None = None,
    message_data: Words | None = None,
    send_at: datetime | None = None,
    language: str | None = None,
    tracked: bool | None = None,
    send_to_unsubscribed: bool | None = None,
    disable_message_retention: bool | None = None,
    queue_draft: bool | None = None,
    auto_create: bool | None = None,
) -> Operation[Delivery]:
    """Send an SMS to *person* (an id, Email or CioId).

    *to* is a phone number (``+491701234567``) or Liquid (``{{customer.phone}}``). The other
    arguments, answer and errors are those of :func:`~ferryman.operations.send_email`.

    https://docs.customer.io/integrations/api/app/#operation/sendSms
    """
    return _send.send(
        "send_sms",
        person,
        _send.required(transactional_message_id),
        {"to": to, "from": from_, "language": language},
        words=message_data,
        send_at=send_at,
        flags={
            "tracked": tracked,
            "send_to_unsubscribed": send_to_unsubscribed,
            "disable_message_retention": disable_message_retention,
            "queue_draft": queue_draft,
            "auto_create": auto_create,
        },
    )


def send_whatsapp(
    person: PersonId,
    /,
    *,
    transactional_message_id: TemplateId,
    to: str,
    from_: str | None = None,
    message_data: Words | None = None,
    send_at: datetime | None = None,
    language: str | None = None,
    tracked: bool | None = None,
    send_to_unsubscribed: bool | None = None,
    disable_message_retention: bool | None = None,
    queue_draft: bool | None = None,
    auto_create: bool | None = None,
) -> Operation[Delivery]:
    """Send a WhatsApp message to *person* (an id, Email or CioId).

    *to* is a phone number or Liquid, as of :func:`send_sms`; the other arguments, answer and
    errors are those of :func:`~ferryman.operations.send_email`.

    https://docs.customer.io/integrations/api/app/#operation/sendWhatsApp
    """
    return _send.send(
        "send_whatsapp",
        person,
        _send.required(transactional_message_id),
        {"to": to, "from": from_, "language": language},
        words=message_data,
        send_at=send_at,
        flags={
            "tracked": tracked,
            "send_to_unsubscribed": send_to_unsubscribed,
            "disable_message_retention": disable_message_retention,
            "queue_draft": queue_draft,
            "auto_create": auto_create,
        },
    )


def send_in_app(
    person: PersonId,
    /,
    *,
    transactional_message_id: TemplateId,
    message_data: Words | None = None,
    send_at: datetime | None = None,
    language: str | None = None,
    send_to_unsubscribed: bool | None = None,
    disable_message_retention: bool | None = None,
    queue_draft: bool | None = None,
    auto_create: bool | None = None,
) -> Operation[Delivery]:
    """Show *person* (an id, Email or CioId) a message in your application.

    The arguments, answer and errors are those of :func:`~ferryman.operations.send_email`.

    https://docs.customer.io/integrations/api/app/#operation/sendInApp
    """
    return _send.send(
        "send_in_app",
        person,
        _send.required(transactional_message_id),
        {"language": language},
        words=message_data,
        send_at=send_at,
        flags={
            "send_to_unsubscribed": send_to_unsubscribed,
            "disable_message_retention": disable_message_retention,
            "queue_draft": queue_draft,
            "auto_create": auto_create,
        },
    )


def send_inbox_message(
    person: PersonId,
    /,
    *,
    transactional_message_id: TemplateId,
    to: str | None = None,
    message_data: Words | None = None,
    send_at: datetime | None = None,
    language: str | None = None,
    send_to_unsubscribed: bool | None = None,
    disable_message_retention: bool | None = None,
    queue_draft: bool | None = None,
    auto_create: bool | None = None,
) -> Operation[Delivery]:
    """Put a message into the notification inbox of *person* (an id, Email or CioId).

    The arguments, answer and errors are those of :func:`~ferryman.operations.send_email`.

    https://docs.customer.io/integrations/api/app/#operation/sendInboxMessage
    """
    return _send.send(
        "send_inbox_message",
        person,
        _send.required(transactional_message_id),
        {"to": to, "language": language},
        words=message_data,
        send_at=send_at,
        flags={
            "send_to_unsubscribed": send_to_unsubscribed,
            "disable_message_retention": disable_message_retention,
            "queue_draft": queue_draft,
            "auto_create": auto_create,
        },
    )
