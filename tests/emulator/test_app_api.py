"""The sends of the App API over HTTP: what is kept, what is refused, who may."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ferryman.emulator import DEFAULT_WORKSPACE, Emulator

BEARER = {"authorization": f"Bearer {DEFAULT_WORKSPACE.app_api_key}"}
EMAIL = {"transactional_message_id": 7, "to": "a@example.com", "identifiers": {"id": "1"}}
RAW = {"to": "a@example.com", "identifiers": {"email": "a@example.com"}}
RAW |= {"subject": "Hello", "body": "<p>Hello</p>", "from": "b@example.com"}


@pytest.fixture
def app(connect: Callable[..., httpx2.Client]) -> httpx2.Client:
    """A client with the credentials of the App API."""
    client = connect(None)
    client.headers.update(BEARER)
    return client


def test_a_send_is_kept_and_answered(app: httpx2.Client, control: httpx2.Client) -> None:
    """An accepted message has an id and the second it was queued in, and is listed."""
    answer = app.post("/v1/send/email", json={**EMAIL, "message_data": {"total": 9.5}})
    said, held = answer.json(), control.get("/emulator/messages").json()["messages"]

    assert answer.status_code == 200
    assert set(said) == {"delivery_id", "queued_at"}
    assert answer.headers["cache-control"] == "must-revalidate,no-cache,no-store"
    assert {name: held[0][name] for name in ("channel", "id", "person", "to", "data")} == {
        "channel": "email",
        "id": said["delivery_id"],
        "person": {"id": "1"},
        "to": "a@example.com",
        "data": {"total": 9.5},
    }
    assert int(held[0]["at"]) == said["queued_at"]
    assert held[0]["transactional_message_id"] == "7"


def test_the_same_send_again_is_a_second_message(
    app: httpx2.Client, control: httpx2.Client
) -> None:
    """There is no idempotency key: each request is a message, with an id of its own."""
    ids = {app.post("/v1/send/email", json=EMAIL).json()["delivery_id"] for _ in range(3)}

    assert len(ids) == 3
    assert control.get("/emulator/summary").json()["messages"] == 3


@pytest.mark.parametrize("channel", ["push", "sms", "whatsapp", "in_app", "inbox_message"])
def test_every_channel_is_served(channel: str, app: httpx2.Client, control: httpx2.Client) -> None:
    """Each kind of message has its path."""
    body = {"transactional_message_id": "welcome", "to": "+491701234567", "identifiers": {"id": 1}}
    answer = app.post(f"/v1/send/{channel}", json=body)

    assert answer.status_code == 200
    assert control.get("/emulator/messages").json()["messages"][0]["channel"] == channel


def test_a_later_moment_is_told(app: httpx2.Client) -> None:
    """send_at is in the answer only when it lies ahead."""
    later = app.post("/v1/send/email", json={**EMAIL, "send_at": 4_000_000_000}).json()
    past = app.post("/v1/send/email", json={**EMAIL, "send_at": 1}).json()

    assert later["send_at"] == 4_000_000_000
    assert "send_at" not in past


@pytest.mark.parametrize(
    ("channel", "body", "message"),
    [
        ("email", {**EMAIL, "identifiers": {}}, "identifiers"),
        ("email", {**EMAIL, "identifiers": {"id": "1", "email": "a@b"}}, "identifiers"),
        ("email", {**EMAIL, "identifiers": {"phone": "+49170123"}}, "identifiers"),
        ("email", {**EMAIL, "to": ""}, "to is required"),
        ("email", {k: v for k, v in RAW.items() if k != "from"}, "from is required"),
        ("email", {**EMAIL, "attachments": {"a.txt": "no base64!"}}, '"a.txt"'),
        ("push", {"identifiers": {"id": "1"}}, "transactional_message_id is required"),
        ("sms", {"transactional_message_id": 1, "identifiers": {"id": "1"}}, "to is required"),
    ],
)
def test_what_lacks_something_is_refused(
    channel: str, body: Any, message: str, app: httpx2.Client, control: httpx2.Client
) -> None:
    """A send that lacks what its kind needs is a 400 that says so, and no message."""
    answer = app.post(f"/v1/send/{channel}", json=body)

    assert answer.status_code == 400
    assert message in answer.json()["meta"]["error"]
    assert control.get("/emulator/summary").json()["messages"] == 0


def test_an_email_needs_no_template(app: httpx2.Client) -> None:
    """With subject, body and sender there is no need of one."""
    assert app.post("/v1/send/email", json=RAW).status_code == 200


def test_attachments_have_a_limit(app: httpx2.Client) -> None:
    """From 2 MB on attachments are too large, below they are taken."""
    whole = base64.b64encode(b"x" * 2_000_000).decode()
    less = base64.b64encode(b"x" * 1_999_999).decode()
    too_large = app.post("/v1/send/email", json={**EMAIL, "attachments": {"a.txt": whole}})
    taken = app.post("/v1/send/email", json={**EMAIL, "attachments": {"a.txt": less}})

    assert too_large.status_code == 413
    assert too_large.json() == {"meta": {"error": "Total attachment size exceeds the limit"}}
    assert taken.status_code == 200


def test_a_broadcast_is_triggered_and_found_again(
    app: httpx2.Client, control: httpx2.Client
) -> None:
    """A trigger has a number, under which its state is told; another broadcast does not know it."""
    number = app.post("/v1/campaigns/3/triggers", json={"ids": ["1"], "data": {"a": 1}}).json()
    found = app.get(f"/v1/campaigns/3/triggers/{number['id']}")
    held = control.get("/emulator/messages").json()["messages"][0]

    assert number == {"id": 1}
    assert {found.json()[name] for name in ("id", "broadcast_id")} == {1, 3}
    assert found.json()["created_at"] == int(held["at"])
    assert (held["channel"], held["broadcast_id"], held["to"]) == ("broadcast", "3", "ids")
    assert app.get("/v1/campaigns/4/triggers/1").status_code == 404


@pytest.mark.parametrize(
    ("broadcast", "body", "status"),
    [
        ("x", {}, 404),
        ("3", {"ids": ["1"], "emails": ["a@b"]}, 422),
        ("3", {"recipients": {}}, 422),
        ("3", {"ids": ["1"] * 10_001}, 422),
        ("3", {"ids": "1"}, 422),
        ("3", {}, 200),
    ],
)
def test_a_broadcast_has_one_audience(
    broadcast: str, body: Any, status: int, app: httpx2.Client
) -> None:
    """No audience or one is taken, of 10,000 at most; the error has the App API's shape."""
    answer = app.post(f"/v1/campaigns/{broadcast}/triggers", json=body)

    assert answer.status_code == status
    if status != 200:
        assert answer.json()["errors"][0]["status"] == str(status)


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer wrong", "Basic ZW11bGF0b3Itc2l0ZTplbXVsYXRvci1rZXk=", "Bearer emulator-key"],
)
def test_only_the_keys_of_the_app_api_are_admitted(
    authorization: str, app: httpx2.Client, control: httpx2.Client
) -> None:
    """Whatever is no App key is a 401, which names no scheme, and nothing is sent."""
    answer = app.post("/v1/send/email", json=EMAIL, headers={"authorization": authorization})

    assert answer.status_code == 401
    assert answer.json() == {"meta": {"error": "Unauthorized request"}}
    assert "www-authenticate" not in answer.headers
    assert control.get("/emulator/summary").json()["messages"] == 0


