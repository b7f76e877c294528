"""A full place for the dead holds up nobody who lives, and loses nobody who died (rule 19)."""

import time

import pytest

from ferryman.errors import FlushTimeout
from ferryman.outbox import Outbox
from ferryman.outbox.stores.memory import MemoryStore
from ferryman.outbox.stores.sqlite import SqliteStore


def until(condition):
    """Wait until *condition* holds."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.01)


@pytest.fixture(params=["memory", "sqlite"])
def narrow(request, tmp_path):
    """A store in which hardly two dead letters have room."""
    if request.param == "memory":
        return MemoryStore(max_dead_bytes=600)
    return SqliteStore(tmp_path / "spool.db", max_dead_bytes=600)


def test_the_living_go_on_while_the_dead_have_no_room(narrow, live, seen):
    """More dead than fit hold up nobody; after a purge they are put aside, and none is lost."""
    with Outbox(narrow, live, linger=0, concurrency=2) as outbox:
        seen.faults({"status": 400, "path": "/api/v1/forms"})
        for number in range(20):
            outbox.submit_form("f", f"dead-{number}", {"a": "b" * 100})
        until(lambda: outbox.stats().dead >= 2)
        receipts = [outbox.track(f"p{n % 3}", "said") for n in range(60)]
        until(lambda: len(seen.ids()) == 60)
        until(lambda: seen.summary()["requests"] >= 20 + 1)
        held = outbox.stats()
        purged = 0
        while (counts := outbox.stats()).pending or counts.dead:
            purged += outbox.dead.purge(everything=True)
            time.sleep(0.01)
        counts = outbox.stats()

    assert seen.by_person() == {f"p{n}": [r.id for r in receipts[n::3]] for n in range(3)}
    assert (held.pending + held.dead, held.delivered) == (20, 60)
    assert held.dead_bytes <= 600
    assert held.adds_up()
    assert (counts.purged, purged, counts.delivered) == (20, 20, 60)


def test_who_died_without_room_keeps_their_place(narrow, live, seen):
    """What is said of the same person waits until the dead one has its place: no delete passes."""
    with Outbox(narrow, live, linger=0) as outbox:
        seen.faults({"status": 400})
        outbox.identify("first", {"x": "x" * 300})
        outbox.flush(30)
        outbox.identify("late", {"x": "x" * 300})
        with pytest.raises(FlushTimeout, match="replay, skip or purge"):
            outbox.flush(30)
        seen.faults()
        outbox.delete("late")
        other = outbox.track("other", "said")
        until(lambda: other.id in seen.ids())
        with pytest.raises(FlushTimeout, match="replay, skip or purge"):
            outbox.flush(30)
        held = outbox.stats()
        outbox.dead.skip([1])
        outbox.flush(30)
        result = outbox.dead.replay(everything=True)
        counts = outbox.stats()

    assert (held.dead, held.pending) == (1, 2)
    assert (result.replayed, result.removed) == (0, 1)
    assert counts.adds_up()
    assert "late" not in seen.by_person()


def test_what_died_without_room_is_not_lost_with_the_relay(tmp_path, live, seen):
    """A relay that ends leaves them waiting; the next one puts aside what then has room."""
    path = tmp_path / "spool.db"
    with Outbox(SqliteStore(path, max_dead_bytes=1), live, linger=0) as outbox:
        seen.faults({"status": 400})
        receipts = [outbox.track(f"p{n}", "said") for n in range(5)]
        until(lambda: seen.summary()["requests"] >= 5)
        outbox.close(1)
    with Outbox(SqliteStore(path), live, linger=0) as outbox:
        outbox.flush(30)
        letters = outbox.dead.list()
        counts = outbox.stats()

    assert (counts.dead, counts.pending) == (5, 0)
    assert [letter.id for letter in letters] == [receipt.id for receipt in receipts]
