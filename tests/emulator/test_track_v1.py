"""Track v1 over HTTP: what is said arrives, what is wrong is a 400."""

from typing import Any

import httpx2
import pytest

OBJECT = {
    "identifiers": {"object_type_id": "1", "object_id": "acme"},
    "relationship_attributes": {"role": "admin", "old": ""},
}


def test_v1_identify(track: httpx2.Client, control: httpx2.Client) -> None:
    """Everything v1 identify can say arrives, its directives are followed and not stored."""
    body = {
        "email": "Anna@x.org",
        "plan": "pro",
        "_timestamp": 500,
        "cio_relationships": {"action": "add_relationships", "relationships": [OBJECT]},
    }
    track.put("/api/v1/customers/1", json=body)
    track.put("/api/v1/customers/anna%40X.org", json={"plan": "old", "_timestamp": 400})
    track.put("/api/v1/customers/nobody", json={"_update": True})
    (held,) = control.get("/emulator/people").json()["people"]

    assert held["attributes"] == {"id": "1", "email": "Anna@x.org", "plan": "pro"}
    assert held["relationships"] == [
        {"object_type_id": "1", "object_id": "acme", "attributes": {"role": "admin"}}
    ]


def test_query_is_no_path(track: httpx2.Client, control: httpx2.Client) -> None:
    """What the query says cannot take the place of what the path says."""
    track.put("/api/v1/customers/1?identifier=2", json={})
    (held,) = control.get("/emulator/people").json()["people"]

    assert held["identifiers"]["id"] == "1"


def test_v1_cio_id(track: httpx2.Client, control: httpx2.Client) -> None:
    """A path that starts with cio_ names a cio_id and may change identifiers."""
    track.put("/api/v1/customers/1", json={})
    (held,) = control.get("/emulator/people").json()["people"]
    track.put(f"/api/v1/customers/cio_{held['cio_id']}", json={"id": "2"})
    (held,) = control.get("/emulator/people").json()["people"]

    assert held["identifiers"]["id"] == "2"


def test_v1_relationships_deleted(track: httpx2.Client, control: httpx2.Client) -> None:
    """v1 identify ends relationships when its action says so."""
    for action in ("add_relationships", "delete_relationships"):
        said = {"action": action, "relationships": [OBJECT]}
        track.put("/api/v1/customers/1", json={"cio_relationships": said})
    held = control.get("/emulator/people/1").json()
    (acme,) = control.get("/emulator/objects").json()["objects"]

    assert held["relationships"] == acme["people"] == []


def test_v1_conflict(track: httpx2.Client, control: httpx2.Client) -> None:
    """Somebody else's identifier in the body is a 200, and a failure in the activity log."""
    track.put("/api/v1/customers/1", json={"email": "a@b"})
    track.put("/api/v1/customers/2", json={})
    answer = track.put("/api/v1/customers/2", json={"email": "A@B", "plan": "pro"})
    held = control.get("/emulator/people/2").json()

    assert answer.status_code == 200
    assert held["attributes"] == {"id": "2", "plan": "pro"}
    assert [entry["what"] for entry in held["activity"]] == ["attribute update failure"]


@pytest.mark.parametrize(
    ("type_", "kept"), [(None, "event"), ("page", "page"), ("screen", "screen"), ("x", "event")]
)
def test_v1_event(
    track: httpx2.Client, control: httpx2.Client, type_: str | None, kept: str
) -> None:
    """An event keeps what was said of it; a type that is neither page nor screen is an event."""
    body = {"name": " paid ", "data": {"price": 29.90}, "id": "e1", "timestamp": 500}
    for _ in range(2):
        track.post("/api/v1/customers/1/events", json=body | ({"type": type_} if type_ else {}))
    (event,) = control.get("/emulator/people/1").json()["events"]
    del event["received"]

    assert event == {
        "name": "paid",
        "type": kept,
        "data": {"price": 29.9},
        "timestamp": 500,
        "id": "e1",
        "anonymous_id": None,
        "seq": 1,
    }
    assert control.get("/emulator/summary").json()["repeats"] == 1


def test_digits(track: httpx2.Client, control: httpx2.Client) -> None:
    """Numbers come out with the digits they went in with, and can be summed as decimals."""
    numbers = b"[29.90,0.10,1e3,123456789012345678901234567890,0.30000000000000004]"
    track.post("/api/v1/customers/1/events", content=b'{"name":"x","data":{"n":%s}}' % numbers)
    shown = control.get("/emulator/people/1").text

    assert '"n":[29.90,0.10,1E+3,123456789012345678901234567890,0.30000000000000004]' in shown


