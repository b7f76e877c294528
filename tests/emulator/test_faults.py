"""Faults: reading them, whom they strike, and what then comes over the wire."""

import socket
import ssl
import time
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from ferryman.emulator import DEFAULT_WORKSPACE, Emulator
from ferryman.emulator.faults import Fault, Faults, parse, strikes

EVENT = {"type": "person", "action": "event", "identifiers": {"id": "1"}, "name": "paid"}


def put(control: httpx2.Client, *faults: dict[str, Any]) -> None:
    control.put("/emulator/faults", json=list(faults)).raise_for_status()


@pytest.mark.parametrize(
    ("document", "faults"),
    [
        (b"[]", ()),
        (b'{"share":0.1,"status":503,"retry_after":1}', (Fault(0.1, status=503, retry_after=1),)),
        (b'[{"delay":0.05},{"drop":"after"}]', (Fault(delay=0.05), Fault(drop="after"))),
        (b'{"delay":1,"status":429}', (Fault(delay=1, status=429),)),
    ],
)
def test_parse(document: bytes, faults: tuple[Fault, ...]) -> None:
    """A fault, or a list of them, is read from JSON; all requests are struck unless said."""
    assert parse(document) == faults


@pytest.mark.parametrize(
    ("document", "about"),
    [
        (b"", ""),
        (b"5", "object"),
        (b"{}", "needs one of"),
        (b'{"share":2,"delay":1}', "share"),
        (b'{"status":200}', "status"),
        (b'{"drop":"never"}', "drop"),
        (b'{"dleay":1}', "dleay"),
        (b'{"status":503,"drop":"after"}', "one of status, drop, partial"),
        (b'{"delay":1,"retry_after":1}', "retry_after"),
        (b'{"delay":1,"count":0}', "count"),
        (b"[" * 100_000, ""),
        (b'{"faults":[{"drop":"x"}],"struck":[0]}', "drop"),
        (b'{"faults":7}', ""),
    ],
)
def test_parse_wrong(document: bytes, about: str, control: httpx2.Client) -> None:
    """A document that is no fault is a 400 that says why, and changes no fault."""
    put(control, {"delay": 0})
    headers = {"content-type": "application/json"}
    answer = control.put("/emulator/faults", content=document, headers=headers)

    assert answer.status_code == 400
    assert about in answer.json()["meta"]["error"]
    assert control.get("/emulator/faults").json()["faults"] == [{"delay": 0}]


@pytest.mark.parametrize(
    ("fault", "struck", "chance", "expected"),
    [
        (Fault(0.1, delay=1), 0, 0.09, True),
        (Fault(0.1, delay=1), 0, 0.1, False),
        (Fault(1, delay=1), 0, 0.999, True),
        (Fault(0, delay=1), 0, 0.0, False),
        (Fault(delay=1, count=2), 1, 0.5, True),
        (Fault(delay=1, count=2), 2, 0.5, False),
        (Fault(delay=1, path="/v1/"), 0, 0.5, False),
        (Fault(delay=1, path="/api/"), 0, 0.5, True),
        (Fault(partial=0.5), 0, 0.5, False),
    ],
)
def test_strikes(fault: Fault, struck: int, chance: float, expected: bool) -> None:
    """A fault strikes its share, until its count is reached, where it belongs."""
    found = strikes(fault, path="/api/v1/events", batch=False, struck=struck, chance=chance)

    assert found is expected


def test_first_wins() -> None:
    """Of several faults the first that strikes is the one."""
    faults = Faults(lambda seed: lambda: 0.5)
    faults.put((Fault(0.1, status=500), Fault(status=503, count=1), Fault(delay=1)))
    drawn = [faults.draw("/x", batch=False) for _ in range(2)]

    assert [one[0] for one in drawn if one] == [Fault(status=503, count=1), Fault(delay=1)]


def test_seed(track: httpx2.Client, control: httpx2.Client) -> None:
    """With a seed the same requests are struck in every run, about the share of them."""
    runs: list[list[int]] = []
    for _ in range(2):
        put(control, {"share": 0.3, "status": 503, "seed": 7})
        runs.append([track.put("/api/v1/customers/1", json={}).status_code for _ in range(60)])

    assert runs[0] == runs[1]
    assert 8 <= Counter(runs[0])[503] <= 28


