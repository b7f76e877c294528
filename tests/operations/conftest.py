"""The table of examples: everything that can be said, at least once, with its exact bytes."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ferryman import (
    Anonymous,
    CioId,
    CioObjectId,
    Email,
    Event,
    ObjectId,
    Person,
    Phone,
    operations,
)
from ferryman._core.message import Operation

AT = datetime(2026, 3, 1, 12, 0, 0, 999_999, UTC)
SECONDS = int(AT.timestamp())
ULID, OWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01J00000000000000000000001"
STAMPED_AT = 1_700_000_000


class SignedUp(Event):
    method: str


class Shopper(Person):
    plan: str


@dataclass(frozen=True)
class Example:
    """One call of an operation, and what it puts on the wire when stamped with ULID, STAMPED_AT."""

    name: str
    args: tuple[Any, ...]
    body: Any
    key: str
    path: str = ""
    named: dict[str, Any] = field(default_factory=dict)
    barrier: bool = False
    says: str = ""
    """The row of the catalogue, where it is not the function's own."""

    def make(self) -> Operation[Any]:
        """Say it."""
        return getattr(operations, self.name)(*self.args, **self.named)  # type: ignore[no-any-return]  # Any by its source

    def __str__(self) -> str:
        return f"{self.name}-{self.key}"


ONE = {"id": "1"}
EVENT_STAMP = {"id": ULID, "timestamp": STAMPED_AT}
OWN_STAMP = {"id": OWN, "timestamp": SECONDS}
ACME, WHO = ObjectId("1", "acme"), {"object_type_id": "1", "object_id": "acme"}


