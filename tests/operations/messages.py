"""The table of what goes to Pipelines and to the App API, each with its exact body."""

import operator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ferryman import (
    Anonymous,
    CioId,
    Email,
    Event,
    MessageData,
    Object,
    ObjectId,
    Person,
    operations,
)
from ferryman._core.message import Operation

AT = datetime(2026, 3, 1, 12, 0, 0, 500_000, UTC)
SECONDS = int(AT.timestamp())
ULID, OWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01J00000000000000000000001"
STAMPED_AT = 1_700_000_000
STAMP = {"messageId": ULID, "timestamp": "2023-11-14T22:13:20Z"}


class Ordered(Event):
    total: Decimal
    at: datetime


class Shopper(Person):
    plan: str


class Company(Object, object_type="1"):
    seats: int


class Reset(MessageData):
    link: str


@dataclass(frozen=True)
class Said:
    """One call, and what it puts on the wire when stamped with ULID, STAMPED_AT."""

    name: str
    args: tuple[Any, ...]
    body: dict[str, Any]
    key: str
    named: dict[str, Any] = field(default_factory=dict)
    barrier: bool = False
    path: str = ""

    def make(self) -> Operation[Any]:
        """Say it."""
        return operator.attrgetter(self.name)(operations)(*self.args, **self.named)  # type: ignore[no-any-return]  # Any by its source

    def __str__(self) -> str:
        return f"{self.name}-{self.key}-{len(self.named)}"


def pipelines(
    name: str,
    args: tuple[Any, ...],
    body: dict[str, Any],
    key: str = "i:1",
    /,
    *,
    barrier: bool = False,
    **named: Any,
) -> Said:
    kind = name if name in ("identify", "page", "screen", "group", "alias") else "track"
    whole = {"type": kind, **body, **{k: v for k, v in STAMP.items() if k not in body}}
    return Said(f"pipelines.{name}", args, whole, key, named, barrier, f"/v1/{kind}")


