"""The outbox as an application holds it: flush, close, takeover, and what it says of itself."""

import gc
import threading
import time

import msgspec
import pytest

from ferryman.errors import FerrymanError, FlushTimeout, OutboxClosed
from ferryman.outbox import Outbox
from ferryman.outbox.stores.memory import MemoryStore
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import events


@pytest.fixture(params=["memory", "sqlite"])
def place(request, tmp_path):
    """Where an outbox keeps things: both stores."""
    return "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'spool.db'}"


@pytest.fixture
def spool(tmp_path):
    """The place of a SQLite outbox."""
    return f"sqlite:///{tmp_path / 'spool.db'}"


def close_quietly(outbox):
    try:
        outbox.close(0)
    except FlushTimeout:
        assert outbox.level == "memory"


def test_what_is_accepted_is_delivered_with_the_id_of_its_receipt(place, live, seen):
    """A receipt names the event as Customer.io will know it, and the level it got."""
    with Outbox(place, live) as outbox:
        receipts = [outbox.track(f"p{n % 3}", "said", data={"n": n}) for n in range(30)]
        outbox.flush(30)
        counts = outbox.stats()

    assert {receipt.level for receipt in receipts} == {"memory" if place == "memory:" else "power"}
    assert seen.by_person() == {f"p{n}": [r.id for r in receipts[n::3]] for n in range(3)}
    assert (counts.accepted, counts.delivered, counts.pending, counts.dead) == (30, 30, 0, 0)


def test_accepting_waits_for_no_answer(place, live, seen):
    """While Customer.io takes its time, everything is accepted before anything arrived."""
    seen.faults({"delay": 3})
    outbox = Outbox(place, live, linger=0)
    for number in range(20):
        outbox.track(f"p{number}", "said")
    arrived = seen.summary()["events"]
    accepted = outbox.stats().accepted
    seen.faults()
    outbox.close(20)  # what travels would arrive in the next test

    assert (accepted, arrived) == (20, 0)


def test_leaving_the_context_delivers(place, live, seen):
    """close(), by the context manager too, delivers what waits."""
    with Outbox(place, live) as outbox:
        receipts = outbox.accept_many([]).receipts
        receipts += [outbox.track("p", "said") for _ in range(5)]

    assert seen.by_person() == {"p": [receipt.id for receipt in receipts]}


def test_flush_says_how_much_is_left_and_loses_nothing(place, account):
    """FlushTimeout carries the number that still waits; all of it is kept."""
    outbox = Outbox(place, account)
    for _ in range(3):
        outbox.track("p", "said")

    with pytest.raises(FlushTimeout) as caught:
        outbox.flush(0.2)

    assert caught.value.pending == 3
    assert outbox.stats().pending == 3
    close_quietly(outbox)


def test_flush_waits_only_for_what_was_accepted_before(place, live):
    """flush() ends although others go on accepting."""
    over = threading.Event()
    with Outbox(place, live) as outbox:

        def go_on():
            while not over.is_set():
                outbox.track("other", "said")
                time.sleep(0.002)

        thread = threading.Thread(target=go_on)
        thread.start()
        outbox.track("p", "said")
        outbox.flush(20)
        over.set()
        thread.join()


def test_flush_of_an_empty_outbox_returns_at_once(place, account):
    """With nothing to wait for there is no waiting, whatever the destination."""
    outbox = Outbox(place, account)

    outbox.flush(0)

    outbox.close()


def test_the_relay_cannot_flush_itself(place, live):
    """flush() from an observer, on the relay's own thread, raises and stops nothing (rule 32)."""
    raised = []

    def observer(_exchange):
        try:
            outbox.flush(1)
        except FerrymanError as error:
            raised.append(str(error))

    with Outbox(place, live, observers=(observer,)) as outbox:
        outbox.track("p", "said")
        outbox.flush(20)

    assert raised == ["flush() cannot be called by the relay itself"]


def test_an_observer_that_raises_stops_nothing(place, live, seen):
    """A user's callback never kills a worker (rule 32)."""

    def observer(_exchange):
        raise RuntimeError("the user's mistake")

    with Outbox(place, live, observers=(observer,)) as outbox:
        receipt = outbox.track("p", "said")
        outbox.flush(20)

    assert seen.ids() == [receipt.id]


def test_a_closed_outbox_accepts_nothing(place, live):
    """After close, every write says so; closing twice is fine."""
    outbox = Outbox(place, live)
    outbox.close()
    outbox.close()

    with pytest.raises(OutboxClosed):
        outbox.track("p", "said")


def test_closing_a_memory_outbox_says_what_is_lost(account):
    """What memory holds is lost with it, and close() counts it."""
    outbox = Outbox("memory:", account)
    outbox.track("p", "said")

    with pytest.raises(FlushTimeout) as caught:
        outbox.close(0.1)

    assert caught.value.pending == 1


