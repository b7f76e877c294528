"""Track v2 over HTTP: what is said arrives, what is wrong is refused where it is."""

import json
from typing import Any

import httpx2
import pytest

BIG = "x" * 33_000
ID = {"identifiers": {"id": "1"}}
TIES = {
    "cio_relationships": [
        {
            "identifiers": {"object_type_id": "1", "object_id": "acme"},
            "relationship_attributes": {"role": "admin", "old": ""},
        }
    ]
}


def person(**said: Any) -> dict[str, Any]:
    return {"type": "person", **ID, **said}


def thing(**said: Any) -> dict[str, Any]:
    identifiers = {"object_type_id": "1", "object_id": "acme"}
    return {"type": "object", "identifiers": identifiers, **said}


GOOD: list[tuple[dict[str, Any], str]] = [
    (person(action="identify"), "applied"),
    (person(action="identify", attributes={"a": None}, timestamp=5), "applied"),
    (person(action="identify", **TIES), "applied"),
    (person(action="event", name="paid"), "applied"),
    (person(action="page", name="/pricing", attributes={"url": "u"}), "applied"),
    (person(action="screen", name="Home", id="e1", timestamp=5), "applied"),
    (person(action="add_relationships", **TIES), "applied"),
    (person(action="delete_relationships", **TIES), "nothing"),
    (person(action="add_device", device={"token": "t", "platform": "ios"}), "applied"),
    (person(action="delete_device", device={"token": "t"}), "nothing"),
    (person(action="suppress"), "applied"),
    (person(action="unsuppress"), "nothing"),
    (person(action="delete"), "nothing"),
    (
        {
            "type": "person",
            "action": "merge",
            "primary": {"id": "1"},
            "secondary": {"email": "b@x"},
        },
        "nothing",
    ),
    (person(action="identify", identifiers={"email": "a@b"}), "applied"),
    (person(action="identify", identifiers={"phone": "+491511234567"}), "applied"),
    (person(action="identify", identifiers={"cio_id": "e3"}), "dropped"),
    (thing(action="identify", attributes={"seats": 5}), "applied"),
    (thing(action="identify", identifiers={"cio_object_id": "ob1"}), "dropped"),
    (thing(action="identify_anonymous", anonymous_id="w"), "applied"),
    (thing(action="delete"), "nothing"),
    (
        thing(action="add_relationships", cio_relationships=[{"identifiers": {"id": "1"}}]),
        "applied",
    ),
    (
        thing(action="delete_relationships", cio_relationships=[{"identifiers": {"id": "1"}}]),
        "nothing",
    ),
    (
        {
            "type": "delivery",
            "action": "event",
            "identifiers": {"id": "d"},
            "name": "opened",
            "attributes": {"device_token": "t"},
        },
        "applied",
    ),
]


@pytest.mark.parametrize(("item", "change"), GOOD)
def test_item(track: httpx2.Client, control: httpx2.Client, item: Any, change: str) -> None:
    """Every type and action is a 200, alone and in a batch, whatever comes of it."""
    answers = [
        track.post("/api/v2/entity", json=item),
        track.post("/api/v2/batch", json={"batch": [item]}),
    ]
    changes = control.get("/emulator/summary").json()["changes"]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {})] * 2
    assert sum(changes.values()) == 2
    assert change in changes


BAD: list[tuple[Any, str, str]] = [
    ("text", "invalid", "item"),
    ({}, "required", "type"),
    ({"type": "person"}, "required", "action"),
    (person(action="fly"), "invalid", "action"),
    ({"type": "planet", "action": "identify"}, "invalid", "type"),
    ({"type": "person", "action": "identify"}, "required", "identifiers"),
    (person(action="identify", identifiers={}), "required", "identifiers"),
    (person(action="identify", identifiers={"id": ""}), "required", "identifiers"),
    (person(action="identify", identifiers={"id": "  "}), "invalid", "identifiers.id"),
    (person(action="identify", identifiers={"id": True}), "invalid", "identifiers.id"),
    (person(action="identify", identifiers={"id": "ü" * 76}), "too_long", "identifiers.id"),
    (person(action="delete", identifiers={"id": "1", "email": "a@b"}), "ambiguous", "identifiers"),
    (person(action="identify", identifiers={"email": "nobody"}), "invalid", "identifiers.email"),
    (person(action="identify", identifiers={"phone": "0151"}), "invalid", "identifiers.phone"),
    (person(action="identify", attributes=[]), "invalid", "attributes"),
    (person(action="identify", timestamp="5"), "invalid", "timestamp"),
    (person(action="identify", timestamp=5.5), "invalid", "timestamp"),
    (person(action="event"), "required", "name"),
    (person(action="event", name=""), "required", "name"),
    (person(action="event", name=5), "invalid", "name"),
    (person(action="event", name=" "), "invalid", "name"),
    (person(action="event", name="x" * 101), "too_long", "name"),
    (person(action="event", name="x", attributes={"x": BIG}), "too_large", ""),
    (person(action="add_device"), "required", "device"),
    (person(action="add_device", device={"platform": "ios"}), "required", "device.token"),
    (
        person(action="add_device", device={"token": "t", "platform": "nokia"}),
        "invalid",
        "device.platform",
    ),
    (person(action="add_relationships"), "required", "cio_relationships"),
    (
        person(action="add_relationships", cio_relationships=[{"identifiers": {}}]),
        "required",
        "cio_relationships.0.identifiers.object_type_id",
    ),
    ({"type": "person", "action": "merge", "primary": {"id": "1"}}, "required", "secondary"),
    (thing(action="identify", identifiers={"object_id": "x"}), "required",
     "identifiers.object_type_id"),
    ({"type": "delivery", "action": "event", "identifiers": {"id": "d"}, "name": "lost"},
     "invalid", "name"),
]  # fmt: skip


