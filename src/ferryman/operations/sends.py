"""Messages to one person, by template: e-mail, push, SMS, WhatsApp, in-app, inbox.

They go to the App API, one request each. Customer.io knows no idempotency key for them: a second
request is a second message, so a send is repeated only on proof that the first did nothing, and
an outbox keeps one that may have arrived aside as ``maybe_delivered``.
Follows https://docs.customer.io/integrations/api/app/
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from ferryman._core.encode import encode_object
from ferryman._core.message import Operation
from ferryman._core.person import PersonId
from ferryman.errors import InvalidOperation

from . import _send
from ._send import Delivery, TemplateId, Words

__all__ = [
    "Delivery",
    "TemplateId",
    "Words",
    "send_email",
    "send_in_app",
    "send_inbox_message",
    "send_push",
    "send_sms",
    "send_whatsapp",
]


def send_email(
    person: PersonId,
    /,
    *,
    to: str | Sequence[str],
    transactional_message_id: TemplateId | None = None,
    subject: str | None = None,
    body: str | None = None,
    from_: str | None = None,
    reply_to: str | None = None,
    cc: str | Sequence[str] | None = None,
    bcc: str | Sequence[str] | None = None,
    fake_bcc: bool | None = None,
    preheader: str | None = None,
    body_plain: str | None = None,
    body_amp: str | None = None,
    headers: Mapping[str, str] | None = None,
    attachments: Mapping[str, bytes] | None = None,
    message_data: Words | None = None,
    send_at: datetime | None = None,
    language: str | None = None,
    tracked: bool | None = None,
    send_to_unsubscribed: bool | None = None,
    disable_message_retention: bool | None = None,
    disable_css_preprocessing: bool | None = None,
    queue_draft: bool | None = None,
    auto_create: bool | None = None,
) -> Operation[Delivery]:
    """Send an e-mail to *person* (an id, Email or CioId).

    *transactional_message_id* is the number or trigger name of a template; without it *subject*,
    *body* and *from_* must be given. *to*, *cc* and *bcc* are at most 15 addresses in all.
    *attachments* maps file names to bytes, less than 2 MB together; *message_data* is an
    instance of a :class:`MessageData` class or a mapping; *send_at* is an aware datetime up to
    90 days ahead. What you leave out is as the template says.

    Returns a :class:`Delivery`. It is not repeated blindly: it may be sent twice. Raises
    InvalidOperation naming the field and the rule.

    https://docs.customer.io/integrations/api/app/#operation/sendEmail
    """
    if transactional_message_id is None:
        for field, value in (("subject", subject), ("body", body), ("from_", from_)):
            if value is None:
                rule = "must be given where there is no transactional_message_id"
                raise InvalidOperation(rule, field=field)
    more: list[tuple[str, bytes]] = []
    if attachments is not None:
        more.append(("attachments", _send.attachments(attachments)))
    return _send.send(
        "send_email",
        person,
        transactional_message_id,
        {
            **_send.addresses({"to": to, "cc": cc, "bcc": bcc}),
            "from": from_,
            "reply_to": reply_to,
            "subject": subject,
            "preheader": preheader,
            "body": body,
            "body_plain": body_plain,
            "body_amp": body_amp,
            "headers": None if headers is None else _send.headers(headers),
            "language": language,
        },
        words=message_data,
        send_at=send_at,
        flags={
            "fake_bcc": fake_bcc,
            "tracked": tracked,
            "send_to_unsubscribed": send_to_unsubscribed,
            "disable_message_retention": disable_message_retention,
            "disable_css_preprocessing": disable_css_preprocessing,
            "queue_draft": queue_draft,
            "auto_create": auto_create,
        },
        more=more,
    )


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
    :func:`send_email`.

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
    arguments, answer and errors are those of :func:`send_email`.

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
    errors are those of :func:`send_email`.

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

    The arguments, answer and errors are those of :func:`send_email`.

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

    The arguments, answer and errors are those of :func:`send_email`.

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
