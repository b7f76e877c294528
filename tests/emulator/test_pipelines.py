"""Pipelines over HTTP: messages, semantic events, strict mode, limits."""

import json
from typing import Any

import httpx2
import pytest

STRICT = {"x-strict-mode": "1"}


def test_identify(pipelines: httpx2.Client, control: httpx2.Client) -> None:
    """Traits become attributes, createdAt the created_at in seconds, anonymousId an identifier."""
    body = {
        "userId": 42,
        "anonymousId": "w",
        "traits": {"email": "a@b", "plan": "pro", "createdAt": "2026-01-02T03:04:05Z"},
        "timestamp": "2026-05-01T00:00:00.123Z",
    }
    answer = pipelines.post("/v1/identify", json=body)
    held = control.get("/emulator/people/42").json()

    assert (answer.status_code, answer.content) == (200, b"{}\n")
    assert held["attributes"] == {
        "id": "42",
        "email": "a@b",
        "plan": "pro",
        "created_at": 1767323045,
    }
    assert held["identifiers"]["anonymous_ids"] == ["w"]


def test_identify_by_trait(pipelines: httpx2.Client, control: httpx2.Client) -> None:
    """Without a userId the e-mail among the traits identifies; an anonymous id makes nobody."""
    for body in (
        {"userId": "", "traits": {"email": "a@b"}},
        {"anonymousId": "w", "traits": {"plan": "pro"}},
    ):
        pipelines.post("/v1/identify", json=body, headers=STRICT).raise_for_status()

    assert [one["attributes"] for one in control.get("/emulator/people").json()["people"]] == [
        {"email": "a@b"}
    ]


@pytest.mark.parametrize("user", ["a@b", "1", "cio_"])
def test_user_id_by_shape(pipelines: httpx2.Client, control: httpx2.Client, user: str) -> None:
    """A userId that looks like an e-mail address is one, others are ids."""
    pipelines.post("/v1/track", json={"userId": user, "event": "paid"})
    (held,) = control.get("/emulator/people").json()["people"]

    assert held["attributes"] == {"email" if "@" in user else "id": user}


def test_events(pipelines: httpx2.Client, control: httpx2.Client) -> None:
    """track, page and screen are events in order of arrival, their ISO times Unix seconds."""
    common = {"userId": "1", "timestamp": "1997-01-01T00:00:00.900+00:00"}
    for path, body in (
        ("track", {"event": "paid", "properties": {"price": 29.9}, "messageId": "m1"}),
        ("page", {"name": "Home"}),
        ("page", {"properties": {"url": "https://x/y"}}),
        ("screen", {"name": "Start"}),
        ("track", {"event": "again", "messageId": "m1"}),
    ):
        pipelines.post(f"/v1/{path}", json={**common, **body}, headers=STRICT).raise_for_status()
    events = control.get("/emulator/people/1").json()["events"]

    assert [(one["type"], one["name"]) for one in events] == [
        ("event", "paid"),
        ("page", "Home"),
        ("page", "https://x/y"),
        ("screen", "Start"),
    ]
    assert {one["timestamp"] for one in events} == {852076800}
    assert (events[0]["id"], events[0]["data"]) == ("m1", {"price": 29.9})
    assert control.get("/emulator/summary").json()["repeats"] == 1


def test_group(pipelines: httpx2.Client, control: httpx2.Client) -> None:
    """group makes an object and relates the person to it."""
    traits = {"object_type_id": "2", "relationshipAttributes": {"role": "admin"}, "seats": 5}
    body = {"userId": "1", "groupId": "acme", "traits": traits}
    pipelines.post("/v1/group", json=body)
    pipelines.post("/v1/group", json={"userId": "1", "groupId": "plain"})
    held = control.get("/emulator/people/1").json()
    objects = control.get("/emulator/objects").json()["objects"]

    assert held["relationships"] == [
        {"object_type_id": "2", "object_id": "acme", "attributes": {"role": "admin"}},
        {"object_type_id": "1", "object_id": "plain", "attributes": {}},
    ]
    assert [one["attributes"] for one in objects] == [{"seats": 5}, {}]


def test_alias(pipelines: httpx2.Client, control: httpx2.Client) -> None:
    """alias is accepted and does nothing."""
    body = {"userId": "1", "previousId": "w"}
    answer = pipelines.post("/v1/alias", json=body, headers=STRICT)

    assert answer.status_code == 200
    assert control.get("/emulator/summary").json()["people"] == 0


def semantic(name: str, **said: Any) -> dict[str, Any]:
    return {"type": "track", "userId": "1", "event": name, **said}


def test_semantic_devices(pipelines: httpx2.Client, control: httpx2.Client) -> None:
    """Device events add and remove devices, and are no events of the person."""
    shown: list[Any] = []
    for name in ("Device Created or Updated", "Device Deleted"):
        body = semantic(name, context={"device": {"token": "t", "type": "iOS"}})
        pipelines.post("/v1/track", json=body, headers=STRICT).raise_for_status()
        shown.append(control.get("/emulator/people/1").json())

    assert [[device["token"] for device in one["devices"]] for one in shown] == [["t"], []]
    assert shown[1]["events"] == []


def test_semantic_people(pipelines: httpx2.Client, control: httpx2.Client) -> None:
    """User events delete, suppress and unsuppress."""
    found: list[int] = []
    for name in ("User Deleted", "User Suppressed", "User Unsuppressed"):
        pipelines.post("/v1/identify", json={"userId": "1"})
        pipelines.post("/v1/track", json=semantic(name), headers=STRICT).raise_for_status()
        pipelines.post("/v1/identify", json={"userId": "1"})
        found.append(control.get("/emulator/summary").json()["people"])

    assert found == [1, 0, 1]


