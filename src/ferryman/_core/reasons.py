"""What may be said of a refusal in the text of an error: Customer.io's reason, in fixed words.

An answer can quote what was sent, even where a field's name belongs. So a reason stands in a
text only when each of its words is one of those listed here; the whole is in ``Detail``. Pure.
"""

import re
from collections.abc import Sequence

from ferryman.errors import Detail

FIELDS = frozenset(
    """
    type identifiers id email phone cio_id anonymous_id action name timestamp attributes data
    device token platform last_used event cio_relationships relationship_attributes primary
    secondary device_id object_type_id object_id cio_object_id device_token delivery_id metric
    recipient reason href ids batch form_id unsubscribe segment_id id_type
    userId anonymousId messageId previousId groupId traits properties context integrations
    to from subject body bcc transactional_message_id message_data recipients attachments headers
    """.split()  # noqa: SIM905 - a literal would be a page of one word a line
)
"""The names of our own wire."""

_WORDS = frozenset(
    """
    a all already an and any are as at be bearer because been both but by bytes can cannot
    characters conflict credentials customer date does duplicate each empty entity error exactly
    exceed exceeded exceeds exist exists expected fail failed field fields for format forbidden
    found has have hold holds in incorrect integer internal invalid is it item items json key
    large larger least length limit list long longer malformed many match maximum may minimum
    missing more most must neither no not null number object objects of on one only or out
    parameter parse path payload permitted person provided range rate request required same
    server short size specified string supported than that the this time too two unauthorized
    unexpected unknown unprocessable unsupported valid value values was were with without wrong
    """.split()  # noqa: SIM905 - a literal would be a page of one word a line
)
_WORD = re.compile(r"[A-Za-z_]+")
_PLAIN = re.compile(r"[A-Za-z_ .,:;()-]{1,200}")
_TOLD = 3


def told(details: Sequence[Detail]) -> str:
    """Return what *details* say in fixed words, such as ``attributes: is invalid``; "" for none."""
    found = list(dict.fromkeys(said for each in details if (said := _one(each))))
    more = f"; and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
    return "; ".join(found[:_TOLD]) + more


def _one(detail: Detail) -> str:
    field = detail.field.removeprefix("/").replace("/", ".")
    if not set(field.split(".")) <= FIELDS:
        field = ""
    why = next((text for text in (detail.message, detail.reason) if _is_plain(text)), "")
    if not field or why.startswith(f"{field} "):
        return why
    return f"{field}: {why}" if why else f"field: {field}"


def _is_plain(text: str) -> bool:
    words = _WORD.findall(text)
    return bool(words and _PLAIN.fullmatch(text)) and all(
        word in FIELDS or set(word.lower().split("_")) <= _WORDS for word in words
    )
