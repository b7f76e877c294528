"""What the rules of a store's contract are made of: entries, what waits, what is dead."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, TypeAlias

from ferryman import operations as say
from ferryman._core.message import Operation
from ferryman.outbox.entry import Dead, Entry, parks
from ferryman.outbox.protocol import Counts, Store, Where

MakeStore: TypeAlias = Callable[..., Store]
"""Makes an empty store; takes ``max_bytes`` and ``max_entries``, the most encoded bytes and
operations that may wait in it, and ``max_dead_bytes``, the most bytes of dead letters."""
ALL = 1 << 30


def events(count: int, *, person: str = "p", start: int = 0, at: int = 7) -> list[Entry]:
    """Return *count* new entries, events of *person*, whose ids count from *start*."""
    return [
        Entry.of(say.track(person, "counted", data={"n": number}), f"{person}-{number:06}", at)
        for number in range(start, start + count)
    ]


def kept(store: Store, *said: Operation[Any]) -> list[Entry]:
    """Put what was *said* into *store* in one call; return it as it is read."""
    before = store.last()
    store.put([Entry.of(each, f"id-{before + place:06}", 7) for place, each in enumerate(said)])
    return waiting(store, before)


def waiting(store: Store, after: int = 0) -> list[Entry]:
    """Return everything that waits in *store* behind *after*, in order, read in small pages."""
    found: list[Entry] = []
    while page := store.read(found[-1].seq if found else after, limit=500, size=ALL):
        found += page
    return found


def seqs(entries: list[Entry]) -> list[int]:
    """Return the places of *entries*."""
    return [entry.seq for entry in entries]


def all_dead(store: Store, where: Where | None = None) -> list[Dead]:
    """Return the dead letters of *store* that are *where*, read in small pages."""
    found: list[Dead] = []
    while page := store.dead(where or Where(), after=found[-1].entry.seq if found else 0, limit=50):
        found += page
    return found


def dead_places(store: Store, where: Where | None = None) -> list[int]:
    """Return the places of the dead letters of *store* that are *where*."""
    return [dead.entry.seq for dead in all_dead(store, where)]


def assert_adds_up(store: Store) -> Counts:
    """Check the accounts of *store* against what it holds, and return them."""
    counts = store.counts()
    entries, dead = waiting(store), all_dead(store)
    assert counts.adds_up()
    assert counts.pending == len(entries)
    assert counts.pending_bytes == sum(len(entry.body) for entry in entries)
    assert counts.oldest_pending_at == (entries[0].at if entries else None)
    assert counts.dead == len(dead) == sum(store.reasons().values())
    assert (counts.dead_bytes > 0) == bool(dead)
    parking = [each.entry for each in dead if parks(each.entry)]
    assert counts.parked == len(parking)
    assert store.parked() == {key for entry in parking for key in (entry.key, entry.other) if key}
    return counts


@contextmanager
def raises(kind: type[Exception]) -> Generator[None]:
    """Fail unless *kind* is raised meanwhile; a contract needs no test runner."""
    try:
        yield
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was not raised")


def together(*acts: Callable[[], None]) -> None:
    """Run *acts* in threads that begin at once; raise the first failure."""
    gate, failures = threading.Barrier(len(acts)), list[BaseException]()

    def run(act: Callable[[], None]) -> None:
        gate.wait()
        try:
            act()
        except BaseException as failure:  # whatever it is, the test raises it
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(act,), daemon=True) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "somebody waits for ever"
    if failures:
        raise failures[0]
