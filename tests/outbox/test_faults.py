"""Faults on the way: conservation and per-person order hold under each of them (gates 1, 8, 12)."""

import socket
import threading

import pytest

from ferryman._core.account import Account
from ferryman._core.retry import Retry
from ferryman.emulator import Emulator
from ferryman.outbox import Outbox

FAULTS = {
    "503": [{"share": 0.2, "status": 503}],
    "503 with Retry-After": [{"share": 0.2, "status": 503, "retry_after": 0.05}],
    "429": [{"share": 0.2, "status": 429, "retry_after": 0}],
    "dropped before applying": [{"share": 0.2, "drop": "before"}],
    "dropped after applying": [{"share": 0.2, "drop": "after"}],
    "a wrong key for a while": [{"status": 401, "count": 3}],
    "some items refused": [{"share": 0.5, "partial": 0.1}],
    "everything at once": [
        {"share": 0.1, "status": 503},
        {"share": 0.1, "drop": "after"},
        {"share": 0.1, "drop": "before"},
        {"share": 0.2, "partial": 0.1},
    ],
}


@pytest.fixture(params=["memory", "sqlite"])
def place(request, tmp_path):
    """Where an outbox keeps things: both stores."""
    return "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'spool.db'}"


def impatient(place, account, **options):
    """Return an outbox that rests shortly, so that a test need not."""
    outbox = Outbox(place, account, linger=0.001, **options)
    outbox._relay._retry = Retry(retries=10**6, wait_base=0.01, wait_max=0.05, total_max=1e12)
    return outbox


def assert_conserved(counts):
    assert counts.adds_up()


def in_order(few, many):
    """Whether *few* is a part of *many*, in its order."""
    left = iter(many)
    return all(each in left for each in few)


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_lost_or_doubled_under_a_fault(place, live, seen, fault):
    """accepted = delivered + dead, and each person's events arrive in their order, once."""
    seen.faults(*FAULTS[fault])
    said, dead_possible = {}, "partial" in str(FAULTS[fault])
    outbox = impatient(place, live)

    def speak(number):
        for count in range(50):
            person = f"p{number}-{count % 5}"
            receipt = outbox.track(person, "said", data={"n": count})
            said.setdefault(person, []).append(receipt.id)

    threads = [threading.Thread(target=speak, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
        assert_conserved(outbox.stats())
    outbox.flush(60)
    counts = outbox.stats()
    outbox.close()

    held = seen.by_person()
    assert_conserved(counts)
    assert (counts.accepted, counts.pending) == (200, 0)
    # What was carried out without an answer may have been refused when it was said again.
    arrived = sum(map(len, held.values()))
    assert counts.delivered <= arrived <= counts.delivered + counts.dead
    assert counts.dead == 0 or dead_possible
    for person, ids in said.items():
        arrived = held.get(person, [])
        assert in_order(arrived, ids)
        assert len(set(arrived)) == len(arrived)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def outage(place, tmp_path, seconds, count):
    """Accept *count* events before, during and after an outage of *seconds*; return both sides."""
    port, said = free_port(), {}
    account = Account(
        site_id="emulator-site",
        track_api_key="emulator-key",
        track_url=f"http://127.0.0.1:{port}",
    )
    outbox = impatient(place, account)

    def speak(start):
        for number in range(start, start + count):
            person = f"p{number % 7}"
            said.setdefault(person, []).append(outbox.track(person, "said").id)

    data = tmp_path / "world.db"
    with Emulator(port=port, data=data):
        speak(0)
        outbox.flush(30)
    pause = threading.Event()
    speak(count)
    pause.wait(seconds)
    during = outbox.stats()
    with Emulator(port=port, data=data) as again:
        speak(2 * count)
        outbox.flush(60)
        after = outbox.stats()
        outbox.close()
        held = _held(again)
    return said, held, during, after


def _held(emulator):
    import httpx2

    found, start = {}, "0"
    with httpx2.Client(base_url=emulator.url) as client:
        while start:
            asked = {"start": start, "limit": 1000, "events": "true"}
            page = client.get("/emulator/people", params=asked).json()
            for person in page["people"]:
                found[person["identifiers"]["id"]] = [e["id"] for e in person["events"]]
            start = page["next"]
    return found


def test_an_outage_loses_nothing(place, tmp_path):
    """While nobody listens all is kept; afterwards it arrives in order, once."""
    said, held, during, after = outage(place, tmp_path, 1.0, 70)

    assert_conserved(during)
    assert (during.delivered, during.pending, during.dead) == (70, 70, 0)
    assert (after.delivered, after.pending, after.dead) == (210, 0, 0)
    assert held == said


@pytest.mark.soak
def test_an_outage_of_ten_seconds_loses_nothing(place, tmp_path):
    """The same for 4,000 events and ten seconds."""
    said, held, _during, after = outage(place, tmp_path, 10.0, 4_000)

    assert (after.delivered, after.dead) == (12_000, 0)
    assert held == said


def test_a_burst_through_many_connections_loses_nothing(place, live, seen):
    """3,000 events in a burst: each person's arrive in order, once, and none is repeated."""
    people = [f"p{number % 97}" for number in range(3_000)]
    outbox = Outbox(place, live)
    kept = outbox.track_many((person, "said") for person in people)
    outbox.flush(60)
    outbox.close()

    said = {}
    for person, ident in zip(people, kept.ids, strict=True):
        said.setdefault(person, []).append(ident)
    assert seen.by_person() == said
    assert seen.summary()["repeats"] == 0