V1_WRONG: list[tuple[str, str, Any]] = [
    ("PUT", "/api/v1/customers/%20", {}),
    ("PUT", f"/api/v1/customers/{'x' * 151}", {}),
    ("PUT", "/api/v1/customers/1", {"cio_relationships": {"action": "x", "relationships": []}}),
    ("POST", "/api/v1/customers/1/events", {}),
    ("POST", "/api/v1/customers/1/events", {"name": 5.5}),
    ("POST", "/api/v1/customers/1/events", {"name": "x", "data": []}),
    ("POST", "/api/v1/customers/1/events", {"name": "x", "data": {"x": "y" * 100_000}}),
    ("POST", "/api/v1/customers/1/events", {"name": "x", "timestamp": "now"}),
    ("POST", "/api/v1/events", {"name": "Home", "type": "screen"}),
    ("PUT", "/api/v1/customers/1/devices", {"device": {"id": "t"}}),
    ("PUT", "/api/v1/customers/1/devices", {"token": "t"}),
    ("POST", "/api/v1/forms/f/submit", {}),
    ("POST", "/api/v1/forms/f/submit", {"data": {"email_address": "a@b"}}),
    ("POST", "/api/v1/forms/f/submit", {"data": {"email": "a@b", "id": "1"}}),
    ("POST", "/api/v1/forms/f/submit", {"data": {"email": "a@b", "age": 5}}),
    ("POST", "/api/v1/segments/x/add_customers", {"ids": ["1"]}),
    ("POST", "/api/v1/segments/1/add_customers", {"ids": "1"}),
    ("POST", "/api/v1/segments/1/add_customers", {"ids": ["1"] * 1001}),
    ("POST", "/api/v1/segments/1/add_customers?id_type=phone", {"ids": ["1"]}),
    ("POST", "/api/v1/metrics", {"metric": "opened"}),
    ("POST", "/api/v1/metrics", {"delivery_id": "d", "metric": "lost"}),
    ("POST", "/api/v1/push/events", {"delivery_id": "d", "event": "clicked"}),
    ("POST", "/unsubscribe/d", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), V1_WRONG, ids=range(len(V1_WRONG)))
def test_v1_wrong(
    track: httpx2.Client, control: httpx2.Client, method: str, path: str, body: Any
) -> None:
    """What v1 cannot take is a 400 with a list of texts, and makes nobody."""
    answer = track.request(method, path, json=body)

    assert answer.status_code == 400
    assert [type(text) for text in answer.json()["meta"]["errors"]] == [str]
    assert control.get("/emulator/summary").json()["people"] == 0


def test_unsubscribe_wants_json(control: httpx2.Client) -> None:
    """Unsubscribing without a JSON content type is a 400."""
    answer = control.post("/unsubscribe/d", content=b'{"unsubscribe":true}')

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"primary": {"id": "1"}},
        {"primary": {"id": "1", "email": "a@b"}, "secondary": {"id": "2"}},
        {"primary": {"id": "1"}, "secondary": {"phone": "+491511234567"}},
    ],
)
def test_merge_wrong(track: httpx2.Client, body: Any) -> None:
    """A merge that names not exactly one identifier each is a 400 with one text."""
    answer = track.post("/api/v1/merge_customers", json=body)

    assert answer.status_code == 400
    assert list(answer.json()["meta"]) == ["error"]


def test_form(track: httpx2.Client, control: httpx2.Client) -> None:
    """A submission is a 204 without a body; its reserved keys are ignored."""
    body = {"data": {"email": "a@b", "name": "Anna", "form_url": "ignored"}}
    answer = track.post("/api/v1/forms/f%20orm/submit", json=body)
    (held,) = control.get("/emulator/people").json()["people"]

    assert (answer.status_code, answer.content) == (204, b"")
    assert held["attributes"] == {"email": "a@b", "name": "Anna"}
    assert list(control.get("/emulator/forms").json()["forms"]) == ["f orm"]


def test_form_without_identifier_is_known(track: httpx2.Client, control: httpx2.Client) -> None:
    """A submission that identifies nobody is a 400, and yet makes the form known."""
    track.post("/api/v1/forms/f/submit", json={"data": {"email_address": "a@b"}})

    assert control.get("/emulator/forms").json()["forms"] == {"f": []}


def test_segments(track: httpx2.Client, control: httpx2.Client) -> None:
    """People join and leave a segment by the kind of identifier asked for, others are ignored."""
    track.put("/api/v1/customers/1", json={"email": "a@b"})
    track.post("/api/v1/segments/7/add_customers?id_type=email", json={"ids": ["A@b", 5, "x"]})
    joined = control.get("/emulator/people/1").json()["segments"]
    track.post("/api/v1/segments/7/remove_customers", json={"ids": ["1"]})

    assert joined == ["7"]
    assert control.get("/emulator/people/1").json()["segments"] == []


def test_suppression(track: httpx2.Client, control: httpx2.Client) -> None:
    """A suppressed person is gone and shown as suppressed; calls on them are ignored 200s."""
    track.put("/api/v1/customers/1", json={"email": "a@b"})
    statuses = [
        track.post("/api/v1/customers/1/suppress").status_code,
        track.put("/api/v1/customers/a%40b", json={"plan": "pro"}).status_code,
    ]
    shown = control.get("/emulator/people/1").json()
    track.post("/api/v1/customers/1/unsuppress")

    assert statuses == [200, 200]
    assert shown["suppressed"] is True
    assert shown["attributes"] == {}
    assert control.get("/emulator/people/1").status_code == 404
