"""The contract of a store: what every place where an outbox keeps entries must hold to.

Subclass :class:`StoreContract` in a test module of yours and give it a fixture ``make_store``;
pytest collects the rules. Each rule is one method and says itself in its docstring.

    class TestMyStore(StoreContract):
        @pytest.fixture
        def make_store(self, tmp_path):
            return lambda **options: MyStore(tmp_path / "spool", **options)
"""

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

from ferryman import operations as say
from ferryman._core.message import Operation
from ferryman.errors import OutboxClosed, OutboxFull
from ferryman.outbox.entry import Dead, Done, Entry
from ferryman.outbox.protocol import Counts, Store

MakeStore: TypeAlias = Callable[..., Store]
"""Makes an empty store; takes ``max_bytes``, the most encoded bytes that may wait in it."""
_ALL = 1 << 30


def events(count: int, *, person: str = "p", start: int = 0, at: int = 7) -> list[Entry]:
    """Return *count* new entries, events of *person*, whose ids count from *start*."""
    return [
        Entry.of(say.track(person, "counted", data={"n": number}), f"{person}-{number:06}", at)
        for number in range(start, start + count)
    ]


def waiting(store: Store) -> list[Entry]:
    """Return everything that waits in *store*, in order, read in small pages."""
    found: list[Entry] = []
    while page := store.read(found[-1].seq if found else 0, limit=500, size=_ALL):
        found += page
    return found


def assert_adds_up(store: Store) -> Counts:
    """Check the accounts of *store* against what waits in it, and return them."""
    counts = store.counts()
    entries = waiting(store)
    assert counts.adds_up()
    assert counts.pending == len(entries)
    assert counts.pending_bytes == sum(len(entry.body) for entry in entries)
    return counts


@contextmanager
def _raises(kind: type[Exception]) -> Generator[None]:
    try:
        yield
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was not raised")


def _together(*acts: Callable[[], None]) -> None:
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


