"""What a process accepted last goes to its relay without a look into the file, and is the same."""

import pytest

from ferryman.outbox.entry import Done
from ferryman.outbox.stores import recent
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import assert_adds_up, events

ROOM = 20_000
ALL = {"limit": 10_000, "size": 1 << 30}


@pytest.fixture
def store(tmp_path):
    """A store that leads, and looked into its file before."""
    made = SqliteStore(tmp_path / "spool.db", max_entries=ROOM)
    assert made.lead()
    made.put(events(1))
    assert len(made.read(0, **ALL)) == 1
    yield made
    made.close()


@pytest.fixture
def other(store):
    """Another process's store on the same file."""
    made = SqliteStore(store.path, max_entries=ROOM)
    yield made
    made.close()


def in_the_file(other, after=0):
    """Return what waits behind *after*, as somebody sees who accepted nothing."""
    return other.read(after, **ALL)


def hand_overs(monkeypatch):
    """Count how often entries are handed over."""
    counted = []
    take = recent.Recent.take
    monkeypatch.setattr(
        recent.Recent, "take", lambda *args, **kwargs: counted.append(1) or take(*args, **kwargs)
    )
    return counted


def test_what_is_handed_over_is_what_the_file_has(store, other, monkeypatch):
    """The same entries in the same order, with their places; and the short way was taken."""
    taken = hand_overs(monkeypatch)
    for count in (3, 200, 1):
        store.put(events(count))

    found = store.read(1, **ALL)

    assert found == in_the_file(other, 1)
    assert len(found) == 204
    assert taken == [1]


def test_limits_hold(store, other):
    """As many entries, and about as many bytes, as were asked for; the rest comes next."""
    store.put(events(300))

    few = store.read(1, limit=10, size=1 << 30)
    small = store.read(11, limit=1_000, size=1)
    rest = store.read(12, **ALL)

    assert [len(few), len(small)] == [10, 1]
    assert few + small + rest == in_the_file(other, 1)


@pytest.mark.parametrize("first", ["store", "other"])
def test_what_another_process_accepts_between_is_not_passed_over(store, other, first):
    """Order of acceptance is the file's, whoever accepted."""
    order = (store, other, store, store, other) if first == "store" else (other, store, other)
    for each in order:
        each.put(events(2))

    found, after = [], 1
    while more := store.read(after, **ALL):
        found += more
        after = more[-1].seq

    assert found == in_the_file(other, 1)
    assert len(found) == 2 * len(order)


@pytest.mark.parametrize("how", ["purge_key", "evict"])
@pytest.mark.parametrize("who", ["store", "other"])
def test_what_was_taken_out_of_the_file_is_not_handed_over(store, other, how, who):
    """Whoever purged or evicted it, in this process or in another."""
    store.put(events(5))
    key = in_the_file(other)[-1].key

    if how == "evict":
        assert {"store": store, "other": other}[who].evict(["track"], ROOM - 3, 0) > 0
    else:
        assert {"store": store, "other": other}[who].purge_key(key) > 0

    assert store.read(1, **ALL) == in_the_file(other, 1)
    assert len(in_the_file(other)) < 6


def test_more_than_is_kept_at_hand_is_read_from_the_file(store, other):
    """Nothing is passed over where the relay is far behind."""
    for _ in range(5):
        store.put(events(1_000))

    found, after = [], 1
    while more := store.read(after, limit=700, size=1 << 30):
        found += more
        after = more[-1].seq
        store.settle([Done(entry) for entry in more], 8)
        if len(found) < 3_000:
            store.put(events(100))

    assert [entry.seq for entry in found] == list(range(2, 2 + len(found)))
    assert assert_adds_up(store).delivered == len(found)