def test_the_private_key_opens_it_too(app: httpx2.Client) -> None:
    """One private key works with every API."""
    bearer = {"authorization": f"Bearer {DEFAULT_WORKSPACE.private_key}"}

    assert app.post("/v1/send/email", json=EMAIL, headers=bearer).status_code == 200


def test_the_app_key_opens_nothing_else(app: httpx2.Client) -> None:
    """The App key is none of the Track API."""
    assert app.post("/api/v2/entity", json={}).status_code == 401


def test_a_fault_strikes_sends(app: httpx2.Client, control: httpx2.Client) -> None:
    """A connection dropped after applying leaves a message that nobody was told of."""
    control.put("/emulator/faults", json={"drop": "after", "path": "/v1/send", "count": 1})

    with pytest.raises(httpx2.HTTPError):
        app.post("/v1/send/email", json=EMAIL)
    assert control.get("/emulator/summary").json()["messages"] == 1


def test_messages_outlive_the_process(tmp_path: Path) -> None:
    """With a data file messages are there again, and are counted on."""
    ids = []
    for _ in range(2):
        with (
            Emulator(data=tmp_path / "world.db") as emulator,
            httpx2.Client(base_url=emulator.url, trust_env=False) as client,
        ):
            answer = client.post("/v1/send/email", json=EMAIL, headers=BEARER)
            ids.append(answer.json()["delivery_id"])
            count = client.get("/emulator/summary").json()["messages"]

    assert count == 2
    assert len(set(ids)) == 2