class StoreContract:
    """The rules. ``make_store`` is a fixture that returns a :data:`MakeStore`."""

    def test_what_is_put_is_read_in_order_of_acceptance(self, make_store: MakeStore) -> None:
        """Entries come back in the order of puts, and within a put in the order given."""
        store = make_store()
        store.put(events(3))
        store.put(events(2, start=3))

        found = waiting(store)

        assert [entry.id for entry in found] == [f"p-{n:06}" for n in range(5)]
        assert [entry.seq for entry in found] == sorted({entry.seq for entry in found})
        store.close()

    def test_an_entry_is_the_operation_that_was_put(self, make_store: MakeStore) -> None:
        """Nothing of an operation is lost on the way through the store."""
        store = make_store()
        said = [
            say.track("a", "bought", data={"price": 1.5}),
            say.identify("a", {"email": "new@example.com"}),
            say.delete("a"),
            say.merge("a", "b"),
            say.submit_form("f", "a", {"x": "y"}),
            say.unsubscribe("delivery"),
        ]
        put = [each.stamped(f"id-{place}", 7) for place, each in enumerate(said)]
        store.put([Entry.of(each, each.id, 9) for each in put])

        found = waiting(store)

        assert [entry.operation() for entry in found] == [
            Operation(o.endpoint, o.key, o.body or b"", o.path, o.other, o.barrier, o.id, 9)
            for o in put
        ]
        store.close()

    def test_a_put_of_nothing_changes_nothing(self, make_store: MakeStore) -> None:
        """An empty put is accepted and counts nothing."""
        store = make_store()
        store.put([])

        assert store.counts() == Counts()
        assert waiting(store) == []
        store.close()

    def test_reading_goes_on_behind_the_place_given(self, make_store: MakeStore) -> None:
        """read(after) returns what stands behind that place, up to the limit."""
        store = make_store()
        store.put(events(10))
        first = store.read(0, limit=4, size=_ALL)

        second = store.read(first[-1].seq, limit=100, size=_ALL)

        assert [entry.id for entry in first + second] == [f"p-{n:06}" for n in range(10)]
        store.close()

    def test_reading_stops_once_it_has_the_bytes_asked_for(self, make_store: MakeStore) -> None:
        """read(size) returns about so many bytes, and at least one entry, or nobody gets on."""
        store = make_store()
        store.put(events(10))
        each = len(store.read(0, limit=1, size=_ALL)[0].body)

        few = store.read(0, limit=100, size=3 * each)
        one = store.read(0, limit=100, size=1)

        assert 3 <= len(few) <= 4
        assert len(one) == 1
        store.close()

    def test_what_was_read_and_not_settled_can_be_read_again(self, make_store: MakeStore) -> None:
        """A reader that starts anew finds everything that still waits, in order."""
        store = make_store()
        store.put(events(6))
        found = waiting(store)
        store.settle([Done(found[1]), Done(found[4])], 8)
        store.put(events(2, start=6))

        again = waiting(store)

        assert [entry.id[-1] for entry in again] == ["0", "2", "3", "5", "6", "7"]
        store.close()

    def test_a_settlement_moves_and_counts_at_once(self, make_store: MakeStore) -> None:
        """Delivered entries go, dead ones move aside, and the accounts say so."""
        store = make_store()
        store.put(events(10))
        found = waiting(store)

        store.settle([Done(e) for e in found[:5]] + [Dead(found[5], "poison")], 8)

        counts = assert_adds_up(store)
        assert (counts.accepted, counts.delivered, counts.pending, counts.dead) == (10, 5, 4, 1)
        assert [entry.seq for entry in waiting(store)] == [entry.seq for entry in found[6:]]
        store.close()

    def test_settling_again_changes_nothing(self, make_store: MakeStore) -> None:
        """A second verdict on an entry, whatever it says, finds it gone and counts nothing."""
        store = make_store()
        store.put(events(4))
        a, b, c, d = waiting(store)
        store.settle([Done(a), Dead(b, "poison")], 8)
        once = store.counts()

        store.settle([Done(a), Dead(b, "poison")], 9)
        store.settle([Dead(a, "late"), Done(b)], 9)
        twice = store.counts()
        store.settle([Done(a), Done(c), Done(d), Dead(b, "late")], 9)

        assert twice == once
        counts = assert_adds_up(store)
        assert (counts.delivered, counts.dead, counts.pending) == (3, 1, 0)
        store.close()

    def test_one_settlement_counts_an_entry_once(self, make_store: MakeStore) -> None:
        """An entry that is named twice in one settlement is one entry."""
        store = make_store()
        store.put(events(2))
        a, b = waiting(store)

        store.settle([Done(a), Done(a), Done(b)], 8)

        assert assert_adds_up(store).delivered == 2
        store.close()

    def test_a_full_store_keeps_nothing_of_a_put(self, make_store: MakeStore) -> None:
        """What would pass the bound is refused whole; what fits is accepted all the same."""
        each = len(events(1)[0].body or b"")
        store = make_store(max_bytes=3 * each)
        store.put(events(2))

        with _raises(OutboxFull):
            store.put(events(2, start=2))
        refused = assert_adds_up(store)
        store.put(events(1, start=9))

        assert (refused.accepted, refused.pending) == (2, 2)
        assert [entry.id[-1] for entry in waiting(store)] == ["0", "1", "9"]
        store.close()

    def test_a_full_store_accepts_again_when_there_is_room(self, make_store: MakeStore) -> None:
        """Settling makes room."""
        each = len(events(1)[0].body or b"")
        store = make_store(max_bytes=2 * each)
        store.put(events(2))
        store.settle([Done(waiting(store)[0])], 8)

        store.put(events(1, start=2))

        assert assert_adds_up(store).pending == 2
        store.close()

    def test_a_closed_store_accepts_nothing(self, make_store: MakeStore) -> None:
        """After close, put says so; closing twice is fine."""
        store = make_store()
        store.put(events(1))
        store.close()
        store.close()

        with _raises(OutboxClosed):
            store.put(events(1))
        assert store.lead() is False

    def test_threads_that_put_at_once_all_keep_their_order(self, make_store: MakeStore) -> None:
        """32 threads at once: everything is there once, each thread's in its order."""
        store = make_store()

        def putter(person: str) -> Callable[[], None]:
            def put() -> None:
                for number in range(40):
                    store.put(events(1 + number % 3, person=person, start=3 * number))

            return put

        _together(*[putter(f"t{number:02}") for number in range(32)])

        found = waiting(store)
        assert len({entry.id for entry in found}) == len(found) == store.counts().accepted
        assert len(found) == 32 * sum(1 + number % 3 for number in range(40))
        for number in range(32):
            own = [entry.id for entry in found if entry.id.startswith(f"t{number:02}-")]
            assert own == sorted(own)
        store.close()

    def test_a_reader_that_follows_the_writers_misses_nothing(self, make_store: MakeStore) -> None:
        """Reading by place beside writers never steps over an entry committed late."""
        store, found = make_store(), list[Entry]()

        def putter(person: str) -> Callable[[], None]:
            def put() -> None:
                for number in range(100):
                    store.put(events(1, person=person, start=number))

            return put

        def follow() -> None:
            while len(found) < 800:
                found.extend(store.read(found[-1].seq if found else 0, limit=50, size=_ALL))

        _together(follow, *[putter(f"w{number}") for number in range(8)])

        assert len({entry.id for entry in found}) == 800
        store.close()

    def test_the_accounts_add_up_at_every_moment(self, make_store: MakeStore) -> None:
        """Whoever looks while others put and settle sees accepted = delivered+pending+dead."""
        store, over, looks = make_store(), threading.Event(), list[Counts]()

        def put() -> None:
            for number in range(200):
                store.put(events(2, start=2 * number))
            over.set()

        def settle() -> None:
            last, done = 0, 0
            while done < 400:
                for entry in store.read(last, limit=7, size=_ALL):
                    store.settle([Dead(entry, "odd") if entry.seq % 2 else Done(entry)], 8)
                    last, done = entry.seq, done + 1

        def look() -> None:
            while not over.is_set():
                looks.append(store.counts())

        _together(put, settle, look)

        assert looks
        assert [c for c in looks if not c.adds_up()] == []
        assert [c for c in looks if min(c.pending, c.pending_bytes) < 0] == []
        last = assert_adds_up(store)
        assert (last.accepted, last.delivered, last.dead) == (400, 200, 200)
        store.close()

    def test_a_place_is_never_given_twice(self, make_store: MakeStore) -> None:
        """After everything was settled new entries stand behind all that ever were."""
        store = make_store()
        store.put(events(3))
        old = waiting(store)
        store.settle([Done(entry) for entry in old], 8)

        store.put(events(1, start=3))

        assert [entry.seq > old[-1].seq for entry in waiting(store)] == [True]
        store.close()

    def test_pending_says_whether_anything_accepted_so_far_waits(
        self, make_store: MakeStore
    ) -> None:
        """pending(last()) falls to 0 when what was accepted before is settled, later ones aside."""
        store = make_store()
        empty = store.pending(store.last())
        store.put(events(3))
        upto = store.last()
        store.put(events(1, start=3))
        found = waiting(store)

        counted: Sequence[int] = [store.pending(upto)]
        for entry in found[:3]:
            store.settle([Done(entry)], 8)
            counted = [*counted, store.pending(upto)]

        assert empty == 0
        assert counted == [3, 2, 1, 0]
        assert store.pending(store.last()) == 1
        store.close()

    def test_the_oldest_pending_moment_is_that_of_the_first_that_waits(
        self, make_store: MakeStore
    ) -> None:
        """oldest_pending_at follows settlement, and is None when nothing waits."""
        store = make_store()
        store.put(events(1, at=100))
        store.put(events(1, start=1, at=200))
        found = waiting(store)
        seen = [store.counts().oldest_pending_at]
        for entry in found:
            store.settle([Done(entry)], 300)
            seen.append(store.counts().oldest_pending_at)

        assert seen == [100, 200, None]
        store.close()

    def test_its_only_user_leads(self, make_store: MakeStore) -> None:
        """A store that nobody else uses is led by whoever asks, and still when asked again."""
        store = make_store()

        assert store.lead() is True
        assert store.lead() is True
        store.close()