def test_closing_a_sqlite_outbox_leaves_the_rest_to_the_next(spool, account, live, seen):
    """What close() could not deliver is on disk for whoever comes next."""
    outbox = Outbox(spool, account)
    receipt = outbox.track("p", "said")
    outbox.close(0.1)

    with Outbox(spool, live) as following:
        following.flush(20)

    assert seen.ids() == [receipt.id]


def test_an_outbox_that_is_forgotten_warns(account):
    """Whoever drops an outbox without closing it is told (style rule 15)."""
    outbox = Outbox("memory:", account)

    with pytest.warns(ResourceWarning, match="was not closed"):  # noqa: PT031 - two steps
        del outbox
        gc.collect()


def test_an_external_relay_delivers_what_another_process_accepts(spool, live, seen):
    """With relay="external" nothing is sent from here, until somebody with a relay comes."""
    accepting = Outbox(spool, live, relay="external")
    receipt = accepting.track("p", "said")
    with pytest.raises(FlushTimeout):
        accepting.flush(0.3)
    alone = seen.ids()

    with Outbox(spool, live):
        accepting.flush(20)

    assert alone == []
    assert seen.ids() == [receipt.id]
    assert accepting.stats().delivered == 1
    accepting.close()


def test_the_second_outbox_takes_over_when_the_first_is_closed(spool, live, seen):
    """One delivers at a time; when it goes the next one leads within about a second."""
    first, second = Outbox(spool, live), Outbox(spool, live)
    first.start()
    first.track("p", "said")
    first.flush(20)
    second.track("p", "said")
    second.flush(20)  # by the first
    first.close()

    second.track("p", "said")
    second.flush(5)

    assert len(seen.ids()) == 3
    second.close()


def test_an_outbox_takes_a_store_of_ones_own(live, seen):
    """Any store that passes the contract will do."""
    with Outbox(MemoryStore(max_bytes=10_000), live) as outbox:
        receipt = outbox.track("p", "said")
        outbox.flush(20)

    assert seen.ids() == [receipt.id]


def test_one_request_operations_and_batches_keep_a_persons_order(place, live, seen):
    """Operations of v1 and v2, barriers and plain ones, all arrive; none is overtaken."""
    with Outbox(place, live) as outbox:
        for number in range(6):
            outbox.identify(f"p{number}", {"n": number})
            outbox.track(f"p{number}", "first")
            outbox.submit_form("form", f"p{number}", {"a": "b"})
            outbox.identify(f"p{number}", {"email": f"p{number}@example.com"})
            outbox.track(f"p{number}", "second")
        outbox.merge("p0", "p1")
        outbox.track("p0", "third")
        outbox.delete("p2")
        outbox.flush(30)
        counts = outbox.stats()

    assert (counts.delivered + counts.cancelled, counts.dead) == (33, 0)
    held = seen.by_person()
    assert sorted(held) == ["p0", "p3", "p4", "p5"]
    assert [len(held[person]) for person in ("p3", "p4", "p5")] == [2, 2, 2]


class FailsOnce(SqliteStore):
    """A spool whose first settlement fails, as on a full disk."""

    failures = 1

    def settle(self, verdicts, now):
        if self.failures:
            self.failures -= 1
            raise FerrymanError("the disk is full")
        super().settle(verdicts, now)


def test_a_failing_settlement_is_made_good_and_repeats_no_form(tmp_path, live, seen):
    """When the store fails after the answer, the answer is kept: no form goes twice (rule 20)."""
    with Outbox(FailsOnce(tmp_path / "spool.db"), live) as outbox:
        outbox.submit_form("form", "p", {"a": "b"})
        outbox.flush(20)
        counts = outbox.stats()

    assert (counts.delivered, counts.dead) == (1, 0)
    assert seen.summary()["requests"] == 1


def test_an_operation_of_a_later_version_stops_nobody(tmp_path, live, seen):
    """What this version cannot say is put aside and counted; what stands behind it goes on."""
    store = SqliteStore(tmp_path / "spool.db")
    later, *known = events(3)
    store.put([msgspec.structs.replace(later, name="teleport"), *known])

    with Outbox(store, live) as outbox:
        outbox.flush(20)
        counts = outbox.stats()

    assert (counts.delivered, counts.dead, counts.pending) == (2, 1, 0)
    assert len(seen.ids()) == 2


def test_mode_off_keeps_counts_and_sends_nothing(place, live, seen):
    """In mode "off" everything is checked and counted, and nothing is sent."""
    with Outbox(place, live, mode="off") as outbox:
        outbox.track("p", "said")
        outbox.flush(20)
        counts = outbox.stats()

    assert counts.delivered == 1
    assert seen.summary()["requests"] == 0
