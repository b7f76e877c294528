"""The control API: what it shows, and whom it does not serve."""

from typing import Any

import httpx2
import pytest

from ferryman.emulator import Emulator


def test_livez(control: httpx2.Client) -> None:
    """A running emulator says that it lives."""
    assert control.get("/livez").json() == {"status": "ok"}


def test_summary_adds_up(track: httpx2.Client, control: httpx2.Client) -> None:
    """The summary counts people, events, repeats, requests, batches and what was rejected."""
    event = {"type": "person", "action": "event", "identifiers": {"id": "1"}, "name": "paid"}
    track.post("/api/v2/batch", json={"batch": [{**event, "id": "e1"}, event, {"type": "x"}]})
    track.post("/api/v2/entity", json={**event, "id": "e1"})
    track.put("/api/v1/customers/2", json={})
    track.get("/nope")
    summary = control.get("/emulator/summary").json()

    assert {name: summary[name] for name in ("people", "events", "repeats", "names")} == {
        "people": 2,
        "events": 2,
        "repeats": 1,
        "names": {"paid": 2},
    }
    assert (summary["requests"], summary["batches"], summary["items"]) == (4, 1, 5)
    assert summary["rejected"] == 2
    assert summary["changes"] == {"applied": 3, "repeat": 1}


def test_paging(track: httpx2.Client, control: httpx2.Client) -> None:
    """Pages of people follow one another until an empty next, and can carry the events."""
    for number in range(5):
        track.post(f"/api/v1/customers/{number}/events", json={"name": f"e{number}"})
    pages: list[list[str]] = []
    query: dict[str, str] = {"limit": "2", "events": "true"}
    while True:
        page = control.get("/emulator/people", params=query).json()
        pages.append([one["events"][0]["name"] for one in page["people"]])
        if not page["next"]:
            break
        query["start"] = page["next"]

    assert pages == [["e0", "e1"], ["e2", "e3"], ["e4"]]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "start=-1", "limit=²", "start=" + "9" * 5_000]
)
def test_paging_wrong(control: httpx2.Client, query: str) -> None:
    """A limit or start that is no whole number is a 400 that says so."""
    answer = control.get(f"/emulator/people?{query}")

    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json()["meta"]["error"]


def test_person_by_any_name(track: httpx2.Client, control: httpx2.Client) -> None:
    """A person is found by id, e-mail, cio_id and anonymous id; nobody is a 404."""
    track.put("/api/v1/customers/a%2Fb", json={"email": "a@b", "anonymous_id": "w"})
    (held,) = control.get("/emulator/people").json()["people"]
    names = ["a%2Fb", "A%40b", held["cio_id"], f"cio_{held['cio_id']}", "w"]
    found = [control.get(f"/emulator/people/{name}").json()["cio_id"] for name in names]

    assert found == [held["cio_id"]] * 5
    assert control.get("/emulator/people/nobody").status_code == 404


def test_stranger(track: httpx2.Client, control: httpx2.Client) -> None:
    """The events of an anonymous id that nobody claimed are shown under it."""
    track.post("/api/v1/events", json={"name": "seen", "anonymous_id": "w"})
    shown = control.get("/emulator/people/w").json()

    assert [one["name"] for one in shown["events"]] == ["seen"]


def test_requests(track: httpx2.Client, control: httpx2.Client) -> None:
    """The last requests to the APIs are listed, oldest first, without those to the control API."""
    for number in range(3):
        track.put(f"/api/v1/customers/{number}", json={"a": 1})
    listed = control.get("/emulator/requests?limit=2").json()["requests"]
    for entry in listed:
        assert entry.pop("at") > 1_700_000_000

    assert listed == [
        {
            "method": "PUT",
            "path": f"/api/v1/customers/{number}",
            "status": 200,
            "bytes": 7,
            "items": 1,
            "fault": "",
        }
        for number in (1, 2)
    ]


def test_reset(track: httpx2.Client, control: httpx2.Client) -> None:
    """Reset empties a workspace and forgets the ids seen."""
    summaries: list[Any] = []
    for _ in range(2):
        track.post("/api/v1/customers/1/events", json={"name": "x", "id": "e1"})
        summaries.append(control.get("/emulator/summary").json())
        control.post("/emulator/reset", json={})

    assert summaries[0] == summaries[1]
    assert control.get("/emulator/summary").json()["requests"] == 0


FOREIGN: list[dict[str, str]] = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"host": "evil.example:8282", "origin": "http://evil.example:8282"},
    {"host": "evil.example", "sec-fetch-site": "same-origin"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "reset"), ("PUT", "faults"), ("DELETE", "faults"), ("GET", "people")],
)
def test_other_sites(
    control: httpx2.Client, headers: dict[str, str], method: str, path: str
) -> None:
    """A browser's request from another site's page is refused, and gets no CORS header."""
    answer = control.request(method, f"/emulator/{path}", json={"delay": 1}, headers=headers)

    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert control.get("/emulator/faults").json()["faults"] == []


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:1",
        "127.0.0.1:1",
        "[::1]:1",
        "[::1]",
        "emulator:8282",
        "host.docker.internal:8282",
        "10.0.0.5",
    ],
)
def test_own_names(control: httpx2.Client, host: str) -> None:
    """Whoever asks by an address, or by a name that no site can own, is served."""
    assert control.get("/emulator/summary", headers={"host": host}).status_code == 200


def test_own_page(control: httpx2.Client, emulator: Emulator) -> None:
    """A page of the emulator's own origin is served."""
    answer = control.post("/emulator/reset", json={}, headers={"origin": emulator.url})

    assert answer.status_code == 200


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize(("method", "path"), [("POST", "reset"), ("PUT", "faults")])
def test_json_only(control: httpx2.Client, kind: str | None, method: str, path: str) -> None:
    """What changes something must be JSON, which no form of another site can send."""
    headers = {"content-type": kind} if kind else {}
    answer = control.request(method, f"/emulator/{path}", content=b'{"delay": 1}', headers=headers)

    assert answer.status_code == 415
    assert control.get("/emulator/faults").json()["faults"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "nothing"), ("POST", "people"), ("GET", "reset"), ("GET", "summary?workspace=x")],
)
def test_unknown_page(control: httpx2.Client, method: str, path: str) -> None:
    """What the control API does not have is a 404 in JSON."""
    answer = control.request(method, f"/emulator/{path}", json={})

    assert answer.status_code == 404
    assert answer.json()["meta"]["error"]


def test_page_escapes(track: httpx2.Client, control: httpx2.Client) -> None:
    """The page shows what arrived as text, never as HTML, and loads and runs nothing."""
    evil = "<script>alert(1)</script>"
    track.put(f"/api/v1/customers/{evil.replace('/', '%2F')}", json={"email": f"{evil}@x"})
    track.post("/api/v1/customers/1/events", json={"name": evil})
    page = control.get("/emulator/")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert page.text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 3
