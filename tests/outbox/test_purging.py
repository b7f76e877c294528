"""A purge of a person leaves nothing of theirs, whatever others do meanwhile."""

import pytest

from ferryman import operations as say
from ferryman.outbox.entry import Dead
from ferryman.outbox.stores.memory import MemoryStore
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import all_dead, assert_adds_up, kept, waiting


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    """An empty store of each kind."""
    made = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "spool.db")
    yield made
    made.close()


@pytest.fixture
def spool(tmp_path):
    """A spool, and another process's view of it."""
    made = SqliteStore(tmp_path / "shared.db"), SqliteStore(tmp_path / "shared.db")
    yield made
    for each in made:
        each.close()


def meanwhile(store, act):
    """Let *act* happen between the look of the next purge and its transaction."""
    reading = store._file.read

    def read(look):
        found = reading(look)
        store._file.read = reading
        act()
        return found

    store._file.read = read


def test_a_dead_merge_goes_with_its_second_person(store):
    """Whom a merge takes away is named by it as well."""
    merge, other = kept(store, say.merge("a", "b"), say.track("c", "x"))
    store.settle([Dead(merge, "odd"), Dead(other, "odd")], 8)

    count = store.purge_key(merge.other)

    assert count == 1
    assert [dead.entry.seq for dead in all_dead(store)] == [other.seq]
    assert assert_adds_up(store).purged == 1


def test_what_is_accepted_while_a_purge_looks_is_purged(spool):
    """Another process says something about the person between the look and the purge."""
    store, other = spool
    (first,) = kept(store, say.track("a", "x"))
    meanwhile(store, lambda: kept(other, say.track("b", "x"), say.track("a", "y")))

    count = store.purge_key(first.key)

    assert count == 2
    assert first.key not in [entry.key for entry in waiting(store)]
    assert assert_adds_up(store).pending == 1


def test_what_is_replayed_while_a_purge_looks_is_purged(spool):
    """A dead letter goes back to its old place, which the purge had passed."""
    store, other = spool
    letter, _ = kept(store, say.track("a", "x"), say.track("b", "x"))
    store.settle([Dead(letter, "odd")], 8)
    meanwhile(store, lambda: other.replay([letter.seq]))

    count = store.purge_key(letter.key)

    assert count == 1
    assert letter.key not in [entry.key for entry in waiting(store)]
    assert assert_adds_up(store).pending == 1