@pytest.mark.parametrize(("item", "reason", "field"), BAD, ids=range(len(BAD)))
def test_wrong_item(
    track: httpx2.Client, control: httpx2.Client, item: Any, reason: str, field: str
) -> None:
    """A wrong item is a 400 alone; in a batch a 207 that says which and why, the rest applied."""
    good = [person(action="identify", identifiers={"id": id_}) for id_ in ("first", "third")]
    alone = track.post("/api/v2/entity", json=item)
    batch = track.post("/api/v2/batch", json={"batch": [good[0], item, good[1]]})
    (error,) = batch.json()["errors"]
    held = control.get("/emulator/people").json()["people"]

    assert alone.status_code == 400
    assert batch.status_code == 207
    assert [(error["batch_index"], error["reason"], error["field"])] == [(1, reason, field)]
    assert list(error) == ["batch_index", "reason", "field", "message"]
    assert BIG not in alone.text + batch.text
    assert [one["identifiers"]["id"] for one in held] == ["first", "third"]
    if field:
        assert alone.json()["errors"] == [
            {name: value for name, value in error.items() if name != "batch_index"}
        ]


@pytest.mark.parametrize("body", [{}, {"batch": []}, {"batch": {}}, {"batch": None}])
def test_wrong_batch(track: httpx2.Client, body: Any) -> None:
    """A batch that is none is a 400 as a whole."""
    answer = track.post("/api/v2/batch", json=body)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "batch"


def test_batch_limit(track: httpx2.Client, control: httpx2.Client) -> None:
    """A batch of 500,000 bytes is taken, one byte more is a 400 and nothing of it applied."""
    items = [person(action="event", name="x", attributes={"x": "y" * 24_000}) for _ in range(20)]
    body = json.dumps({"batch": items}).encode()
    fits = track.post("/api/v2/batch", content=body.ljust(500_000))
    breaks = track.post("/api/v2/batch", content=body.ljust(500_001))

    assert (fits.status_code, breaks.status_code) == (200, 400)
    assert control.get("/emulator/summary").json()["events"] == 20


def test_objects(track: httpx2.Client, control: httpx2.Client) -> None:
    """Objects hold attributes, null or "" removes one, and deleting ends the relationships."""
    ties = [{"identifiers": {"email": "a@b"}, "relationship_attributes": {"role": "owner"}}]
    for item in (
        thing(action="identify", attributes={"seats": 5, "a": 1, "b": 1}, cio_relationships=ties),
        thing(action="identify", attributes={"a": None, "b": ""}),
    ):
        track.post("/api/v2/entity", json=item)
    (acme,) = control.get("/emulator/objects").json()["objects"]
    related = control.get("/emulator/people/a%40b").json()
    named = {"cio_object_id": acme["cio_object_id"]}
    track.post("/api/v2/entity", json=thing(action="delete", identifiers=named))
    (held,) = control.get("/emulator/people").json()["people"]

    assert acme["attributes"] == {"seats": 5}
    assert acme["people"] == [{"cio_id": related["cio_id"], "attributes": {"role": "owner"}}]
    assert related["relationships"][0]["attributes"] == {"role": "owner"}
    assert held["relationships"] == control.get("/emulator/objects").json()["objects"] == []


def test_anonymous_relationships(track: httpx2.Client, control: httpx2.Client) -> None:
    """What an anonymous id is related to becomes the person's who is identified with it."""
    ties = [{"identifiers": {"anonymous_id": "w"}, "relationship_attributes": {"role": "guest"}}]
    track.post("/api/v2/entity", json=thing(action="identify_anonymous", cio_relationships=ties))
    track.put("/api/v1/customers/1", json={"anonymous_id": "w"})
    (acme,) = control.get("/emulator/objects").json()["objects"]
    held = control.get("/emulator/people/1").json()

    assert acme["people"] == [{"cio_id": held["cio_id"], "attributes": {"role": "guest"}}]
    assert acme["anonymous_ids"] == []


def test_update_only(track: httpx2.Client, control: httpx2.Client) -> None:
    """With `_update` among its attributes an identify makes nobody."""
    item = person(action="identify", attributes={"_update": True, "plan": "pro"})
    answer = track.post("/api/v2/entity", json=item)

    assert answer.status_code == 200
    assert control.get("/emulator/summary").json()["people"] == 0
