"""Who was removed does not come back by a replay of what is older (delivery rule 10)."""

from ferryman import operations as say
from ferryman._core.person import ObjectId
from ferryman.outbox.entry import Cancelled, Dead, Done
from ferryman.outbox.protocol import Replayed

from .helping import MakeStore, assert_adds_up, dead_places, kept, seqs, waiting


class Removing:
    """Rules of what deletes and suppressions leave behind them."""

    def test_a_removal_hides_what_is_older_whatever_becomes_of_it(
        self, make_store: MakeStore
    ) -> None:
        """A delete that waits, was delivered or is dead, itself sent with it: refused each time."""
        store = make_store()
        old, removal, new = kept(store, say.identify("a"), say.delete("a"), say.identify("a"))
        store.settle([Dead(old, "odd"), Dead(new, "odd")], 8)
        refused = [store.replay([old.seq])]

        store.settle([Dead(removal, "odd")], 8)
        refused.append(store.replay([old.seq]))
        store.replay([removal.seq])
        store.settle([Done(removal)], 8)
        refused.append(store.replay([old.seq]))

        assert refused == [Replayed((), ((old.seq, "removed"),))] * 3
        assert store.replay([new.seq]) == Replayed((new.seq,))
        assert dead_places(store) == [old.seq]
        assert_adds_up(store)
        store.close()

    def test_each_kind_of_removal_hides(self, make_store: MakeStore) -> None:
        """Delete and suppress, of a person or an object, by either API; unsuppress does not."""
        thing = ObjectId("1", "acme")
        for removals in (
            (say.identify("p"), say.delete("p")),
            (say.track("p", "x"), say.suppress("p")),
            (say.identify_object(thing), say.delete_object(thing)),
            (say.identify("p"), say.pipelines.delete("p")),
            (say.identify("p"), say.pipelines.suppress("p")),
        ):
            store = make_store()
            old, removal = kept(store, *removals)
            store.settle([Dead(old, "odd"), Done(removal)], 8)

            assert store.replay([old.seq]).refused == ((old.seq, "removed"),), removal.name
            store.purge([old.seq])
            store.close()
        store = make_store()
        start = store.last()
        old, other = kept(store, say.identify("z"), say.unsuppress("z"))
        store.settle([Dead(old, "odd"), Done(other)], 8)

        assert start < old.seq
        assert store.replay([old.seq]).places == (old.seq,)
        store.close()

    def test_a_merge_is_hidden_by_a_removal_of_either(self, make_store: MakeStore) -> None:
        """A merge that would bring a removed person back is refused, by either of its keys."""
        store = make_store()
        one, two, free, a, d = kept(
            store,
            say.merge("a", "b"),
            say.merge("c", "d"),
            say.merge("e", "f"),
            say.delete("a"),
            say.delete("d"),
        )
        store.settle([Dead(each, "odd") for each in (one, two, free)], 8)
        store.settle([Done(a), Done(d)], 8)

        replayed = store.replay(seqs([one, two, free]))

        assert replayed.places == (free.seq,)
        assert replayed.refused == ((one.seq, "removed"), (two.seq, "removed"))
        store.close()

    def test_a_removal_that_is_thrown_away_hides_nobody(self, make_store: MakeStore) -> None:
        """Once a person skips or purges the dead delete, what is older may go on."""
        for act in ("skip", "purge"):
            store = make_store()
            old, removal = kept(store, say.identify(act), say.delete(act))
            store.settle([Dead(old, "odd"), Dead(removal, "odd")], 8)
            hidden = store.replay([old.seq])

            getattr(store, act)([removal.seq])

            assert hidden.refused == ((old.seq, "removed"),)
            assert store.replay([old.seq]) == Replayed((old.seq,))
            store.settle([Done(entry) for entry in waiting(store)], 8)
            store.close()

    def test_an_earlier_removal_goes_on_hiding(self, make_store: MakeStore) -> None:
        """Whoever skips the second removal of a person does not undo the first."""
        store = make_store()
        old, first, middle, second = kept(
            store, say.identify("a"), say.delete("a"), say.identify("a"), say.suppress("a")
        )
        store.settle([Dead(old, "odd"), Done(first), Dead(middle, "odd")], 8)
        store.settle([Dead(second, "odd")], 8)
        hidden = store.replay([old.seq, middle.seq])

        store.skip([second.seq])

        assert hidden.places == ()
        assert store.replay([old.seq, middle.seq]) == Replayed(
            (middle.seq,), ((old.seq, "removed"),)
        )
        store.close()

    def test_what_others_throw_away_uncovers_nobody(self, make_store: MakeStore) -> None:
        """Settling, skipping and purging other letters leaves a removal in force."""
        store = make_store()
        old, gone, removal, other, late = kept(
            store,
            say.identify("a"),
            say.track("a", "x"),
            say.delete("a"),
            say.merge("a", "b"),
            say.track("a", "y"),
        )
        store.settle([Dead(old, "odd"), Dead(gone, "odd"), Done(removal)], 8)
        store.settle([Dead(other, "odd"), Dead(late, "odd")], 8)

        store.skip([gone.seq])
        store.purge([late.seq])
        store.purge_key(other.other)

        assert store.replay([old.seq]).refused == ((old.seq, "removed"),)
        store.close()

    def test_a_removal_within_the_same_put_hides(self, make_store: MakeStore) -> None:
        """What is cancelled is gone; what died before its removal came is refused."""
        store = make_store()
        a, b, _removal = kept(store, say.track("a", "x"), say.track("a", "y"), say.delete("a"))
        store.settle([Dead(a, "odd"), Cancelled(b)], 8)

        replayed = store.replay([a.seq, b.seq])

        assert replayed.refused == ((a.seq, "removed"), (b.seq, "gone"))
        assert assert_adds_up(store).cancelled == 1
        store.close()

    def test_an_evicted_removal_hides_nobody(self, make_store: MakeStore) -> None:
        """A removal that will not be carried out stands in nobody's way."""
        store = make_store(max_entries=2)
        old, _removal = kept(store, say.identify("a"), say.delete("a"))
        store.settle([Dead(old, "odd")], 8)

        gone = store.evict(["delete"], 2, 1)

        assert gone == 1
        assert store.replay([old.seq]) == Replayed((old.seq,))
        store.close()
