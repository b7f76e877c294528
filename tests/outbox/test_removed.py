"""Who was removed stays so, and nobody goes behind a barrier that failed (rules 10 and 11)."""

import pytest

from ferryman import operations as say
from ferryman.outbox.batching import Limits
from ferryman.outbox.entry import Dead, Entry
from ferryman.outbox.order import Line
from ferryman.outbox.stores.memory import MemoryStore
from ferryman.outbox.stores.sqlite import SqliteStore


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    """An empty store of each kind."""
    made = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "spool.db")
    yield made
    made.close()


def entry(operation, ident="01ARZ3NDEKTSV4RRFFQ69G5FAV"):
    return Entry.of(operation, ident, 1)


def put(store, operation):
    """Keep *operation*, and return it as the relay reads it."""
    store.put([entry(operation)])
    return store.read(store.last() - 1, limit=1, size=10_000)[0]


@pytest.mark.parametrize("removal", [say.delete, say.suppress])
def test_a_replay_brings_nobody_back(store, removal):
    """A dead letter is not replayed once a newer delete or suppress of its person exists."""
    old = put(store, say.identify("p", {"plan": "old"}))
    other = put(store, say.identify("q", {"plan": "old"}))
    store.settle([Dead(old, "invalid"), Dead(other, "invalid")], 1)
    put(store, removal("p"))

    replayed = store.replay([old.seq, other.seq])

    assert replayed.refused == ((old.seq, "removed"),)
    assert [each.seq for each in store.read(0, limit=9, size=10_000) if each.key == other.key] == [
        other.seq
    ]
    assert store.counts().adds_up()


def test_a_barrier_that_failed_parks_its_key(store):
    """A dead barrier parks its person, until somebody skips it; a dead event parks nobody."""
    event = put(store, say.track("q", "x"))
    barrier = put(store, say.delete("p"))
    store.settle([Dead(event, "invalid"), Dead(barrier, "invalid")], 1)
    parked = store.parked()

    store.skip([barrier.seq])

    assert parked == {barrier.key}
    assert store.parked() == set()


def test_nobody_goes_behind_a_failed_barrier(make):
    """What joins for a parked key is left in the store, a merge with it too; others go."""
    line = Line()
    line.parked = frozenset({"a"})
    line.join([make("track", "a"), make("track", "b"), make("merge", "c", "a")])

    batch = line.take(Limits())

    assert [each.seq for each in batch.entries] == [2]
    assert line.take(Limits()) is None
    assert line.parked_entries == 2


@pytest.mark.parametrize("name", ["delete", "suppress"])
def test_a_removal_cancels_what_waits_from_before(make, name):
    """Older operations of the person are not sent any more; those of others and newer ones are."""
    line = Line()
    line.join([make("track", "a"), make("track", "b"), make(name, "a"), make("identify", "a")])

    found = []
    while (batch := line.take(Limits())) is not None:
        found.append([each.seq for each in batch.entries])
        line.release(batch)

    assert [each.seq for each in line.cancelled] == [1]
    assert found == [[2, 3], [4]]
