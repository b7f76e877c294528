"""What a purge leaves in a spool: no bytes of the person, no removal that nobody needs."""

import apsw
import pytest

from ferryman import operations as say
from ferryman.errors import StoreError
from ferryman.outbox.entry import Cancelled, Dead, Done
from ferryman.outbox.stores.check import check
from ferryman.outbox.stores.memory import MemoryStore
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import assert_adds_up, events, kept, waiting

MARK = b"unmistakable"
PERSON = "unmistakable-person"


@pytest.fixture
def store(tmp_path):
    """A store on a new file."""
    made = SqliteStore(tmp_path / "spool.db")
    yield made
    made.close()


@pytest.fixture(params=["memory", "sqlite"])
def remembering(request, tmp_path):
    """A store of each kind, and how many removals it remembers."""
    if request.param == "memory":
        made = MemoryStore()
        yield made, lambda: len(made._removals)
    else:
        made = SqliteStore(tmp_path / "spool.db")
        yield made, lambda: made._ask("SELECT count(*) FROM removed")[0]
    made.close()


def traces(store):
    """Return the files beside the spool, by name, that hold the mark."""
    folder = store.path.parent
    return sorted(file.name for file in folder.iterdir() if MARK in file.read_bytes())


def fill(store):
    """Put others and the person in many ways; return what of the person waits and is dead."""
    store.put(events(400, person="before"))
    waits = kept(
        store,
        *[say.track(PERSON, "x", data={"n": n}) for n in range(50)],
        say.track(PERSON, "long", data={"text": "unmistakable " * 900}),
        say.identify("somebody", {"friend": "x"}),
        say.merge("somebody", PERSON),
        say.delete(PERSON),
    )
    store.put(events(400, person="after"))
    store.settle([Done(entry) for entry in waits[:10]], 8)
    store.settle([Cancelled(entry) for entry in waits[10:15]], 8)
    store.settle([Dead(entry, "odd", message="no") for entry in waits[15:40:3]], 8)
    store.settle([Dead(waits[50], "odd")], 8)
    store.replay([waits[15].seq])
    return waits


def test_nothing_of_a_purged_person_stays_on_disk(store):
    """Not of what waited, died, was delivered before or replayed: not in the file, nor its log."""
    waits = fill(store)
    before = traces(store)

    purged = store.purge_key(waits[0].key)
    at_once = traces(store)
    counts = assert_adds_up(store)
    store.close()

    assert "spool.db-wal" in before
    assert purged == 54 - 15 - 1
    assert (at_once, traces(store)) == ([], [])
    assert counts.pending == 801


def test_nothing_stays_of_what_went_into_the_file_meanwhile(store):
    """Pages that were moved into the file, freed or split are overwritten, too."""
    waits = fill(store)
    store._file.tidy()
    for start in range(0, 400, 7):
        store.settle([Done(entry) for entry in waiting(store)[start : start + 3]], 8)
    store.put(events(3_000, person="later"))
    store._file.tidy()
    before = traces(store)

    store.purge_key(waits[0].key)
    at_once = traces(store)
    store.close()

    assert "spool.db" in before
    assert (at_once, traces(store)) == ([], [])


def test_a_purge_overwrites_the_pages_that_nobody_uses(store):
    """Of what was delivered long ago bytes are left there, which only a purge looks for."""
    store.put(events(200, person="before"))
    found = kept(store, *[say.track(PERSON, "x", data={"n": n}) for n in range(900)])
    store.settle([Done(entry) for entry in found], 8)
    store._file.tidy()
    before = traces(store)

    purged = store.purge_key(found[0].key)
    at_once = traces(store)
    counts = assert_adds_up(store)
    store.close()

    assert purged == 0
    assert "spool.db" in before
    assert (at_once, traces(store)) == ([], [])
    assert (counts.pending, counts.delivered, counts.quarantined) == (200, 900, 0)


def test_nothing_of_purged_letters_stays_on_disk(store):
    """Purging dead letters one by one leaves nothing of them either, also where they waited."""
    store.put(events(200, person="before"))
    found = kept(store, *[say.track(PERSON, "x", data={"n": n}) for n in range(90)])
    store.settle([Dead(entry, "odd") for entry in found], 8)
    store._file.tidy()
    before = traces(store)

    purged = sum(store.purge([entry.seq]) for entry in found)
    at_once = traces(store)
    store.close()

    assert purged == 90
    assert before
    assert (at_once, traces(store)) == ([], [])


def test_an_open_reader_delays_the_erasing_of_the_log_only_until_it_ends(store):
    """Beside a process that reads, what is left in the log goes with the next checkpoint."""
    fill(store)
    store._file.tidy()
    reader = apsw.Connection(str(store.path))
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM entries").fetchone()
    store._file._reading_connection().set_busy_timeout(50)

    store.purge_key(waiting(store)[400].key)
    reader.close()
    store.close()

    assert traces(store) == []


@pytest.mark.parametrize("last", ["skip", "purge", "purge_key", "replay"])
def test_a_removal_is_forgotten_once_nothing_could_come_back(remembering, last):
    """While others wait and die, it goes with the last dead letter that it hides."""
    store, remembered = remembering
    _early, old, merge, removal = kept(
        store, say.track("z", "x"), say.identify("a"), say.merge("b", "a"), say.delete("a")
    )
    store.settle([Dead(old, "odd"), Dead(merge, "odd")], 8)
    kept(store, say.track("z", "y"))
    waits = remembered()
    store.settle([Done(removal)], 8)
    over = remembered()
    store.skip([old.seq])
    hiding = remembered()

    match last:
        case "purge_key":
            store.purge_key(merge.key)
        case "replay":
            assert store.replay([merge.seq]).refused == ((merge.seq, "removed"),)
            store.purge_key(removal.key)
        case _:
            getattr(store, last)([merge.seq])

    assert (waits, over, hiding) == (1, 1, 1)
    assert remembered() == 0


def test_removals_do_not_pile_up(remembering):
    """A thousand people who are removed leave nothing, whatever waits before and behind them."""
    store, remembered = remembering
    kept(store, say.track("z", "x"))
    found = kept(store, *[say.delete(f"p{n}") for n in range(1_000)])

    waits = remembered()
    store.settle([Done(entry) for entry in found[:600]], 8)
    store.settle([Dead(entry, "odd") for entry in found[600:800]], 8)
    store.skip([entry.seq for entry in found[600:800]])
    for entry in found[800:]:
        store.purge_key(entry.key)

    assert waits == 1_000
    assert remembered() == 0
    assert assert_adds_up(store).pending == 1


def test_an_older_format_is_refused_and_left_alone(store):
    """A spool of format 1 is not guessed at: the sentence says what to do, for check as well."""
    store.put(events(1))
    store.close()
    older = apsw.Connection(str(store.path))
    older.execute("UPDATE header SET format = 1")
    older.close()

    with pytest.raises(StoreError, match="format this version does not know") as opened:
        SqliteStore(store.path)
    with pytest.raises(StoreError, match="format this version does not know"):
        check(store.path, repair=True)

    assert "use the version that made it" in str(opened.value)
