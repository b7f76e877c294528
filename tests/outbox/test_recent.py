"""What a process accepted last goes to its relay without a look into the file, and is the same."""

import pytest

from ferryman import operations as say
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


def test_what_is_purged_before_it_is_at_hand_stays_purged(store, other, monkeypatch):
    """A purge may end between a commit and the moment that it is noted here."""
    add = recent.Recent.add

    def late(*args):
        other.purge_key(say.track("q", "x").key)
        assert len(store.read(1, **ALL)) == 1
        add(*args)

    store.put(events(1))
    monkeypatch.setattr(recent.Recent, "add", late)
    store.put(events(1, person="q"))
    monkeypatch.undo()
    store.put(events(1))

    assert store.read(2, **ALL) == in_the_file(other, 2)
    assert len(in_the_file(other, 2)) == 1
