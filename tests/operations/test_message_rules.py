"""What of Pipelines and of sends can only be a mistake is refused at the call, by its field."""

from datetime import datetime
from typing import Any

import pytest

from ferryman import Anonymous, CioId, Email, InvalidOperation, MessageData, Object, ObjectId, Phone
from ferryman import operations as say
from ferryman.operations import pipelines
from ferryman.operations.broadcasts import MAX_AUDIENCE
from ferryman.operations.pipelines.calls import SAID_OTHERWISE


class Company(Object, object_type="2"):
    seats: int


class Reset(MessageData):
    link: str


ACME = ObjectId("1", "acme")
SMS: dict[str, Any] = {"transactional_message_id": 7, "to": "+491701234567"}
MAIL: dict[str, Any] = {"to": "a@x.io", "transactional_message_id": 7}
WRONG: list[tuple[Any, tuple[Any, ...], dict[str, Any], str]] = [
    (pipelines.track, (Email("a@x.io"), "x"), {}, "person"),
    (pipelines.identify, (CioId("c1"),), {}, "person"),
    (pipelines.page, (Phone("+491701234567"), "x"), {}, "person"),
    (pipelines.delete, (Anonymous("a1"),), {}, "person"),
    (pipelines.alias, (Anonymous("a1"), "1"), {}, "person"),
    (pipelines.alias, ("1", Email("a@x.io")), {}, "previous"),
    (pipelines.track, ("1", ""), {}, "event"),
    (pipelines.track, ("1", "x" * 101), {}, "event"),
    (pipelines.track, ("1", 5), {}, "event"),
    (pipelines.track, ("1", "x"), {"id": "not a ulid"}, "id"),
    (pipelines.track, ("1", "x"), {"timestamp": datetime(2026, 1, 1)}, "timestamp"),  # noqa: DTZ001 - naive on purpose
    (pipelines.track, ("1", "x"), {"data": {"a": object()}}, "data.a"),
    (pipelines.track, ("1", "x"), {"context": [1]}, "context"),
    (pipelines.track, ("1", "x"), {"integrations": {"All": "no"}}, "integrations.All"),
    (pipelines.identify, ("1", [1]), {}, "traits"),
    (pipelines.identify, ("1",), {"anonymous": "a1"}, "anonymous"),
    (pipelines.identify, (Anonymous("a"),), {"anonymous": Anonymous("b")}, "anonymous"),
    (pipelines.group, ("1", "acme"), {}, "object"),
    (pipelines.group, ("1", ACME, Company(seats=1)), {}, "traits"),
    (pipelines.group, ("1", ACME, {"object_type_id": "2"}), {}, "traits.object_type_id"),
    (pipelines.group, ("1", ACME, [1]), {}, "traits"),
    (pipelines.delete_object, (ObjectId("0", "acme"),), {}, "object.type_id"),
    (pipelines.add_device, ("1", "t"), {"platform": "palm"}, "platform"),
    (pipelines.report_delivery, ("d", "bounced"), {}, "metric"),
    (say.send_email, (Anonymous("a1"),), MAIL, "person"),
    (say.send_email, (Phone("+491701234567"),), MAIL, "person"),
    (say.send_email, ("1",), {"to": "a@x.io"}, "subject"),
    (say.send_email, ("1",), {"to": "a@x.io", "subject": "s", "body": "b"}, "from_"),
    (say.send_email, ("1",), {**MAIL, "to": ""}, "to"),
    (say.send_email, ("1",), {**MAIL, "to": []}, "to"),
    (say.send_email, ("1",), {**MAIL, "to": ["a@x.io"] * 14, "bcc": "b@x.io, c@x.io"}, "to"),
    (say.send_email, ("1",), {**MAIL, "from_": " "}, "from_"),
    (say.send_email, ("1",), {**MAIL, "tracked": 1}, "tracked"),
    (say.send_email, ("1",), {**MAIL, "headers": {"X Tag": "a"}}, "headers"),
    (say.send_email, ("1",), {**MAIL, "headers": {"X": "a\r\nBcc: b@x.io"}}, "headers"),
    (say.send_email, ("1",), {**MAIL, "headers": {"X": "ä"}}, "headers"),
    (say.send_email, ("1",), {**MAIL, "attachments": {"a.txt": "text"}}, "attachments"),
    (say.send_email, ("1",), {**MAIL, "attachments": {"": b"x"}}, "attachments"),
    (
        say.send_email,
        ("1",),
        {**MAIL, "attachments": {"a": b"x" * 10**6, "b": b"x" * 10**6}},
        "attachments",
    ),
    (say.send_email, ("1",), {**MAIL, "send_at": datetime(2026, 1, 1)}, "send_at"),  # noqa: DTZ001 - naive on purpose
    (say.send_email, ("1",), {**MAIL, "send_at": 5}, "send_at"),
    (say.send_email, ("1",), {**MAIL, "message_data": {"a": float("nan")}}, "message_data.a"),
    (say.send_email, ("1",), {**MAIL, "message_data": Reset(link=5)}, "reset.link"),  # type: ignore[arg-type]  # wrong on purpose
    (say.send_email, ("1",), {**MAIL, "transactional_message_id": 0}, "transactional_message_id"),
    (say.send_email, ("1",), {**MAIL, "transactional_message_id": ""}, "transactional_message_id"),
    (
        say.send_sms,
        ("1",),
        {**SMS, "to": None, "transactional_message_id": None},
        "transactional_message_id",
    ),
    (say.send_push, ("1",), {**SMS, "sound": "loud"}, "sound"),
    (say.send_push, ("1",), {**SMS, "custom_device": {"token": "t"}}, "custom_device.platform"),
    (say.trigger_broadcast, (0,), {}, "broadcast_id"),
    (say.trigger_broadcast, ("3/..",), {}, "broadcast_id"),
    (say.trigger_broadcast, (3,), {"ids": ["1"], "emails": ["a@x.io"]}, "ids"),
    (say.trigger_broadcast, (3,), {"ids": []}, "ids"),
    (say.trigger_broadcast, (3,), {"ids": "12"}, "ids"),
    (say.trigger_broadcast, (3,), {"ids": ["1"] * (MAX_AUDIENCE + 1)}, "ids"),
    (say.trigger_broadcast, (3,), {"emails": ["nobody"]}, "emails[0]"),
    (say.trigger_broadcast, (3,), {"recipients": {}}, "recipients"),
    (say.trigger_broadcast, (3,), {"per_user_data": {CioId("c1"): {}}}, "per_user_data[0]"),
    (say.trigger_broadcast, (3,), {"per_user_data": [{"id": "1"}]}, "per_user_data"),
    (
        say.trigger_broadcast,
        (3,),
        {"ids": ["1"], "email_ignore_missing": True},
        "email_ignore_missing",
    ),
    (
        say.trigger_broadcast,
        (3,),
        {"recipients": {"segment": {"id": 1}}, "id_ignore_missing": True},
        "id_ignore_missing",
    ),
]


