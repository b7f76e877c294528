"""What a person decides on dead letters: they go on, or are thrown away; each is counted once."""

from ferryman import operations as say
from ferryman.outbox.entry import Dead, Done
from ferryman.outbox.protocol import Replayed

from .helping import MakeStore, all_dead, assert_adds_up, dead_places, events, kept, seqs, waiting


class Deciding:
    """Rules of replay, skip and purge."""

    def test_a_replayed_letter_waits_in_its_old_place(self, make_store: MakeStore) -> None:
        """At either end of what was put at once or within it, beside others that wait or not."""
        store = make_store()
        store.put(events(5))
        store.put(events(5, start=5))
        found = waiting(store)
        died = [0, 2, 4, 5, 7, 9]
        store.settle([Dead(found[place], "odd") for place in died], 8)
        store.settle([Done(found[3])], 8)

        for place in (2, 9, 0, 7):
            replayed = store.replay([found[place].seq])
            assert replayed == Replayed((found[place].seq,))
            assert_adds_up(store)

        assert waiting(store) == [found[place] for place in (0, 1, 2, 6, 7, 8, 9)]
        assert dead_places(store) == [found[4].seq, found[5].seq]
        assert waiting(store, found[2].seq) == [found[place] for place in (6, 7, 8, 9)]
        store.close()

    def test_many_are_replayed_at_once(self, make_store: MakeStore) -> None:
        """However many died of one put, all are back in order, and what was read stays known."""
        store = make_store()
        store.put(events(400))
        found = waiting(store)
        store.settle([Dead(entry, "odd") for entry in found[::3]], 8)
        store.settle([Done(entry) for entry in found[1::3]], 8)

        replayed = store.replay(seqs(found)[::-1])

        assert list(replayed.places) == seqs(found[::3])
        assert [why for _, why in replayed.refused] == ["gone"] * len(found[1::3] + found[2::3])
        assert waiting(store) == [e for place, e in enumerate(found) if place % 3 != 1]
        assert assert_adds_up(store).dead == 0
        store.close()

    def test_what_is_not_dead_cannot_be_replayed(self, make_store: MakeStore) -> None:
        """What waits, was delivered, or never was is refused as gone, once each, and stays so."""
        store = make_store()
        store.put(events(3))
        a, b, c = waiting(store)
        store.settle([Done(b), Dead(c, "odd")], 8)
        before, epoch = store.counts(), store.epoch()

        replayed = store.replay([b.seq, a.seq, 99, a.seq])

        assert replayed == Replayed((), ((a.seq, "gone"), (b.seq, "gone"), (99, "gone")))
        assert (store.counts(), store.epoch()) == (before, epoch)
        assert store.replay([c.seq, c.seq]) == Replayed((c.seq,))
        assert store.replay([c.seq]) == Replayed((), ((c.seq, "gone"),))
        assert_adds_up(store)
        store.close()

    def test_a_replayed_letter_can_be_delivered_or_die_again(self, make_store: MakeStore) -> None:
        """It is an entry like any other, and each death has its own reason."""
        store = make_store()
        store.put(events(2))
        a, b = waiting(store)
        store.settle([Dead(a, "first"), Dead(b, "first")], 8)

        store.replay([a.seq, b.seq])
        store.settle([Dead(a, "second"), Done(b)], 9)

        assert all_dead(store) == [Dead(a, "second", died_at=9)]
        assert assert_adds_up(store).delivered == 1
        assert store.replay([a.seq]) == Replayed((a.seq,))
        store.close()

    def test_pending_knows_what_was_replayed(self, make_store: MakeStore) -> None:
        """Whoever flushes waits for what a person let go on."""
        store = make_store()
        store.put(events(2))
        a, b = waiting(store)
        store.settle([Dead(a, "odd"), Done(b)], 8)
        settled = store.pending(store.last())

        store.replay([a.seq])

        assert settled == 0
        assert store.pending(a.seq) == 1
        store.close()

    def test_what_is_skipped_or_purged_is_gone_and_counted(self, make_store: MakeStore) -> None:
        """Each has its account; what is not dead stays, and counts for nothing."""
        store = make_store()
        store.put(events(6))
        found = waiting(store)
        store.settle([Dead(entry, "odd") for entry in found[:4]] + [Done(found[4])], 8)
        places = seqs(found)

        skipped = store.skip([places[0], places[0], places[4], places[5], 99])
        purged = store.purge([places[1], places[2], places[0], places[5]])
        again = store.skip(places[:3]) + store.purge(places[:3])

        assert (skipped, purged, again) == (1, 2, 0)
        assert dead_places(store) == [places[3]]
        counts = assert_adds_up(store)
        assert (counts.skipped, counts.purged, counts.pending, counts.dead) == (1, 2, 1, 1)
        store.close()

    def test_each_decision_raises_the_epoch(self, make_store: MakeStore) -> None:
        """Replay, skip, purge and purge_key raise it where something changed, and only there."""
        store = make_store()
        store.put(events(4))
        store.put(events(1, person="q"))
        found = waiting(store)
        store.settle([Dead(entry, "odd") for entry in found[:3]], 8)
        seen = [store.epoch()]

        for act in (
            lambda: store.replay([found[0].seq]),
            lambda: store.skip([found[1].seq]),
            lambda: store.purge([found[2].seq]),
            lambda: store.purge_key(found[3].key),
        ):
            act()
            seen.append(store.epoch())
        store.replay([found[0].seq])
        store.skip([found[0].seq])
        store.purge([found[0].seq])
        store.purge_key(found[0].key)

        assert seen == sorted(set(seen))
        assert store.epoch() == seen[-1]
        store.close()

    def test_a_purged_person_has_nothing_left(self, make_store: MakeStore) -> None:
        """What waits, unread too, and what is dead goes, merges with others too; others stay."""
        store = make_store()
        found = kept(
            store,
            say.track("a", "x"),
            say.merge("b", "a"),
            say.track("b", "x"),
            say.track("a", "y"),
            say.merge("a", "c"),
            say.delete("a"),
        )
        store.settle([Dead(found[3], "odd"), Dead(found[4], "odd")], 8)
        store.put(events(3, person="a"))
        store.put(events(2, person="b"))

        purged = store.purge_key(found[0].key)
        again = store.purge_key(found[0].key)

        assert (purged, again) == (8, 0)
        assert {entry.key for entry in waiting(store)} == {found[2].key}
        assert len(waiting(store)) == 3
        assert store.parked() == set()
        counts = assert_adds_up(store)
        assert (counts.purged, counts.pending, counts.dead) == (8, 3, 0)
        store.close()

    def test_a_verdict_on_what_was_purged_comes_too_late(self, make_store: MakeStore) -> None:
        """What was on its way when its person was purged does not come back as a dead letter."""
        store = make_store()
        (entry, barrier) = kept(store, say.track("a", "x"), say.delete("a"))
        store.purge_key(entry.key)
        epoch = store.epoch()

        store.settle([Dead(entry, "odd"), Dead(barrier, "odd")], 8)

        assert (all_dead(store), store.parked(), store.epoch()) == ([], set(), epoch)
        assert assert_adds_up(store).purged == 2
        store.close()