def test_semantic_objects(pipelines: httpx2.Client, control: httpx2.Client) -> None:
    """A relationship, then an object, is deleted."""
    shown: list[Any] = []
    for user in ("1", "2"):
        pipelines.post("/v1/group", json={"userId": user, "groupId": "acme"})
    for name in ("Relationship Deleted", "Object Deleted"):
        body = semantic(name, properties={"objectId": "acme", "objectTypeId": "1"})
        pipelines.post("/v1/track", json=body, headers=STRICT).raise_for_status()
        shown.append(control.get("/emulator/objects").json()["objects"])

    assert [len(objects[0]["people"]) if objects else None for objects in shown] == [1, None]


def test_semantic_reports(pipelines: httpx2.Client, control: httpx2.Client) -> None:
    """Reports about deliveries and content are kept."""
    for name, properties in (
        ("Report Delivery Event", {"deliveryId": "d", "metric": "clicked", "href": "h"}),
        ("Report Content Event", {"contentId": "c", "actionType": "viewed_content"}),
    ):
        body = semantic(name, properties=properties, timestamp="1970-01-01T00:00:05Z")
        pipelines.post("/v1/track", json=body, headers=STRICT).raise_for_status()

    assert control.get("/emulator/deliveries").json()["deliveries"] == {
        "d": [{"href": "h", "metric": "clicked", "timestamp": 5}],
        "c": [{"contentId": "c", "metric": "viewed_content", "timestamp": 5}],
    }


def test_batch(pipelines: httpx2.Client, control: httpx2.Client) -> None:
    """A batch is applied in order, its context where a message has none of its own."""
    device = {"device": {"token": "t", "type": "android"}}
    body = {
        "batch": [
            {"type": "identify", "userId": "1", "traits": {"plan": "pro"}},
            {"type": "track", "userId": "1", "event": "paid"},
            semantic("Device Created or Updated"),
        ],
        "context": device,
        "sentAt": "2026-05-01T00:00:00+00:00",
    }
    answer = pipelines.post("/v1/batch", json=body, headers=STRICT)
    held = control.get("/emulator/people/1").json()

    assert answer.status_code == 200
    assert [one["token"] for one in held["devices"]] == ["t"]
    assert [one["name"] for one in held["events"]] == ["paid"]
    assert control.get("/emulator/summary").json()["batches"] == 1


WRONG: list[tuple[str, Any]] = [
    ("identify", {}),
    ("identify", {"userId": "x" * 151}),
    ("identify", {"userId": "1", "traits": []}),
    ("identify", {"userId": "1", "timestamp": "yesterday"}),
    ("identify", {"userId": "1", "timestamp": 5}),
    ("track", {"userId": "1"}),
    ("track", {"event": "paid"}),
    ("track", {"userId": "1", "event": "paid", "properties": {"x": "y" * 33_000}}),
    ("track", semantic("Device Deleted")),
    ("track", semantic("Object Deleted", properties={})),
    ("track", semantic("Report Delivery Event", properties={"deliveryId": "d", "metric": "x"})),
    ("page", {}),
    ("group", {"userId": "1"}),
    ("alias", {"userId": "1"}),
    ("batch", {}),
    ("batch", {"batch": []}),
    ("batch", {"batch": [{"userId": "1"}]}),
    ("batch", {"batch": [{"type": "fly", "userId": "1"}]}),
    ("batch", {"batch": ["x"]}),
    ("batch", {"batch": [{"type": "track", "userId": "1", "event": "x", "p": "y" * 33_000}]}),
    ("batch", {"batch": [{"type": "page", "userId": "1"}], "p": "y" * 500_000}),
]


@pytest.mark.parametrize(("path", "body"), WRONG, ids=range(len(WRONG)))
def test_wrong(pipelines: httpx2.Client, control: httpx2.Client, path: str, body: Any) -> None:
    """What is wrong is lost behind a 200, in strict mode a 400 that says why."""
    lax = pipelines.post(f"/v1/{path}", json=body)
    strict = pipelines.post(f"/v1/{path}", json=body, headers=STRICT)
    summary = control.get("/emulator/summary").json()

    assert (lax.status_code, lax.content) == (200, b"{}\n")
    assert strict.status_code == 400
    assert strict.json()["meta"]["errors"]
    assert summary["people"] == summary["events"] == 0
    assert summary["rejected"] == 2


@pytest.mark.parametrize(("headers", "people"), [({}, 2), (STRICT, 0)])
def test_batch_with_a_wrong_message(
    pipelines: httpx2.Client, control: httpx2.Client, headers: dict[str, str], people: int
) -> None:
    """One wrong message of a batch is lost alone; in strict mode it refuses the whole batch."""
    users: list[Any] = ["1", None, "2"]
    body = {"batch": [{"type": "identify", "userId": user} for user in users]}
    pipelines.post("/v1/batch", json=body, headers=headers)

    assert control.get("/emulator/summary").json()["people"] == people


def test_digits(pipelines: httpx2.Client, control: httpx2.Client) -> None:
    """Numbers keep their digits on this way, too."""
    body = json.dumps({"userId": "1", "event": "paid", "properties": {"p": 0.1}})
    pipelines.post("/v1/track", content=body.replace("0.1", "0.10").encode())

    assert '"p":0.10' in control.get("/emulator/people/1").text
