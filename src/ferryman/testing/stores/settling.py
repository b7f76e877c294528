"""A verdict moves an entry once, and the accounts with it."""

import threading
from collections.abc import Sequence

from ferryman import operations as say
from ferryman.outbox.entry import Cancelled, Dead, Done, Verdict
from ferryman.outbox.protocol import Counts

from .helping import ALL, MakeStore, all_dead, assert_adds_up, events, kept, seqs, together, waiting


class Settling:
    """Rules of verdicts and accounts."""

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
                for entry in store.read(last, limit=7, size=ALL):
                    store.settle([Dead(entry, "odd") if entry.seq % 2 else Done(entry)], 8)
                    last, done = entry.seq, done + 1

        def look() -> None:
            while not over.is_set():
                looks.append(store.counts())

        together(put, settle, look)

        assert looks
        assert [c for c in looks if not c.adds_up()] == []
        assert [c for c in looks if min(c.pending, c.pending_bytes) < 0] == []
        last = assert_adds_up(store)
        assert (last.accepted, last.delivered, last.dead) == (400, 200, 200)
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

    def test_each_verdict_has_its_account(self, make_store: MakeStore) -> None:
        """Delivered, cancelled and dead are counted apart, in one settlement as in several."""
        store = make_store()
        store.put(events(6))
        found = waiting(store)

        store.settle([Cancelled(found[0]), Done(found[1]), Dead(found[2], "odd")], 8)
        store.settle([Cancelled(found[4])], 8)

        counts = assert_adds_up(store)
        assert (counts.cancelled, counts.delivered, counts.dead, counts.pending) == (2, 1, 1, 2)
        assert seqs(waiting(store)) == [found[3].seq, found[5].seq]
        assert all_dead(store)[0].died_at == 8
        store.close()

    def test_of_two_verdicts_in_one_settlement_one_counts(self, make_store: MakeStore) -> None:
        """An entry that is said to be two things becomes one of them."""
        store = make_store()
        store.put(events(4))
        a, b, c, d = waiting(store)

        store.settle([Done(a), Dead(a, "odd"), Dead(b, "odd"), Done(b)], 8)
        store.settle([Cancelled(c), Dead(c, "odd"), Dead(d, "x"), Dead(d, "y")], 8)

        counts = assert_adds_up(store)
        assert counts.delivered + counts.cancelled + counts.dead == counts.accepted == 4
        store.close()

    def test_a_second_verdict_of_any_kind_changes_nothing(self, make_store: MakeStore) -> None:
        """Whatever came of an entry, each other verdict on it comes too late; its neighbours go."""
        store = make_store()
        store.put(events(9))
        found = waiting(store)
        first: list[Verdict] = [Done(found[0]), Cancelled(found[3]), Dead(found[6], "first")]
        store.settle(first, 8)
        once, epoch = store.counts(), store.epoch()

        for entry in (found[0], found[3], found[6]):
            store.settle([Done(entry)], 9)
            store.settle([Cancelled(entry)], 9)
            store.settle([Dead(entry, "late")], 9)
        twice = store.counts()
        for place in (0, 3, 6):
            store.settle([Dead(each, "late") for each in found[place : place + 2]], 9)

        assert (twice, store.epoch()) == (once, epoch)
        assert [dead.reason for dead in all_dead(store)] == ["late", "late", "first", "late"]
        counts = assert_adds_up(store)
        assert (counts.delivered, counts.cancelled, counts.dead, counts.pending) == (1, 1, 4, 3)
        store.close()

    def test_what_was_put_at_once_can_be_settled_in_any_parts(self, make_store: MakeStore) -> None:
        """Each entry of one put has its own end: what of them waits, waits in order."""
        store = make_store()
        store.put(events(300))
        found = waiting(store)

        for step in (7, 5, 3, 2):
            store.settle([Done(entry) for entry in found[::step]], 8)

        settled = {place for step in (7, 5, 3, 2) for place in range(0, 300, step)}
        assert waiting(store) == [e for place, e in enumerate(found) if place not in settled]
        assert assert_adds_up(store).delivered == len(settled)
        store.close()

    def test_many_are_settled_across_what_was_put_at_once(self, make_store: MakeStore) -> None:
        """Long stretches end and begin anywhere, over holes, and over what is settled already."""
        store = make_store()
        for count in (200, 1, 150, 3, 246):
            store.put(events(count))
        found = waiting(store)
        left = set(range(600))

        for low, high in ((11, 80), (300, 480), (60, 140), (0, 12), (250, 599), (150, 251)):
            store.settle([Done(entry) for entry in found[low:high]], 8)
            left -= set(range(low, high))
            assert waiting(store) == [found[place] for place in sorted(left)]
            counts = assert_adds_up(store)
            assert (counts.pending, counts.delivered) == (len(left), 600 - len(left))
            size = sum(len(found[place].body) for place in left)
            assert counts.pending_bytes == size
        store.close()

    def test_what_is_being_sent_is_noted_until_it_is_settled(self, make_store: MakeStore) -> None:
        """begun() has the places that were begun, but for those given back or settled.

        A store that does not outlive its process may leave it empty.
        """
        store = make_store()
        store.put(events(6))
        found = waiting(store)
        nothing = store.begun()

        store.begin(seqs(found[:5]), sent=True)
        store.begin([found[0].seq], sent=True)
        noted = store.begun()
        store.begin([found[0].seq], sent=False)
        store.settle([Done(found[1]), Cancelled(found[2]), Dead(found[3], "odd")], 8)
        left = store.begun()
        store.settle([Done(found[4])], 8)

        assert nothing == store.begun() == set()
        if store.level != "memory":
            assert noted == set(seqs(found[:5]))
            assert left == {found[4].seq}
        store.close()

    def test_nothing_is_noted_of_what_was_thrown_away(self, make_store: MakeStore) -> None:
        """What was begun and then purged or evicted is no more, even where it was sent again."""
        store = make_store(max_entries=2)
        store.put(events(2))
        found = waiting(store)
        store.begin(seqs(found), sent=True)

        store.evict(["track"], 1, 1)
        store.purge_key(found[0].key)
        store.begin(seqs(found), sent=True)
        store.settle([Done(entry) for entry in found], 8)

        assert store.begun() == set()
        assert assert_adds_up(store).delivered == 0
        store.close()

    def test_settling_and_putting_leave_the_epoch(self, make_store: MakeStore) -> None:
        """A relay need not read anew for what it did itself, nor for what is merely new."""
        store = make_store()
        epoch = store.epoch()

        found = kept(store, say.track("p", "x"), say.delete("p"), say.track("p", "y"))
        store.settle([Cancelled(found[0]), Done(found[1]), Dead(found[2], "odd")], 8)

        assert store.epoch() == epoch
        store.close()
