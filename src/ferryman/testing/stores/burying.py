"""Dead letters are kept as they died, found again by what is asked, and park who relied on them."""

from ferryman import operations as say
from ferryman.outbox.entry import Dead, Entry
from ferryman.outbox.protocol import Store, Where

from .helping import MakeStore, all_dead, assert_adds_up, dead_places, events, kept, seqs, waiting


def _dead_of_all_kinds(store: Store) -> list[Entry]:
    """Let five operations die for several reasons, with one that waits in their midst."""
    found = kept(
        store,
        say.track("a", "x"),
        say.identify("b"),
        say.track("w", "x"),
        say.delete("a"),
        say.merge("b", "c"),
        say.track("c", "x"),
    )
    a, b, _, removal, merge, c = found
    store.settle([Dead(merge, "status 500", status=500, maybe_delivered=True), Dead(a, "odd")], 8)
    store.settle([Dead(c, "odd", maybe_delivered=True)], 9)
    store.settle([Dead(b, "bad", "attributes", "too many", 422, 3), Dead(removal, "odd")], 9)
    return found


class Burying:
    """Rules of dead letters that nobody has decided on."""

    def test_a_dead_letter_is_kept_as_it_died(self, make_store: MakeStore) -> None:
        """Entry, reason, field, message, status, attempts, doubt and moment are all there."""
        store = make_store()
        found = kept(store, say.identify("a", {"x": 1}), say.merge("a", "b"))
        verdicts = [
            Dead(found[0], "bad", "attributes.x", "is 1", 422, 3),
            Dead(found[1], "timeout", maybe_delivered=True),
        ]

        store.settle(verdicts, 77)

        assert all_dead(store) == [
            Dead(found[0], "bad", "attributes.x", "is 1", 422, 3, False, 77),
            Dead(found[1], "timeout", "", "", 0, 1, True, 77),
        ]
        store.close()

    def test_dead_letters_are_listed_in_order_of_acceptance(self, make_store: MakeStore) -> None:
        """Whenever each died, they come in order, and page behind the place given."""
        store = make_store()
        store.put(events(10))
        found = waiting(store)
        for place in (7, 1, 9, 3, 5):
            store.settle([Dead(found[place], "odd")], 8)

        first = store.dead(Where(), after=0, limit=2)
        rest = store.dead(Where(), after=first[-1].entry.seq, limit=100)

        assert [d.entry for d in first + rest] == [found[p] for p in (1, 3, 5, 7, 9)]
        assert store.dead(Where(), after=found[9].seq, limit=9) == []
        assert store.dead(Where(), after=0, limit=0) == []
        store.close()

    def test_dead_letters_are_found_by_each_of_their_facts(self, make_store: MakeStore) -> None:
        """Each filter alone, a key being either of a merge's; together all must hold."""
        store = make_store()
        a, b, _, removal, merge, c = _dead_of_all_kinds(store)
        asked = {
            Where(): [a, b, removal, merge, c],
            Where(reason="odd"): [a, removal, c],
            Where(reason="od"): [],
            Where(name="track"): [a, c],
            Where(name="merge"): [merge],
            Where(key=a.key): [a, removal],
            Where(key=b.key): [b, merge],
            Where(key=c.key): [merge, c],
            Where(key="nobody"): [],
            Where(maybe_delivered=True): [merge, c],
            Where(maybe_delivered=False): [a, b, removal],
            Where(parks=True): [removal, merge],
            Where(parks=False): [a, b, c],
            Where(key=c.key, reason="odd"): [c],
            Where(name="track", maybe_delivered=True, parks=False): [c],
            Where(reason="odd", name="track", key=b.key): [],
        }

        found = {where: dead_places(store, where) for where in asked}

        assert found == {where: seqs(entries) for where, entries in asked.items()}
        assert [
            each.entry.seq for each in store.dead(Where(reason="odd"), after=a.seq, limit=1)
        ] == [removal.seq]
        store.close()

    def test_reasons_are_counted(self, make_store: MakeStore) -> None:
        """reasons() names each reason with its number, the most frequent first."""
        store = make_store()
        none = store.reasons()
        _dead_of_all_kinds(store)

        assert none == {}
        assert list(store.reasons().items()) == [("odd", 3), ("bad", 1), ("status 500", 1)]
        store.close()

    def test_a_dead_barrier_parks_its_keys(self, make_store: MakeStore) -> None:
        """A dead removal parks its key, a dead merge both; a dead event and identify nobody."""
        store = make_store()
        nobody = store.parked()
        a, b, _, removal, merge, c = _dead_of_all_kinds(store)

        both = store.parked()
        store.skip([merge.seq])
        one = store.parked()
        store.replay([removal.seq])

        assert nobody == set()
        assert both == {a.key, b.key, c.key}
        assert one == {a.key}
        assert store.parked() == set()
        assert_adds_up(store)
        store.close()

    def test_parking_somebody_raises_the_epoch(self, make_store: MakeStore) -> None:
        """The relay reads anew when a barrier died, not when an event did."""
        store = make_store()
        event, barrier = kept(store, say.track("a", "x"), say.suppress("b"))
        epoch = store.epoch()

        store.settle([Dead(event, "odd")], 8)
        same = store.epoch()
        store.settle([Dead(barrier, "odd")], 8)

        assert same == epoch
        assert store.epoch() > epoch
        store.close()
