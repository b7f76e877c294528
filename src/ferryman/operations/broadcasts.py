"""API-triggered broadcasts: one message to many people, who must exist already.

Follows https://docs.customer.io/integrations/api/app/#operation/triggerBroadcast
"""

from collections.abc import Mapping, Sequence
from typing import cast

import msgspec

from ferryman._core.encode import encode_object
from ferryman._core.message import Operation
from ferryman._core.person import Email, PersonId, quoted, who
from ferryman.errors import InvalidOperation

from ._item import sized, text
from ._send import MAX_BODY, Words, encoded, joined, members_of, switch
from .catalogue import CATALOGUE

MAX_AUDIENCE = 10_000
# Customer.io refuses a flag that does not concern the audience that is named.
_FLAGS = {
    "recipients": (),
    "ids": ("id_ignore_missing",),
    "emails": ("email_ignore_missing", "email_add_duplicates"),
}


class BroadcastTrigger(msgspec.Struct, frozen=True):
    """A broadcast that was triggered: ``id`` is the number of the trigger, 0 in mode ``off``."""

    id: int


def trigger_broadcast(
    broadcast_id: int,
    /,
    *,
    data: Words | None = None,
    recipients: Mapping[str, object] | None = None,
    emails: Sequence[str] | None = None,
    ids: Sequence[str | int] | None = None,
    per_user_data: Mapping[PersonId, Words] | None = None,
    data_file_url: str | None = None,
    id_ignore_missing: bool | None = None,
    email_ignore_missing: bool | None = None,
    email_add_duplicates: bool | None = None,
) -> Operation[BroadcastTrigger]:
    """Send the broadcast *broadcast_id* to its default audience, or to the one given.

    At most one audience: *recipients* is a filter (``{"segment": {"id": 7}}``), *emails* and
    *ids* list people, *per_user_data* maps ids or Email to what the template may use for each
    (10,000 at most each), *data_file_url* names a file of such lines. *data* is for everybody.
    A broadcast may be triggered once in ten seconds.

    Returns a :class:`BroadcastTrigger`. It is not repeated blindly: everybody may be sent it
    twice. Raises InvalidOperation naming the field and the rule.

    https://docs.customer.io/integrations/api/app/#operation/triggerBroadcast
    """
    if type(broadcast_id) is not int or not 0 < broadcast_id < 2**53:
        raise InvalidOperation("must be the number of a broadcast", field="broadcast_id")
    audiences = {
        "recipients": None if recipients is None else _filter(recipients),
        "emails": None if emails is None else _people(emails, "email", at="emails"),
        "ids": None if ids is None else _people(ids, "id", at="ids"),
        "per_user_data": None if per_user_data is None else _each(per_user_data),
        "data_file_url": None
        if data_file_url is None
        else quoted(text(data_file_url, at="data_file_url")),
    }
    chosen = [(name, value) for name, value in audiences.items() if value is not None]
    if len(chosen) > 1:
        names = " or ".join(name for name, _ in chosen)
        raise InvalidOperation(f"must be one audience: {names}", field=chosen[1][0])
    flags = {
        "id_ignore_missing": id_ignore_missing,
        "email_ignore_missing": email_ignore_missing,
        "email_add_duplicates": email_add_duplicates,
    }
    members = chosen if data is None else [("data", encoded(data, at="data")), *chosen]
    for name, on in flags.items():
        if on is None:
            continue
        if chosen and name not in _FLAGS.get(chosen[0][0], flags):
            raise InvalidOperation(f"does not go with {chosen[0][0]}", field=name)
        members = [*members, (name, switch(on, at=name))]
    endpoint = CATALOGUE["trigger_broadcast"]
    return Operation(
        endpoint,
        f"b:{broadcast_id}",
        sized(joined(members), endpoint.name, limit=MAX_BODY),
        endpoint.path.format(broadcast_id=broadcast_id),
        read=_read,
    )


def _filter(recipients: Mapping[str, object]) -> bytes:
    if not recipients:
        raise InvalidOperation("must not be empty", field="recipients")
    return encode_object(recipients, "app", at="recipients")


def _people(listed: Sequence[str | int], kind: str, *, at: str) -> bytes:
    if isinstance(listed, str | bytes) or not isinstance(listed, Sequence):
        raise InvalidOperation("must be a list", field=at)
    _count(len(listed), at=at)
    if kind == "id":
        parts = [quoted(who(one, at=f"{at}[{n}]").value) for n, one in enumerate(listed)]
    else:
        parts = [quoted(_email(one, at=f"{at}[{n}]")) for n, one in enumerate(listed)]
    return b"[" + b",".join(parts) + b"]"


def _email(given: object, *, at: str) -> str:
    found = given if isinstance(given, Email) else Email(cast("str", given))
    return who(found, at=at).value


def _each(people: Mapping[PersonId, Words]) -> bytes:
    if not isinstance(people, Mapping):
        rule = f"must be a mapping, not {type(people).__name__}"
        raise InvalidOperation(rule, field="per_user_data")
    _count(len(people), at="per_user_data")
    parts: list[bytes] = []
    for index, (person, words) in enumerate(people.items()):
        at = f"per_user_data[{index}]"
        whom = who(person, at=at)
        if whom.kind not in ("id", "email"):
            raise InvalidOperation("must be an id or Email", field=at)
        parts.append(b'%b,"data":%b}' % (whom.json[:-1], encoded(words, at=at)))
    return b"[" + b",".join(parts) + b"]"


def _count(count: int, *, at: str) -> None:
    if not 1 <= count <= MAX_AUDIENCE:
        raise InvalidOperation(f"must be 1 to {MAX_AUDIENCE:,}", field=at)


def _read(body: bytes) -> BroadcastTrigger:
    number = members_of(body).get("id")
    return BroadcastTrigger(number if type(number) is int else 0)
