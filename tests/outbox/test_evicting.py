"""Whoever evicts gets room in the end, however many others take it before them."""

from ferryman import Evict, Outbox
from ferryman.outbox.stores.memory import MemoryStore


class Crowded(MemoryStore):
    """A store in which others take the room that was made, ten times."""

    def __init__(self, others):
        super().__init__(max_entries=1)
        self.others = others

    def evict(self, names, entries, size):
        gone = super().evict(names, entries, size)
        if self.others:
            self.put([self.others.pop()])
        return gone


def test_others_who_take_the_room_refuse_nobody(account, make):
    """As long as there is somebody to throw away, a call that may evict is accepted."""
    store = Crowded([make("track", "other") for _ in range(10)])
    outbox = Outbox(store, account, overflow=Evict(), relay="external")
    outbox.track("p", "first")

    receipt = outbox.track("p", "second")

    waiting = store.read(0, limit=9, size=10_000)
    assert [entry.id for entry in waiting] == [receipt.id]
    assert outbox.stats().evicted == 11
    outbox.close()


class Delivered(Crowded):
    """The same, where it was a delivery that made the room: nobody had to be thrown away."""

    def evict(self, names, entries, size):
        gone = super().evict(names, entries, size)
        return 0 if self.others else gone


def test_others_who_take_the_room_of_what_was_delivered_refuse_nobody(account, make):
    """Room that came and went is no reason to give up."""
    store = Delivered([make("track", "other") for _ in range(10)])
    outbox = Outbox(store, account, overflow=Evict(), relay="external")
    outbox.track("p", "first")

    receipt = outbox.track("p", "second")

    assert [entry.id for entry in store.read(0, limit=9, size=10_000)] == [receipt.id]
    outbox.close()