@pytest.mark.parametrize(("function", "args", "named", "field"), WRONG)
def test_what_cannot_be_is_refused_by_its_field(
    function: Any, args: tuple[Any, ...], named: dict[str, Any], field: str
) -> None:
    """The error names the argument as the caller spelt it, and quotes no value."""
    with pytest.raises(InvalidOperation) as raised:
        function(*args, **named)

    assert raised.value.field == field
    assert "x.io" not in str(raised.value)


@pytest.mark.parametrize("name", sorted(SAID_OTHERWISE))
def test_an_event_that_means_something_else_names_its_function(name: str) -> None:
    """Nobody is deleted by an event's name: the function that says so is named, and exists."""
    with pytest.raises(InvalidOperation, match=rf"pipelines\.{SAID_OTHERWISE[name]}\b"):
        pipelines.track("1", name)

    assert SAID_OTHERWISE[name] in pipelines.__all__


@pytest.mark.parametrize(("size", "fits"), [(0, True), (1, False)])
def test_a_message_is_sized_with_its_stamp(size: int, fits: bool) -> None:
    """A message of 32,768 bytes, its stamp included, is taken, and one byte more is not."""
    empty = pipelines.track("1", "x", data={"d": ""}).stamped("0" * 26, 1)
    data = {"d": "x" * (32_768 - len(empty.body or b"") + size)}

    if fits:
        made = pipelines.track("1", "x", data=data).stamped("0" * 26, 253_402_300_799)
        assert len(made.body or b"") == 32_768
    else:
        with pytest.raises(InvalidOperation, match="32,769"):
            pipelines.track("1", "x", data=data)


def test_attachments_make_a_send_larger_than_an_item() -> None:
    """Just below 2 MB of attachments are taken, whatever an item of Track may weigh."""
    made = say.send_email("1", attachments={"a.bin": b"x" * 1_999_999}, **MAIL)

    assert len(made.body or b"") > 2_600_000


def test_fifteen_recipients_are_taken() -> None:
    """Commas within a quoted name part no addresses."""
    made = say.send_email("1", **{**MAIL, "to": ['"Doe, Jane" <a@x.io>'] * 15})

    assert (made.body or b"").count(b"Doe") == 15


def test_a_broadcast_of_ten_thousand_is_taken() -> None:
    """The largest audience fits into a request."""
    made = say.trigger_broadcast(3, ids=["x" * 150] * MAX_AUDIENCE)

    assert made.key == "b:3"
