"""A bound is what fits, to the byte; whoever waits for a try holds no place."""

import pytest

from ferryman import operations as say
from ferryman.errors import DeadLettersFull, OutboxFull
from ferryman.outbox.entry import Dead
from ferryman.outbox.stores.memory import MemoryStore
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.outbox.throttle import Throttle
from ferryman.testing.stores import kept


@pytest.fixture(params=["memory", "sqlite"])
def make_store(request, tmp_path):
    """Makes an empty store of each kind."""
    made = []

    def make(**bounds):
        if request.param == "memory":
            made.append(MemoryStore(**bounds))
        else:
            made.append(SqliteStore(tmp_path / f"{len(made)}.db", **bounds))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_what_fills_an_outbox_to_the_byte_is_accepted(make_store):
    """Only the one beyond is refused."""
    (entry,) = kept(make_store(), say.track("p", "x"))
    store = make_store(max_bytes=2 * len(entry.body))

    kept(store, say.track("p", "x"), say.track("p", "x"))

    with pytest.raises(OutboxFull):
        kept(store, say.track("p", "x"))


@pytest.mark.parametrize("spare", [0, -1])
def test_what_fills_the_place_of_the_dead_to_the_byte_has_room(make_store, spare):
    """Only the one beyond has none."""
    measured = make_store()
    measured.settle([Dead(*kept(measured, say.track("p", "x")), "odd")], 8)
    store = make_store(max_dead_bytes=measured.counts().dead_bytes + spare)
    dead = Dead(*kept(store, say.track("p", "x")), "odd")

    if spare < 0:
        with pytest.raises(DeadLettersFull):
            store.settle([dead], 8)
    else:
        store.settle([dead], 8)

    assert store.counts().dead == (spare == 0)


def test_who_waits_for_the_next_try_leaves_the_place_to_others():
    """One request at a time, and one that rests: another may be claimed meanwhile (rule 7)."""
    throttle = Throttle(ceiling=1)
    throttle.claimed = throttle.resting = 1

    resting = throttle.open
    throttle.resting = 0

    assert resting
    assert not throttle.open


def test_no_more_bytes_are_read_than_are_asked_for(make_store):
    """Large operations of many calls: what is read ahead stays within its bound and one more."""
    store = make_store()
    for _ in range(20):
        kept(store, say.track("p", "x", data={"t": "x" * 30_000}))

    found = store.read(0, limit=1_000, size=100_000)

    assert [entry.seq for entry in found] == [1, 2, 3, 4]
