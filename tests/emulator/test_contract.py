"""The HTTP contract: recorded answers, credentials, the 404 page, bodies that are wrong."""

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ferryman.emulator import DEFAULT_WORKSPACE, Emulator, Workspace
from ferryman.emulator.routes import ROUTES

SECRET = DEFAULT_WORKSPACE.private_key
PERSON = {"type": "person", "action": "identify", "identifiers": {"id": "1"}}
# What Google's load balancer adds, and what would be wrong on a local port.
NOT_OURS = {"date", "via", "alt-svc", "strict-transport-security"}
UNAUTHORIZED = {"meta": {"error": "Unauthorized request"}}


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


RECORDED: dict[str, tuple[str, Any]] = {
    "addDevice": ("PUT", {"device": {"id": "recorded-device", "platform": "ios"}}),
    "batch": ("POST", {"batch": [{**PERSON, "attributes": {}}]}),
    "deleteDevice": ("DELETE", None),
    "destroy": ("DELETE", None),
    "identify": ("PUT", {"email": "sdk-record@example.com"}),
    "suppress": ("POST", {}),
    "track": ("POST", {"name": "recorded_event"}),
    "trackAnonymous": ("POST", {"name": "recorded_anon", "anonymous_id": "anon"}),
    "trackPageView": ("POST", {"type": "page", "name": "/recorded"}),
    "unsuppress": ("POST", {}),
}


@pytest.mark.parametrize("scenario", RECORDED)
def test_recorded(scenario: str, shared: Path, track: httpx2.Client) -> None:
    """The emulator answers what Customer.io answered: status, headers and body."""
    file = shared / "reference" / "recorded-responses" / f"{scenario}__success.json"
    (recorded,) = json.loads(file.read_text())["mocks"]
    method, body = RECORDED[scenario]
    assert recorded["method"] == method
    answer = track.request(method, recorded["path"], json=body)
    wanted = {name: recorded["headers"][name] for name in recorded["headers"].keys() - NOT_OURS}

    assert answer.status_code == recorded["status"]
    assert answer.json() == recorded["body"]
    assert answer.content == b"{}\n"
    assert {name: answer.headers.get(name) for name in wanted} == wanted
    assert answer.headers.keys() - wanted.keys() == {"date"}


@pytest.mark.parametrize(
    "authorization",
    [
        basic("emulator-site", "emulator-key"),
        "basic " + basic("emulator-site", "emulator-key").split()[1],
        f"Bearer {SECRET}",
    ],
)
def test_track_credentials(control: httpx2.Client, authorization: str) -> None:
    """The Track API takes site id and key, or the private key."""
    answer = control.put("/api/v1/customers/1", json={}, headers={"authorization": authorization})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"emulator-site").decode(),
        basic("emulator-site", "wrong"),
        basic("emulator-site", ""),
        basic("wrong", "emulator-key"),
        basic("emulator-write", ""),
        "Bearer emulator-key",
        "Bearer emulator-app",
        f"Bearer {SECRET.replace('sk_', 'pk_')}",
        f"Basic {SECRET}",
        "Bearer \xe9",
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/api/v1/customers/1"), ("POST", "/api/v2/batch"), ("GET", "/api/v1/accounts/region")],
)
def test_track_refuses(
    control: httpx2.Client, authorization: str | None, method: str, path: str
) -> None:
    """Wrong or missing credentials are a 401, the same for all of them, and nothing is applied."""
    raw = (authorization or "").encode("latin-1")
    headers = {} if authorization is None else {b"authorization": raw}
    answer = control.request(method, path, json={"batch": [PERSON]}, headers=headers)

    assert answer.status_code == 401
    assert answer.json() == UNAUTHORIZED
    assert answer.headers["www-authenticate"] == 'Basic realm="Customer.io edge event collection"'
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert control.get("/emulator/summary").json()["people"] == 0


