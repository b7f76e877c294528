"""A store holds what it was told to, and says when that is too much."""

from ferryman import operations as say
from ferryman.errors import DeadLettersFull, OutboxFull
from ferryman.outbox.entry import Dead, Done

from .helping import MakeStore, all_dead, assert_adds_up, events, kept, raises, seqs, waiting


class Bounding:
    """Rules of caps and of making room."""

    def test_a_full_store_keeps_nothing_of_a_put(self, make_store: MakeStore) -> None:
        """What would pass the bound is refused whole; what fits is accepted all the same."""
        each = len(events(1)[0].body or b"")
        store = make_store(max_bytes=3 * each)
        store.put(events(2))

        with raises(OutboxFull):
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

    def test_a_store_holds_no_more_entries_than_it_may(self, make_store: MakeStore) -> None:
        """max_entries counts what waits; a put that would pass it is refused whole."""
        store = make_store(max_entries=3)
        store.put(events(2))

        with raises(OutboxFull):
            store.put(events(2, start=2))
        refused = assert_adds_up(store)
        store.put(events(1, start=9))
        with raises(OutboxFull):
            store.put(events(1, start=10))
        store.settle([Done(waiting(store)[0])], 8)
        store.put(events(1, start=11))

        assert (refused.accepted, refused.pending) == (2, 2)
        assert [int(entry.id[-2:]) for entry in waiting(store)] == [1, 9, 11]
        store.close()

    def test_dead_letters_have_a_cap_of_their_own(self, make_store: MakeStore) -> None:
        """A settlement that would pass max_dead_bytes is refused whole, whatever else it says."""
        store = make_store(max_dead_bytes=1_000)
        big = [say.track("p", "x", data={"text": "y" * 600}) for _ in range(3)]
        a, b, c = kept(store, *big)
        store.settle([Dead(a, "odd")], 8)
        before, epoch = store.counts(), store.epoch()

        with raises(DeadLettersFull):
            store.settle([Done(b), Dead(c, "odd")], 8)
        refused = assert_adds_up(store)
        store.settle([Done(b)], 8)
        store.purge([a.seq])
        store.settle([Dead(c, "odd")], 8)

        assert (refused, store.epoch()) == (before, epoch + 1)
        assert [dead.entry for dead in all_dead(store)] == [c]
        assert assert_adds_up(store).delivered == 1
        store.close()

    def test_a_barrier_that_finds_no_room_parks_nobody(self, make_store: MakeStore) -> None:
        """What is not dead yet, since the dead letters are full, holds up nobody as a dead one."""
        store = make_store(max_dead_bytes=10)
        (removal,) = kept(store, say.delete("p"))
        epoch = store.epoch()

        with raises(DeadLettersFull):
            store.settle([Dead(removal, "odd")], 8)

        assert store.parked() == set()
        assert store.epoch() == epoch
        assert waiting(store) == [removal]
        assert_adds_up(store)
        store.close()

    def test_dead_bytes_are_given_back(self, make_store: MakeStore) -> None:
        """Whatever way a dead letter goes, its bytes go with it."""
        store = make_store()
        found = kept(store, *[say.track("p", "x", data={"n": n}) for n in range(4)])
        store.settle([Dead(entry, "odd") for entry in found], 8)

        store.skip([found[0].seq])
        store.purge([found[1].seq])
        store.replay([found[2].seq])
        some = store.counts().dead_bytes
        store.purge_key(found[3].key)

        assert some > 0
        assert store.counts().dead_bytes == 0
        assert_adds_up(store)
        store.close()

    def test_eviction_makes_room_for_what_comes(self, make_store: MakeStore) -> None:
        """After evict there is room for as many bytes as were asked for."""
        first, then = events(100), events(5, start=100)
        store = make_store(max_bytes=sum(len(entry.body) for entry in first))
        store.put(first)
        old = seqs(waiting(store))

        gone = store.evict(["track"], 5, sum(len(entry.body) for entry in then))
        store.put(then)

        assert 5 <= gone < 20
        assert seqs(waiting(store))[:-5] == old[gone:]
        assert assert_adds_up(store).evicted == gone
        store.close()

    def test_eviction_makes_room_for_as_many(self, make_store: MakeStore) -> None:
        """After evict there is room for as many entries as were asked for."""
        store = make_store(max_entries=100)
        store.put(events(60))
        store.put(events(40, start=60))

        gone = store.evict(["track"], 40, 1)
        store.put(events(40, start=100))

        assert 40 <= gone < 60
        assert [int(entry.id[-6:]) for entry in waiting(store)] == list(range(gone, 140))
        assert assert_adds_up(store).evicted == gone
        store.close()

    def test_eviction_takes_nobody_in_vain(self, make_store: MakeStore) -> None:
        """Where it could not make the room that is asked for, all stay."""
        each = len(events(1)[0].body)
        store = make_store(max_entries=6, max_bytes=20 * each)
        store.put(events(6))

        gone = [store.evict(["track"], 7, 1), store.evict(["track"], 1, 21 * each)]

        assert gone == [0, 0]
        assert assert_adds_up(store).pending == 6
        store.close()

    def test_eviction_takes_only_what_it_may_the_oldest_first(self, make_store: MakeStore) -> None:
        """Operations of other names stay, whatever that means for the room."""
        store = make_store(max_entries=6)
        said = [say.identify("a"), say.track("b", "x"), say.delete("c")]
        found = kept(store, *said, *[say.track("d", "x"), say.identify("e"), say.page("f", "/")])

        one = store.evict(["track", "page"], 1, 1)
        first = waiting(store)
        rest = store.evict(["track", "page"], 3, 1)
        none = store.evict(["track"], 6, 1)

        assert (one, rest, none) == (1, 2, 0)
        assert first == [found[0], *found[2:]]
        assert waiting(store) == [found[0], found[2], found[4]]
        assert assert_adds_up(store).evicted == 3
        store.close()

    def test_eviction_changes_what_waits(self, make_store: MakeStore) -> None:
        """Who read what is evicted must read anew; where nothing was evicted nobody must."""
        store = make_store(max_entries=2)
        store.put(events(2))
        epoch = store.epoch()

        store.evict(["page"], 1, 1)
        same = store.epoch()
        store.evict(["track"], 1, 1)

        assert same == epoch
        assert store.epoch() > epoch
        store.close()

    def test_eviction_where_there_is_room_takes_nobody(self, make_store: MakeStore) -> None:
        """What fits needs nobody to go."""
        store = make_store()
        store.put(events(10))

        assert store.evict(["track"], 1, 100) == 0
        assert assert_adds_up(store).pending == 10
        store.close()
