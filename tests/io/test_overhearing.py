"""Counting what Customer.io took: each API, both colours, and only what was taken."""

import asyncio
import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ferryman import (
    Account,
    Anonymous,
    AsyncClient,
    Client,
    Event,
    Observing,
    Outbox,
    Retry,
    Unauthorized,
    operations,
)
from ferryman._core.message import NoReply, Reply, Request
from ferryman._io.overhearing import Said, taken
from ferryman._io.watch import notify
from ferryman.emulator import Emulator

FINE = Reply(200, {}, b"{}")


class Paid(Event):
    """An event of a plan."""

    total: float


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A Customer.io of this test's own."""
    with Emulator() as running:
        yield running


@pytest.fixture
def account(emulator: Emulator) -> Account:
    """An account that it admits, for every API."""
    env = emulator.env
    return Account(
        site_id=env["CUSTOMERIO_SITE_ID"],
        track_api_key=env["CUSTOMERIO_TRACK_API_KEY"],
        pipelines_write_key=env["CUSTOMERIO_PIPELINES_WRITE_KEY"],
        track_url=emulator.url,
        pipelines_url=emulator.url,
    )


def counts(observing: Observing) -> dict[str, int]:
    """How often each event was counted, and people as None."""
    found = json.loads(observing.document())
    people = {"people": found["person"]["count"]} if "person" in found else {}
    return {name: each["count"] for name, each in found.get("events", {}).items()} | people


def test_a_client_counts_each_api(account: Account) -> None:
    """Entity, batch, v1 and Pipelines are counted alike; pages and deletions are no events."""
    observing = Observing()
    with Client(account, observers=(observing,)) as client:
        client.track("1", Paid(total=1.5))
        client.track(Anonymous("a"), "left", data={"a": 1})
        client.identify("1", {"plan": "pro"})
        client.page("1", "/home")
        client.batch([operations.track("1", "paid", data={"total": 2}), operations.delete("7")])
        client.pipelines.track("1", "left", data={"b": 1})
        client.pipelines.identify("1", {"plan": "free"})
        client.pipelines.screen("1", "home")

    assert counts(observing) == {"paid": 2, "left": 2, "people": 2}
    assert b"pro" not in observing.document()


def test_an_async_client_counts_the_same(account: Account) -> None:
    """Both colours tell what they send."""
    observing = Observing()

    async def speak() -> None:
        async with AsyncClient(account, observers=(observing,)) as client:
            await client.track("1", Paid(total=1.5))

    asyncio.run(speak())

    assert counts(observing) == {"paid": 1}


def test_an_outbox_counts_what_it_delivered(account: Account, tmp_path: Path) -> None:
    """An outbox counts once for each event, and two of them count together."""
    observing = Observing(values=True)
    for place in ("memory:", f"sqlite:///{tmp_path}/spool.db"):
        with Outbox(place, account, observers=(observing,)) as outbox:
            for n in range(20):
                outbox.track(str(n), "paid", data={"method": ("card", "sepa")[n % 2]})
            outbox.flush(20)
    found = json.loads(observing.document())

    assert found["events"]["paid"]["fields"]["method"]["values"] == {"card": 20, "sepa": 20}


def test_what_was_not_taken_is_not_counted(emulator: Emulator) -> None:
    """A request that is refused as a whole says nothing to Customer.io, so it is not counted."""
    observing = Observing()
    account = Account(site_id="wrong", track_api_key="wrong", track_url=emulator.url)
    options: dict[str, Any] = {"retry": Retry(retries=0), "observers": (observing,)}
    with Client(account, **options) as client, pytest.raises(Unauthorized):
        client.track("1", "paid")

    assert counts(observing) == {}


BATCH = {
    "batch": [
        {"type": "person", "action": "event", "name": "a", "attributes": {}},
        {"type": "person", "action": "event", "name": "b"},
        {"type": "object", "action": "identify", "attributes": {"seats": 1}},
    ]
}
REFUSED = {"errors": [{"batch_index": 0, "reason": "invalid", "field": "name", "message": "no"}]}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (FINE, ["a", "b"]),
        (Reply(207, {}, json.dumps(REFUSED).encode()), ["b"]),
        (Reply(207, {}, b'{"errors":[{"reason":"x","message":"nobody knows who"}]}'), []),
        (Reply(400, {}, b"{}"), []),
        (Reply(200, {"content-type": "text/html"}, b"<html>"), []),
        (NoReply(None, "ReadTimeout"), []),
    ],
)
def test_items_of_a_batch_are_counted_by_their_answer(answer: Any, said: list[str]) -> None:
    """What the answer refuses, leaves unclear or does not reach is not counted."""
    request = Request("POST", "", {}, json.dumps(BATCH).encode(), "POST /api/v2/batch")

    assert list(taken(request, answer)) == [Said(name, {}) for name in said]


def test_calls_that_are_no_events_are_not_counted() -> None:
    """What Pipelines says as events but means otherwise is no event of a plan."""
    messages = [
        {"type": "track", "event": "Device Deleted", "properties": {}},
        {"type": "page", "name": "home"},
        {"type": "track", "event": "left"},
    ]
    body = json.dumps({"batch": messages}).encode()

    assert list(taken(Request("POST", "", {}, body, "POST /v1/batch"), FINE)) == [Said("left", {})]


@pytest.mark.parametrize("body", [b"", b"[1]", b'{"batch":[1]}', b"{", b'{"type":"person"}'])
def test_a_body_that_cannot_be_read_stops_nothing(
    body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A request of the user's own making may say anything, and quotes nothing in a log."""
    observing = Observing()
    for path in ("/api/v2/entity", "/api/v2/batch", "/v1/track"):
        notify((observing,), Request("POST", "", {}, body, f"POST {path}"), FINE, 0.1)

    assert counts(observing) == {}
    raised = [record.getMessage().partition(" ")[0] for record in caplog.records]
    assert set(raised) <= {"ferryman.observer_raised"}


@pytest.fixture
def hasty() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty")
def test_threads_count_together(tmp_path: Path) -> None:
    """No count is lost between threads, and the file can be written meanwhile."""
    observing = Observing()
    fields = ",".join(f'"f{n}":{n}' for n in range(50)).encode()
    body = b'{"type":"person","action":"event","name":"a","attributes":{%b}}' % fields
    request = Request("POST", "", {}, body, "POST /api/v2/entity")

    def speak() -> None:
        for n in range(300):
            observing.hear(request, FINE)
            if n % 10 == 0:
                observing.save(tmp_path / "observed.json")

    threads = [threading.Thread(target=speak) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = json.loads(observing.document())["events"]["a"]
    assert {found["count"], *(each["present"] for each in found["fields"].values())} == {1_200}
    assert [path.name for path in tmp_path.iterdir()] == ["observed.json"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_forked_child_counts_its_own(tmp_path: Path) -> None:
    """What the parent counted is the parent's, so that the files of both add up."""
    observing = Observing()
    body = b'{"name":"a","data":{}}'
    request = Request("POST", "", {}, body, "POST /api/v1/events")
    observing.hear(request, FINE)
    observing._lock.acquire()  # as a thread that counts at the moment of the fork holds it
    child = os.fork()
    if child == 0:
        observing.hear(request, FINE)
        observing.hear(request, FINE)
        observing.save(tmp_path / "child.json")
        os._exit(0)
    observing._lock.release()
    os.waitpid(child, 0)
    observing.merge((tmp_path / "child.json").read_bytes())

    assert counts(observing) == {"a": 3}