@pytest.mark.parametrize("strict", [False, True])
def test_pipelines_refuses(control: httpx2.Client, strict: bool) -> None:
    """Wrong credentials are a 200 that loses everything at Pipelines, a 401 in strict mode."""
    headers = {"authorization": basic("wrong", "")} | ({"x-strict-mode": "1"} if strict else {})
    answer = control.post("/v1/identify", json={"userId": "1"}, headers=headers)

    assert answer.status_code == (401 if strict else 200)
    assert answer.json() == (UNAUTHORIZED if strict else {})
    assert control.get("/emulator/summary").json()["people"] == 0


@pytest.mark.parametrize("authorization", [basic("emulator-write", ""), f"Bearer {SECRET}"])
def test_pipelines_credentials(control: httpx2.Client, authorization: str) -> None:
    """Pipelines takes the write key with a blank password, or the private key."""
    headers = {"authorization": authorization, "x-strict-mode": "1"}
    answer = control.post("/v1/identify", json={"userId": "1"}, headers=headers)

    assert (answer.status_code, answer.content) == (200, b"{}\n")
    assert control.get("/emulator/summary").json()["people"] == 1


def test_two_workspaces() -> None:
    """Credentials say which workspace is meant, and an event id is seen per workspace."""
    event = {"name": "paid", "id": "01HZZZZZZZZZZZZZZZZZZZZZZZ"}
    second = Workspace(name="second", site_id="s2", track_api_key="k2", private_key="sk_us_2")
    with (
        Emulator(workspaces=[DEFAULT_WORKSPACE, second]) as emulator,
        httpx2.Client(base_url=emulator.url) as client,
    ):
        for site, key in (("emulator-site", "emulator-key"), ("s2", "k2"), ("s2", "k2")):
            client.post("/api/v1/customers/1/events", json=event, auth=(site, key))
        held = [
            client.get("/emulator/summary", params={"workspace": name}).json()
            for name in ("emulator", "second")
        ]

    assert [(one["events"], one["repeats"]) for one in held] == [(1, 0), (1, 1)]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/api/v1/customers/1"),
        ("POST", "/api/v1/customers/1"),
        ("POST", "/api/v2/batch/"),
        ("PUT", "/api/v2/batch"),
        ("POST", "/api/v1/customers//events"),
        ("POST", "/api/v1/customers/../events"),
        ("POST", "/api/v1/customers/a/b/events"),
        ("GET", "/v1/batch"),
        ("OPTIONS", "/v1/batch"),
        ("POST", "/batch"),
    ],
)
def test_unknown(running: Emulator, method: str, path: str) -> None:
    """An unknown path, or a wrong method, is an HTML page with status 404, credentials or not."""
    with httpx2.Client() as client:
        answer = client.send(_raw(method, running.url, path))

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>Page Not Found | Customer.io</title>" in answer.text


def _raw(method: str, url: str, path: str) -> httpx2.Request:
    """A request whose path no client cleans up."""
    target = {"target": path.encode()}
    return httpx2.Request(method, url, extensions=target, content=b"{}")


@pytest.mark.parametrize("identifier", ["a/b", "a b", "ü+&@x", "..%2F", "%2e", "\N{SNOWMAN}"])
def test_encoded_identifiers(
    running: Emulator, track: httpx2.Client, control: httpx2.Client, identifier: str
) -> None:
    """A percent-encoded identifier arrives as it is, slashes and all."""
    encoded = "".join(f"%{byte:02X}" for byte in identifier.encode())
    raw = _raw("PUT", running.url, f"/api/v1/customers/{encoded}")
    raw.headers["authorization"] = basic("emulator-site", "emulator-key")
    answer = track.send(raw)
    (person,) = control.get("/emulator/people").json()["people"]

    assert answer.status_code == 200
    assert identifier in person["identifiers"].values()


