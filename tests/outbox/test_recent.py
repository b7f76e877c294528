"""What the relay is handed without a look into the file is never what was settled or comes back."""

import pytest

from ferryman import operations as say
from ferryman.outbox.entry import Done
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import events


@pytest.fixture
def spools(tmp_path):
    """A spool whose process delivers, and another process's view of it."""
    made = SqliteStore(tmp_path / "spool.db"), SqliteStore(tmp_path / "spool.db")
    assert made[0].lead()
    yield made
    for each in made:
        each.close()


def read(store, after):
    return store.read(after, limit=100, size=1 << 20)


def places(entries):
    return [entry.seq for entry in entries]


def test_what_was_settled_is_not_handed_out_by_a_second_look(spools):
    """Read from the file beside what another process said, and delivered: it is gone."""
    store, other = spools
    for number in range(2):
        store.put(events(1, start=number))
        read(store, number)
    other.put(events(1, start=2))
    store.put(events(2, start=3))
    first = read(store, 2)
    store.settle([Done(entry) for entry in first[1:]], 8)

    again = read(store, 3)

    assert places(first) == [3, 4, 5]
    assert places(again) == []


def test_nothing_of_another_process_is_passed_over(spools):
    """Whoever accepts in between, what is read is all of it, in order."""
    store, other = spools
    found = []
    for number in range(40):
        (other if number % 7 in (2, 3) else store).put(events(1 + number % 3, start=10 * number))
        if number % 4 == 0:
            found += places(read(store, found[-1] if found else 0))

    found += places(read(store, found[-1]))

    assert found == list(range(1, store.last() + 1))


def test_what_somebody_purged_is_not_handed_out(spools):
    """A purge by another process holds for what this one accepted last."""
    store, other = spools
    for number in range(2):
        store.put(events(1, start=number))
        read(store, number)
    store.put(events(1, start=2, person="q"))
    store.put(events(1, start=3))

    other.purge_key(say.track("q", "x").key)

    assert places(read(store, 2)) == [4]