@pytest.mark.parametrize(("after", "header"), [(None, None), (1, "1"), (0.5, "0.5"), (0, "0")])
def test_status(
    track: httpx2.Client, control: httpx2.Client, after: float | None, header: str | None
) -> None:
    """A status is answered with its Retry-After, nothing is applied, and then it is over."""
    put(control, {"status": 429, "count": 1} | ({} if after is None else {"retry_after": after}))
    answers = [track.post("/api/v2/entity", json=EVENT) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [429, 200]
    assert answers[0].headers.get("retry-after") == header
    assert answers[0].headers["content-type"] == "application/json; charset=utf-8"
    assert control.get("/emulator/summary").json()["events"] == 1


def test_delay(track: httpx2.Client, control: httpx2.Client) -> None:
    """A delayed request is answered so much later."""
    put(control, {"delay": 0.2})
    began = time.monotonic()
    answer = track.post("/api/v2/entity", json=EVENT)

    assert answer.status_code == 200
    assert time.monotonic() - began >= 0.2


def test_what_is_shown_can_be_put_back(control: httpx2.Client) -> None:
    """The document of GET, edited, is one that PUT takes."""
    put(control, {"status": 503, "share": 0.5, "count": 2, "seed": 7})
    shown = control.get("/emulator/faults").json()
    shown["faults"][0]["count"] = 9
    answer = control.put("/emulator/faults", json=shown)

    assert answer.status_code == 200
    assert answer.json() == control.get("/emulator/faults").json() == shown


def test_control_is_spared(control: httpx2.Client) -> None:
    """Faults strike the APIs, never the control API."""
    put(control, {"status": 500})

    assert control.get("/livez").status_code == 200
    assert control.get("/emulator/summary").status_code == 200


def test_partial(track: httpx2.Client, control: httpx2.Client) -> None:
    """A share of the items of a batch is refused with a 207; the others are applied."""
    put(control, {"partial": 0.2, "seed": 3})
    answer = track.post("/api/v2/batch", json={"batch": [EVENT] * 100})
    errors = answer.json()["errors"]
    summary = control.get("/emulator/summary").json()

    assert answer.status_code == 207
    assert 5 <= len(errors) <= 40
    assert {error["reason"] for error in errors} == {"emulated"}
    assert len({error["batch_index"] for error in errors}) == len(errors)
    assert summary["events"] == 100 - len(errors)
    assert summary["rejected"] == len(errors)


def exchange(emulator: Emulator, *, tls: bool) -> bytes:
    """Send one event on a bare socket and return every byte that comes back until it closes."""
    url = urlsplit(emulator.tls_url if tls else emulator.url)
    body = b'{"name":"paid"}'
    head = (
        "POST /api/v1/customers/1/events HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {DEFAULT_WORKSPACE.private_key}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode()
    assert url.hostname
    with socket.create_connection((url.hostname, url.port), timeout=10) as plain:
        sock = plain
        if tls:
            trust = ssl.create_default_context(cafile=emulator.ca_bundle)
            sock = trust.wrap_socket(plain, server_hostname="localhost")
        with sock:
            sock.sendall(head + body)
            received = b""
            try:
                while piece := sock.recv(4096):
                    received += piece
            except (ConnectionResetError, ssl.SSLEOFError):
                pass
            return received


@pytest.mark.parametrize("tls", [False, True], ids=["http", "tls"])
@pytest.mark.parametrize(("drop", "events"), [("before", 0), ("after", 1)])
def test_drop(
    emulator: Emulator, control: httpx2.Client, tls: bool, drop: str, events: int
) -> None:
    """A dropped connection closes without a byte, before or after the request was applied."""
    put(control, {"drop": drop, "count": 1})
    dropped = exchange(emulator, tls=tls)
    held = control.get("/emulator/summary").json()["events"]
    answered = exchange(emulator, tls=tls)
    (first, second) = control.get("/emulator/requests").json()["requests"]

    assert dropped == b""
    assert held == events
    assert answered.startswith(b"HTTP/1.1 200 OK\r\n")
    assert (first["status"], second["status"]) == (0, 200)


def test_drop_is_quiet(
    emulator: Emulator, control: httpx2.Client, caplog: pytest.LogCaptureFixture
) -> None:
    """Dropping a connection is no error of the server: nothing is logged."""
    put(control, {"drop": "before", "count": 1})
    exchange(emulator, tls=False)
    control.get("/livez")

    assert caplog.records == []
