"""The power goes at any moment, and what was acknowledged at `power` is there (gate 3).

The store runs on a disk of its own (power.py) that drops and tears whatever was not synced.
"""

import os
import random
import threading

import apsw
import pytest
from tests.outbox.durability.power import Power

from ferryman.errors import StoreError
from ferryman.outbox.entry import Dead, Done
from ferryman.outbox.protocol import Where
from ferryman.outbox.stores import graves
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import assert_adds_up, events, waiting

MODES = (
    apsw.SQLITE_CHECKPOINT_PASSIVE,
    apsw.SQLITE_CHECKPOINT_FULL,
    apsw.SQLITE_CHECKPOINT_RESTART,
    apsw.SQLITE_CHECKPOINT_TRUNCATE,
)


class Checkpointing(SqliteStore):
    def checkpoint(self, mode):
        try:
            self._file._reading_connection().wal_checkpoint(mode=mode)
        except apsw.Error as error:
            raise StoreError(type(error).__name__) from None


class Ledger:
    """What the store was asked, and what it acknowledged, in order."""

    def __init__(self):
        self.asked = []  # one list of ids a put, in order
        self.acknowledged = set()
        self.settled = set()  # asked for: a settlement may be taken back by the cut

    def put(self, store, operations):
        ids = [operation.id for operation in operations]
        self.asked.append(ids)
        store.put(operations)
        self.acknowledged.update(ids)

    def settle(self, store, verdicts):
        self.settled.update(verdict.entry.id for verdict in verdicts)
        store.settle(verdicts, 8)


def act(store, rng, ledger, number):
    """Do one thing that an application or its relay does."""
    match rng.choice(["put", "put", "put", "settle", "settle", "checkpoint", "many"]):
        case "put":
            ledger.put(store, events(rng.randint(1, 5), start=number))
        case "many":
            ledger.put(store, events(rng.randint(20, 90), start=number))
        case "settle":
            found = store.read(0, limit=rng.randint(1, 80), size=1 << 30)
            some = [entry for entry in found if rng.random() < 0.8]
            verdicts = [Dead(e, "odd") if rng.random() < 0.1 else Done(e) for e in some]
            ledger.settle(store, verdicts)
        case "checkpoint":
            store.checkpoint(rng.choice(MODES))


def run_until_dark(place, power, rng, level):
    """Work, close and open again until the power goes; return the ledger."""
    ledger = Ledger()
    store = None
    try:
        for number in range(0, 100_000, 100):
            if store is None:
                store = Checkpointing(place, level=level, vfs=power.name)
            act(store, rng, ledger, number)
            if rng.random() < 0.05:
                store.close()
                store = None
    except StoreError:
        assert power.off
    finally:
        if store is not None:
            store.close()
    return ledger


def cut_once(folder, seed, level):
    """Run one seed; return the ledger, and what is found after the power came back."""
    rng = random.Random(seed)
    power = Power(until=rng.choice([rng.randrange(40), rng.randrange(1_200)]))
    before, after = folder / f"{seed}-before", folder / f"{seed}-after"
    before.mkdir()
    after.mkdir()
    try:
        ledger = run_until_dark(before / "spool.db", power, rng, level)
        power.cut(rng, after)
    finally:
        power.unregister()
    return ledger, after / "spool.db"


def found_again(place):
    """Open what survived; return the ids that wait and the ids that are dead, in order."""
    store = SqliteStore(place)
    assert_adds_up(store)
    ids = [entry.id for entry in waiting(store)]
    store.close()
    connection = apsw.Connection(str(place))
    assert connection.pragma("integrity_check") == "ok"
    dead = [dead.entry.id for dead in graves.letters(connection, Where(), 0, 1_000_000)]
    connection.close()
    return ids, dead


def lost(ledger, place):
    """Check what survived against *ledger*; return the acknowledged ids that are gone."""
    ids, dead = found_again(place)
    here = {*ids, *dead}
    asked = [ident for put in ledger.asked for ident in put]
    order = {ident: place for place, ident in enumerate(asked)}
    assert len(here) == len(ids) + len(dead)
    assert here <= order.keys()
    assert ids == sorted(ids, key=order.__getitem__)
    assert set(dead) <= ledger.settled
    # All of a put or nothing of it, but for what was settled since.
    rests = [set(put) - ledger.settled for put in ledger.asked]
    assert [rest for rest in rests if 0 < len(rest & here) < len(rest)] == []
    return ledger.acknowledged - here - ledger.settled


