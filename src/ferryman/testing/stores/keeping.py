"""What is put is there, once and in order, until it is settled."""

from collections.abc import Callable

from ferryman import operations as say
from ferryman._core.message import Operation
from ferryman.errors import OutboxClosed
from ferryman.outbox.entry import Done, Entry
from ferryman.outbox.protocol import Counts

from .helping import ALL, MakeStore, events, raises, together, waiting


class Keeping:
    """Rules of putting and reading."""

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
        first = store.read(0, limit=4, size=ALL)

        second = store.read(first[-1].seq, limit=100, size=ALL)

        assert [entry.id for entry in first + second] == [f"p-{n:06}" for n in range(10)]
        store.close()

    def test_nothing_before_the_place_given_is_read(self, make_store: MakeStore) -> None:
        """So it is, too, where nobody read what stands before it; that can be read later."""
        store = make_store()
        store.put(events(10))

        found = store.read(7, limit=2, size=ALL)

        assert [entry.seq for entry in found] == [8, 9]
        assert len(waiting(store)) == 10
        store.close()

    def test_reading_stops_once_it_has_the_bytes_asked_for(self, make_store: MakeStore) -> None:
        """read(size) returns about so many bytes, and at least one entry, or nobody gets on."""
        store = make_store()
        store.put(events(10))
        each = len(store.read(0, limit=1, size=ALL)[0].body)

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

    def test_a_closed_store_accepts_nothing(self, make_store: MakeStore) -> None:
        """After close, put says so; closing twice is fine."""
        store = make_store()
        store.put(events(1))
        store.close()
        store.close()

        with raises(OutboxClosed):
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

        together(*[putter(f"t{number:02}") for number in range(32)])

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
                found.extend(store.read(found[-1].seq if found else 0, limit=50, size=ALL))

        together(follow, *[putter(f"w{number}") for number in range(8)])

        assert len({entry.id for entry in found}) == 800
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

    def test_its_only_user_leads(self, make_store: MakeStore) -> None:
        """A store that nobody else uses is led by whoever asks, and still when asked again."""
        store = make_store()

        assert store.lead() is True
        assert store.lead() is True
        store.close()