def person(action: str, identifiers: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    return {"type": "person", "identifiers": identifiers or ONE, "action": action, **more}


def thing(action: str, **more: Any) -> dict[str, Any]:
    return {"type": "object", "identifiers": WHO, "action": action, **more}


def related(*identifiers: dict[str, str], **attributes: Any) -> list[dict[str, Any]]:
    more = {"relationship_attributes": attributes} if attributes else {}
    return [{"identifiers": each, **more} for each in identifiers]


METRIC = {"delivery_id": "dlv", "metric": "bounced"}
EXAMPLES = [
    Example("track", ("1", "x"), person("event", name="x", attributes={}, **EVENT_STAMP), "i:1"),
    Example(
        "track",
        (Email("J@x.io"), "x"),
        person("event", {"email": "J@x.io"}, name="x", attributes={"a": 1.5}, **OWN_STAMP),
        "e:j@x.io",
        named={"data": {"a": Decimal("1.5")}, "id": OWN, "timestamp": AT},
    ),
    Example(
        "track",
        (CioId("c1"), SignedUp(method="google")),
        person(
            "event",
            {"cio_id": "c1"},
            name="signed_up",
            attributes={"method": "google"},
            **EVENT_STAMP,
        ),
        "c:c1",
    ),
    Example(
        "track",
        (Anonymous("a1"), "x"),
        {"type": "event", "name": "x", "anonymous_id": "a1", "data": {"n": None}, **EVENT_STAMP},
        "a:a1",
        "/api/v1/events",
        named={"data": {"n": None}},
        says="track_anonymous",
    ),
    Example(
        "page",
        (Phone("+491701234567"), "/pricing"),
        person(
            "page",
            {"phone": "+491701234567"},
            name="/pricing",
            attributes={"url": "https://x"},
            **EVENT_STAMP,
        ),
        "p:+491701234567",
        named={"data": {"url": "https://x"}},
    ),
    Example(
        "page",
        (Anonymous("a1"), "/pricing"),
        {"type": "page", "name": "/pricing", "anonymous_id": "a1", "data": {}, **OWN_STAMP},
        "a:a1",
        "/api/v1/events",
        named={"id": OWN, "timestamp": AT},
        says="track_anonymous",
    ),
    Example(
        "screen", ("1", "Home"), person("screen", name="Home", attributes={}, **EVENT_STAMP), "i:1"
    ),
    Example(
        "screen",
        (Anonymous("a1"), "Home"),
        {"type": "screen", "name": "Home", "anonymous_id": "a1", "data": {}, **EVENT_STAMP},
        "a:a1",
        "/api/v1/events",
        says="track_anonymous",
    ),
    Example(
        "invite",
        ("New@x.io", "invited"),
        {"name": "invited", "data": {"by": "Jane", "recipient": "New@x.io"}, **EVENT_STAMP},
        "r:new@x.io",
        "/api/v1/events",
        named={"data": {"by": "Jane"}},
    ),
    Example("identify", ("1",), person("identify", attributes={}, timestamp=STAMPED_AT), "i:1"),
    Example(
        "identify",
        (1, {"plan": "pro", "old": None, "at": AT}),
        person(
            "identify",
            attributes={"plan": "pro", "old": None, "at": SECONDS, "_update": True},
            cio_relationships=related(WHO, role="admin"),
            timestamp=SECONDS,
        ),
        "i:1",
        named={"update_only": True, "relationships_to": {ACME: {"role": "admin"}}, "timestamp": AT},
    ),
    Example(
        "identify",
        ("1", Shopper(plan="pro")),
        person("identify", attributes={"plan": "pro", "_update": True}, timestamp=STAMPED_AT),
        "i:1",
        named={"update_only": True},
    ),
    Example(
        "identify",
        ("1", {"email": "j@x.io"}),
        person("identify", attributes={"email": "j@x.io"}, timestamp=STAMPED_AT),
        "i:1",
        barrier=True,
    ),
    Example("delete", ("1",), person("delete"), "i:1", barrier=True),
    Example(
        "suppress",
        (Email("j@x.io"),),
        person("suppress", {"email": "j@x.io"}),
        "e:j@x.io",
        barrier=True,
    ),
    Example("unsuppress", ("1",), person("unsuppress"), "i:1", barrier=True),
    Example(
        "merge",
        ("1", Email("j@x.io")),
        {"type": "person", "action": "merge", "primary": ONE, "secondary": {"email": "j@x.io"}},
        "i:1",
        barrier=True,
    ),
    Example(
        "add_device",
        ("1", "token"),
        person(
            "add_device",
            device={
                "token": "token",
                "platform": "ios",
                "last_used": SECONDS,
                "attributes": {"app_version": "1.2"},
            },
        ),
        "i:1",
        named={"platform": "ios", "last_used": AT, "attributes": {"app_version": "1.2"}},
    ),
    Example(
        "add_device",
        ("1", "token"),
        person("add_device", device={"token": "token", "platform": "android"}),
        "i:1",
        named={"platform": "android"},
    ),
    Example(
        "delete_device", ("1", "token"), person("delete_device", device={"token": "token"}), "i:1"
    ),
    Example(
        "add_relationships",
        ("1", [ACME, CioObjectId("ob1")]),
        person("add_relationships", cio_relationships=related(WHO, {"cio_object_id": "ob1"})),
        "i:1",
    ),
    Example(
        "add_relationships",
        ("1", {ACME: {"role": "admin"}}),
        person("add_relationships", cio_relationships=related(WHO, role="admin")),
        "i:1",
    ),
    Example(
        "delete_relationships",
        ("1", [ACME]),
        person("delete_relationships", cio_relationships=related(WHO)),
        "i:1",
    ),
    Example("identify_object", (ACME,), thing("identify", attributes={}), "o:1/acme"),
    Example(
        "identify_object",
        (ACME, {"seats": 50, "old": None}),
        thing(
            "identify",
            attributes={"seats": 50, "old": None},
            cio_relationships=related(ONE, {"email": "j@x.io"}),
        ),
        "o:1/acme",
        named={"people": ["1", Email("j@x.io")]},
    ),
    Example(
        "identify_anonymous_object",
        (ACME, Anonymous("a1"), {"seats": 50}),
        thing(
            "identify_anonymous",
            attributes={"seats": 50},
            cio_relationships=related({"anonymous_id": "a1"}),
        ),
        "o:1/acme",
    ),
    Example("delete_object", (ACME,), thing("delete"), "o:1/acme", barrier=True),
    Example(
        "add_object_relationships",
        (ACME, {"1": {"role": "admin"}}),
        thing("add_relationships", cio_relationships=related(ONE, role="admin")),
        "o:1/acme",
    ),
    Example(
        "delete_object_relationships",
        (ACME, ["1", CioId("c1")]),
        thing("delete_relationships", cio_relationships=related(ONE, {"cio_id": "c1"})),
        "o:1/acme",
    ),
    Example(
        "report_push",
        ("dlv", "opened"),
        {
            "type": "delivery",
            "action": "event",
            "identifiers": {"id": "dlv"},
            "name": "opened",
            "attributes": {"device_token": "token"},
            "timestamp": SECONDS,
        },
        "d:dlv",
        named={"device_token": "token", "timestamp": AT},
    ),
    Example(
        "add_to_segment",
        (7, ["1", "2"]),
        {"ids": ["1", "2"]},
        "s:7",
        "/api/v1/segments/7/add_customers?id_type=id",
    ),
    Example(
        "remove_from_segment",
        ("7", [Email("j@x.io")]),
        {"ids": ["j@x.io"]},
        "s:7",
        "/api/v1/segments/7/remove_customers?id_type=email",
    ),
    Example(
        "submit_form",
        ("a form/..", Email("j@x.io"), {"name": "Jane"}),
        {"data": {"name": "Jane", "email": "j@x.io"}},
        "e:j@x.io",
        "/api/v1/forms/a%20form%2F../submit",
    ),
    Example(
        "report_metric",
        ("dlv", "delivered"),
        {"delivery_id": "dlv", "metric": "delivered"},
        "d:dlv",
    ),
    Example(
        "report_metric",
        ("dlv", "bounced"),
        {**METRIC, "timestamp": SECONDS, "recipient": "j@x.io", "reason": "full"},
        "d:dlv",
        named={"timestamp": AT, "recipient": "j@x.io", "reason": "full"},
    ),
    Example(
        "report_push_event",
        ("dlv", "opened"),
        {"delivery_id": "dlv", "event": "opened", "device_id": "token", "timestamp": SECONDS},
        "d:dlv",
        named={"device_token": "token", "timestamp": AT},
    ),
    Example("unsubscribe", ("d/v",), {"unsubscribe": True}, "d:d/v", "/unsubscribe/d%2Fv"),
    Example("region", (), None, ""),
]


@pytest.fixture(params=EXAMPLES, ids=str)
def example(request: pytest.FixtureRequest) -> Example:
    """Every example in turn."""
    return request.param  # type: ignore[no-any-return]  # Any by its source


@pytest.fixture
def examples() -> list[Example]:
    """All examples."""
    return EXAMPLES


@pytest.fixture
def stamp() -> tuple[str, int]:
    """The id and the Unix second with which the table's bodies are stamped."""
    return ULID, STAMPED_AT