def cuts(folder, level, seeds):
    """Return how many acknowledged operations were lost and in how many cuts."""
    gone = cut = 0
    for seed in seeds:
        try:
            missing = lost(*cut_once(folder, seed, level))
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error
        gone, cut = gone + len(missing), cut + bool(missing)
    return gone, cut


@pytest.fixture
def seeds():
    first = random.SystemRandom().randrange(1 << 32)
    print(f"seeds from {first}")
    return range(first, first + 160)


def test_a_power_cut_takes_nothing_that_was_acknowledged(tmp_path, seeds):
    """At level power, every put that returned is there or was settled, whatever the disk lost."""
    assert cuts(tmp_path, "power", seeds) == (0, 0)


def test_a_power_cut_takes_only_the_newest_at_level_process(tmp_path, seeds):
    """At level process a cut may take acknowledged operations, and damages nothing."""
    gone, cut = cuts(tmp_path, "process", seeds)

    print(f"level process: {gone} acknowledged operations lost in {cut} of {len(seeds)} cuts")
    assert cut > 0  # or this disk loses too little to show anything


@pytest.mark.soak
@pytest.mark.parametrize("level", ["power", "process"])
def test_many_power_cuts(tmp_path, level):
    """The same for 4,000 seeds from 0 on."""
    gone, cut = cuts(tmp_path, level, range(4_000))

    print(f"level {level}: {gone} acknowledged operations lost in {cut} of 4,000 cuts")
    assert level == "process" or gone == 0


def test_a_power_cut_spares_all_of_a_group(tmp_path, seeds):
    """Threads that share commits: each put that returned is there, each thread's in order."""
    for seed in seeds[:30]:
        rng = random.Random(seed)
        power = Power(until=rng.randrange(30, 400))
        before, after = tmp_path / f"{seed}-before", tmp_path / f"{seed}-after"
        before.mkdir()
        after.mkdir()
        ledgers = [Ledger() for _ in range(6)]
        try:
            store = SqliteStore(before / "spool.db", vfs=power.name)
        except StoreError:  # cut while it was opened: nobody had said anything
            power.unregister()
            continue

        def work(person, ledger, store=store):
            for number in range(1_000):
                try:
                    ledger.put(store, events(3, person=person, start=3 * number))
                except StoreError:
                    return

        threads = [
            threading.Thread(target=work, args=(f"t{number}", ledger))
            for number, ledger in enumerate(ledgers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        power.cut(rng, after)
        store.close()
        power.unregister()
        ids, _dead = found_again(after / "spool.db")
        for number, ledger in enumerate(ledgers):
            own = [ident for ident in ids if ident.startswith(f"t{number}-")]
            assert own == sorted(own)
            assert ledger.acknowledged <= set(own)


def forked(store, entry):
    """Fork, and let a settlement be the first to open the file again."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    store.settle([Done(entry)], 8)


class Struck:
    """A connection in whose user a signal's exception strikes, right after a pragma took effect."""

    def __init__(self, connection):
        self.connection = connection

    def __getattr__(self, name):
        return getattr(self.connection, name)

    def pragma(self, *arguments):
        self.connection.pragma(*arguments)
        raise KeyboardInterrupt


def interrupted(store, entry):
    """Have a settlement end when it has just made commits cheaper."""
    connection = store._file._writing
    store._file._writing = Struck(connection)
    with pytest.raises(KeyboardInterrupt):
        store.settle([Done(entry)], 8)
    store._file._writing = connection


@pytest.mark.parametrize("what", [forked, interrupted])
def test_what_is_accepted_next_is_as_safe_as_ever(tmp_path, seeds, what):
    """A settlement leaves no acceptance with a cheaper commit, whatever came between."""
    for seed in seeds[:12]:
        power = Power()
        before, after = tmp_path / f"{seed}-before", tmp_path / f"{seed}-after"
        before.mkdir()
        after.mkdir()
        ledger = Ledger()
        store = SqliteStore(before / "spool.db", vfs=power.name)
        ledger.put(store, events(1))
        ledger.settled.add(waiting(store)[0].id)

        what(store, waiting(store)[0])
        ledger.put(store, events(2, start=1))
        power.cut(random.Random(seed), after)

        store.close()
        power.unregister()
        assert lost(ledger, after / "spool.db") == set()
