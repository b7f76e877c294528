"""The e-mail to one person: by template, or with its own subject and body.

What holds of every message, that it is not repeated blindly, is said in sends.py.
Follows https://docs.customer.io/integrations/api/app/
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from ferryman._core.message import Operation
from ferryman._core.person import PersonId
from ferryman.errors import InvalidOperation

from . import _send
from ._send import Delivery, TemplateId, Words


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