BROKEN: list[bytes] = [
    b"{",
    b"[]",
    b"1",
    b"null",
    b'"x"',
    b"\xff\xfe",
    b'{"name": NaN}',
    b'{"a":' + b"[" * 100_000,
    b'{"name": 1e9999999999999999999}',
]


@pytest.mark.parametrize("body", BROKEN, ids=lambda body: repr(body[:12]))
def test_malformed(track: httpx2.Client, control: httpx2.Client, body: bytes) -> None:
    """A body that is no JSON object is a 400 in the words of its API, and nothing is applied."""
    v1 = track.post("/api/v1/customers/1/events", content=body)
    v2 = [track.post(path, content=body) for path in ("/api/v2/entity", "/api/v2/batch")]
    merge = track.post("/api/v1/merge_customers", content=body)

    assert v1.status_code == merge.status_code == 400
    assert [list(v1.json()), list(v1.json()["meta"])] == [["meta"], ["errors"]]
    assert [type(text) for text in v1.json()["meta"]["errors"]] == [str]
    assert [list(merge.json()["meta"]), type(merge.json()["meta"]["error"])] == [["error"], str]
    for answer in v2:
        assert answer.status_code == 400
        assert [set(error) for error in answer.json()["errors"]] == [{"reason", "field", "message"}]
    assert control.get("/emulator/summary").json()["people"] == 0


def test_region(track: httpx2.Client, emulator: Emulator) -> None:
    """The region of the account is where it was asked."""
    answer = track.get("/api/v1/accounts/region")

    assert answer.json() == {"url": emulator.url, "region": "us", "environment_id": 1}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/metrics", {"delivery_id": "d", "metric": "opened"}),
        ("/api/v1/push/events", {"delivery_id": "d", "event": "opened", "device_id": "x"}),
        ("/push/events", {"delivery_id": "d", "event": "opened", "device_id": "x"}),
        ("/unsubscribe/d", {"unsubscribe": True}),
    ],
)
def test_open_endpoints(control: httpx2.Client, path: str, body: dict[str, Any]) -> None:
    """Four endpoints need no credentials."""
    answer = control.post(path, json=body)
    (held,) = control.get("/emulator/deliveries").json()["deliveries"]["d"]

    assert answer.status_code == 200
    assert held["metric"] in ("opened", "unsubscribed")


def test_every_documented_route(shared: Path) -> None:
    """The table holds every method and path of the Track and Pipelines documents, and no others."""
    documented: set[tuple[str, str]] = set()
    for name, base in (("journeys-track", ""), ("pipelines", "/v1")):
        document = json.loads((shared / "reference" / "openapi" / f"{name}.json").read_text())
        documented |= {
            (method.upper(), base + path)
            for path, operations in document["paths"].items()
            for method in operations.keys() & {"get", "put", "post", "delete"}
        }
    known = {(route.method, route.path) for route in ROUTES if route.api != "app"}

    assert known - {("POST", "/push/events")} == documented


def test_gzip(pipelines: httpx2.Client, control: httpx2.Client) -> None:
    """A gzip body is read; what is cut short, or no gzip, is a 400."""
    body = gzip.compress(json.dumps({"batch": [{"type": "identify", "userId": "1"}]}).encode())
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    statuses = [
        pipelines.post("/v1/batch", content=content, headers=headers).status_code
        for content in (body, body[:-9], b"plain", gzip.compress(b"x" * (9 << 20)))
    ]

    assert statuses == [200, 400, 400, 400]
    assert control.get("/emulator/summary").json()["people"] == 1


def test_keeps_connections(connect: Callable[..., httpx2.Client]) -> None:
    """A client may use one connection for many requests, whatever their answers."""
    client = connect(None)
    answers = [client.get("/nope"), client.put("/api/v1/customers/1"), client.get("/livez")]
    ports = {
        answer.extensions["network_stream"].get_extra_info("client_addr") for answer in answers
    }

    assert [answer.status_code for answer in answers] == [404, 401, 200]
    assert len(ports) == 1
