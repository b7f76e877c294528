"""A flush behind a failed barrier tells what waits for a person, whatever others say meanwhile."""

import threading

import pytest

from ferryman import Outbox
from ferryman.errors import FlushTimeout
from ferryman.outbox.entry import Entry
from ferryman.outbox.stores.memory import MemoryStore


class Busy(MemoryStore):
    """In the moment in which a flush begins, others say *said*, and the last one goes."""

    said: Entry | None = None
    went = True

    def __init__(self):
        super().__init__()
        self.seen = threading.Event()

    def last(self):
        upto = super().last()
        if self.said is not None:
            self.put([self.said])
            self.said, self.went = None, False
        return upto

    def read(self, after, *, limit, size):
        found = super().read(after, limit=limit, size=size)
        if not self.went and found:
            self.seen.set()
        return found

    def pending(self, upto):
        if self.went:
            return super().pending(upto)
        assert self.seen.wait(30)
        self.went = True
        return 1


def parking(outbox, seen):
    """Let a merge of ann and bob die, and take the fault away."""
    seen.faults({"status": 422})
    outbox.merge("ann", "bob")
    outbox.flush(30)
    seen.faults()


def test_what_is_parked_ends_a_flush_while_others_go_on(live, seen):
    """Those who accept at the same time, and are delivered, hold up nobody who flushes."""
    speaking, ending = threading.Event(), threading.Event()
    with Outbox("memory:", live, linger=0) as outbox:
        parking(outbox, seen)

        def go_on():
            while not ending.wait(0.001):
                outbox.track("eve", "said")
                speaking.set()

        busy = threading.Thread(target=go_on)
        seen.faults({"delay": 0.2})  # so that something always waits
        busy.start()
        assert speaking.wait(30)
        try:
            outbox.track("ann", "behind")
            with pytest.raises(FlushTimeout, match="1 operation waits for a person"):
                outbox.flush(10)
        finally:
            ending.set()
            busy.join()
            outbox.dead.skip(parks=True)


def test_what_is_parked_after_a_flush_began_is_not_its_business(live, seen, make):
    """A flush whose operations are all delivered returns, although others are parked meanwhile."""
    store = Busy()
    with Outbox(store, live, linger=0) as outbox:
        parking(outbox, seen)
        store.said = make("track", "i:ann")

        outbox.flush(30)
        outbox.dead.skip(parks=True)