def semantic(event: str, whom: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {**({"userId": "1"} if whom is None else whom), "event": event, **more}


ACME = ObjectId("1", "acme")
DEVICE = {"device": {"token": "token", "type": "ios"}}
NAMED = {"objectId": "acme", "objectTypeId": 1}
MESSAGES = [
    pipelines("identify", ("1",), {"userId": "1", "traits": {}}),
    pipelines(
        "identify",
        (1, {"plan": "pro", "old": None, "since": AT}),
        {
            "userId": "1",
            "traits": {"plan": "pro", "old": None, "since": "2026-03-01T12:00:00.500Z"},
            "context": {"ip": "192.0.2.1"},
            "integrations": {"All": False, "Mixpanel": True},
            "messageId": OWN,
            "timestamp": "2026-03-01T12:00:00Z",
        },
        context={"ip": "192.0.2.1"},
        integrations={"All": False, "Mixpanel": True},
        id=OWN,
        timestamp=AT,
    ),
    pipelines(
        "identify",
        ("1", Shopper(plan="pro")),
        {"userId": "1", "anonymousId": "a1", "traits": {"plan": "pro"}},
        barrier=True,
        anonymous=Anonymous("a1"),
    ),
    pipelines(
        "identify",
        ("1", {"email": "j@x.io"}),
        {"userId": "1", "traits": {"email": "j@x.io"}},
        barrier=True,
    ),
    pipelines("identify", (Anonymous("a1"),), {"anonymousId": "a1", "traits": {}}, "a:a1"),
    pipelines("track", ("1", "paid"), {"userId": "1", "event": "paid", "properties": {}}),
    pipelines(
        "track",
        (Anonymous("a1"), "paid"),
        {
            "anonymousId": "a1",
            "event": "paid",
            "properties": {"n": None, "at": "2026-03-01T12:00:00.500Z"},
        },
        "a:a1",
        data={"n": None, "at": AT},
    ),
    pipelines(
        "track",
        ("1", Ordered(total=Decimal("9.90"), at=AT)),
        {
            "userId": "1",
            "event": "ordered",
            "properties": {"total": 9.9, "at": "2026-03-01T12:00:00.500Z"},
        },
    ),
    pipelines(
        "page",
        ("1", "/pricing"),
        {"userId": "1", "name": "/pricing", "properties": {"url": "https://x"}},
        data={"url": "https://x"},
    ),
    pipelines(
        "screen",
        (Anonymous("a1"), "Home"),
        {"anonymousId": "a1", "name": "Home", "properties": {}},
        "a:a1",
    ),
    pipelines(
        "group",
        ("1", ACME),
        {"userId": "1", "groupId": "acme", "traits": {"object_type_id": "1"}},
    ),
    pipelines(
        "group",
        ("1", ACME, Company(seats=50)),
        {
            "userId": "1",
            "groupId": "acme",
            "traits": {
                "object_type_id": "1",
                "relationshipAttributes": {"role": "admin"},
                "seats": 50,
            },
        },
        relationship={"role": "admin"},
    ),
    pipelines("alias", ("1", Anonymous("a1")), {"userId": "1", "previousId": "a1"}),
    pipelines(
        "add_device",
        ("1", "token"),
        semantic("Device Created or Updated", properties={"v": "1.2"}, context=DEVICE),
        platform="ios",
        attributes={"v": "1.2"},
    ),
    pipelines(
        "delete_device",
        ("1", "token"),
        semantic("Device Deleted", context={"device": {"token": "token"}}),
    ),
    pipelines("suppress", ("1",), semantic("User Suppressed"), barrier=True),
    pipelines("unsuppress", ("1",), semantic("User Unsuppressed"), barrier=True),
    pipelines("delete", ("1",), semantic("User Deleted"), barrier=True),
    pipelines(
        "delete_relationship", ("1", ACME), semantic("Relationship Deleted", properties=NAMED)
    ),
    pipelines(
        "delete_object",
        (ACME,),
        semantic("Object Deleted", {"anonymousId": "acme"}, properties=NAMED),
        "o:1/acme",
        barrier=True,
    ),
    pipelines(
        "report_delivery",
        ("dlv", "clicked"),
        semantic(
            "Report Delivery Event",
            {},
            properties={
                "deliveryId": "dlv",
                "metric": "clicked",
                "actionValue": "yes",
                "href": "https://x",
            },
        ),
        "d:dlv",
        action_value="yes",
        href="https://x",
    ),
]


def send(
    name: str, args: tuple[Any, ...], body: dict[str, Any], key: str = "i:1", /, **named: Any
) -> Said:
    return Said(f"send_{name}", args, body, key, named, False, f"/v1/send/{name}")


def trigger(body: dict[str, Any], /, **named: Any) -> Said:
    return Said("trigger_broadcast", (3,), body, "b:3", named, False, "/v1/campaigns/3/triggers")


TO = "+491701234567"
TEMPLATE = {"transactional_message_id": 7, "identifiers": {"id": "1"}}
SENDS = [
    send(
        "email",
        (1,),
        {**TEMPLATE, "to": "a@x.io"},
        to="a@x.io",
        transactional_message_id=7,
    ),
    send(
        "email",
        (Email("J@x.io"),),
        {
            "identifiers": {"email": "J@x.io"},
            "to": '"Doe, Jane" <a@x.io>, b@x.io',
            "cc": "c@x.io",
            "bcc": "d@x.io",
            "from": "we@x.io",
            "reply_to": "r@x.io",
            "subject": "Hello",
            "preheader": "Hi",
            "body": "<p>Hello</p>",
            "body_plain": "Hello",
            "body_amp": "<html amp4email>",
            "headers": '[{"name": "X-Tag", "value": "a b"}]',
            "language": "de",
            "attachments": {"a.txt": "aGVsbG8="},
            "message_data": {"link": "https://x"},
            "send_at": SECONDS,
            "fake_bcc": True,
            "tracked": False,
            "send_to_unsubscribed": False,
            "disable_message_retention": True,
            "disable_css_preprocessing": True,
            "queue_draft": True,
            "auto_create": False,
        },
        "e:j@x.io",
        to=['"Doe, Jane" <a@x.io>', "b@x.io"],
        cc="c@x.io",
        bcc=["d@x.io"],
        from_="we@x.io",
        reply_to="r@x.io",
        subject="Hello",
        preheader="Hi",
        body="<p>Hello</p>",
        body_plain="Hello",
        body_amp="<html amp4email>",
        headers={"X-Tag": "a b"},
        language="de",
        attachments={"a.txt": b"hello"},
        message_data=Reset(link="https://x"),
        send_at=AT,
        fake_bcc=True,
        tracked=False,
        send_to_unsubscribed=False,
        disable_message_retention=True,
        disable_css_preprocessing=True,
        queue_draft=True,
        auto_create=False,
    ),
    send(
        "push",
        (CioId("c1"),),
        {
            "transactional_message_id": "welcome",
            "identifiers": {"cio_id": "c1"},
            "to": "all",
            "title": "Hello",
            "message": "There",
            "sound": "none",
            "custom_data": {"deep": 1},
            "custom_device": {"token": "t", "platform": "ios", "last_used": SECONDS},
            "message_data": {"a": 1},
        },
        "c:c1",
        transactional_message_id="welcome",
        title="Hello",
        message="There",
        sound="none",
        custom_data={"deep": 1},
        custom_device={"token": "t", "platform": "ios", "last_used": AT},
        message_data={"a": 1},
    ),
    send(
        "sms",
        (1,),
        {**TEMPLATE, "to": TO, "from": "+491700000000", "tracked": True},
        transactional_message_id=7,
        to=TO,
        from_="+491700000000",
        tracked=True,
    ),
    send("whatsapp", (1,), {**TEMPLATE, "to": TO}, transactional_message_id=7, to=TO),
    send(
        "in_app",
        (1,),
        {**TEMPLATE, "message_data": {"at": SECONDS}, "queue_draft": False},
        transactional_message_id=7,
        message_data={"at": AT},
        queue_draft=False,
    ),
    send("inbox_message", (1,), TEMPLATE, transactional_message_id=7),
    trigger({}),
    trigger(
        {
            "data": {"headline": "x"},
            "recipients": {"and": [{"segment": {"id": 7}}]},
        },
        data={"headline": "x"},
        recipients={"and": [{"segment": {"id": 7}}]},
    ),
    trigger({"ids": ["1", "2"], "id_ignore_missing": True}, ids=[1, "2"], id_ignore_missing=True),
    trigger(
        {"emails": ["j@x.io"], "email_add_duplicates": True},
        emails=["j@x.io"],
        email_add_duplicates=True,
    ),
    trigger(
        {
            "per_user_data": [
                {"id": "1", "data": {"link": "https://x"}},
                {"email": "j@x.io", "data": {"a": 1}},
            ],
            "email_ignore_missing": True,
            "id_ignore_missing": False,
        },
        per_user_data={"1": Reset(link="https://x"), Email("j@x.io"): {"a": 1}},
        email_ignore_missing=True,
        id_ignore_missing=False,
    ),
    trigger({"data_file_url": "https://x/f.json"}, data_file_url="https://x/f.json"),
]
EVERYTHING = [*MESSAGES, *SENDS]
