"""What the relay reads anew, and in which order it decides, over a real store."""

import pytest

from ferryman import operations as say
from ferryman.outbox import Outbox
from ferryman.outbox.batching import Limits
from ferryman.outbox.dispatch import Dispatch
from ferryman.outbox.entry import Cancelled, Dead, Done
from ferryman.outbox.stores.around import Around
from ferryman.outbox.stores.memory import MemoryStore
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import kept, waiting


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    """An empty store of each kind."""
    made = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "spool.db")
    yield made
    made.close()


def dispatch_of(store):
    return Dispatch(store, ceiling=4, linger=0, limits=Limits())


def take(dispatch):
    """Return the next batch and where it goes, with the places in it; None when nobody may go."""
    dispatch.fill(0)
    chosen = dispatch.choose(0, urgent=True)
    return chosen if isinstance(chosen, tuple) else None


def places(chosen):
    return [entry.seq for entry in chosen[0].entries] if chosen else []


def settle(store, chosen, verdicts):
    store.settle(verdicts, 1)
    chosen[1].release(chosen[0])


def test_what_is_replayed_goes_where_nothing_went_before(store):
    """A dead letter of another API is read when it waits again, before what came after it."""
    old, new = kept(store, say.pipelines.track("a", "x"), say.track("b", "x"))
    store.settle([Dead(old, "odd")], 1)
    dispatch = dispatch_of(store)
    first = take(dispatch)

    store.replay([old.seq])
    (newer,) = kept(store, say.pipelines.track("a", "y"))[-1:]
    second = take(dispatch)

    assert places(first) == [new.seq]
    assert second[1].api == "pipelines"
    assert places(second) == [old.seq, newer.seq]


def test_a_letter_replayed_while_its_batch_travels_is_not_overtaken(store):
    """Whichever of several batches ends first, what was let go on in it comes before newer ones."""
    a, b = kept(store, say.track("a", "x"), say.track("b", "x"))
    dispatch = Dispatch(store, ceiling=4, linger=0, limits=Limits(items=1))
    one, two = take(dispatch), take(dispatch)
    store.settle([Dead(a, "odd")], 1)
    store.replay([a.seq])
    newer, _ = kept(store, say.identify("a", {"email": "a@example.com"}), say.track("c", "x"))
    between = take(dispatch)

    one[1].release(one[0])
    after = take(dispatch)

    assert (places(one), places(two)) == ([a.seq], [b.seq])
    assert newer.seq not in places(between)
    assert places(after) == [a.seq]


def test_what_is_purged_is_sent_no_more(store):
    """What was read and is thrown away before it was taken does not leave."""
    a, b, c, d = kept(store, *[say.track(person, "x") for person in "abcd"])
    dispatch = Dispatch(store, ceiling=4, linger=0, limits=Limits(items=1))
    first = take(dispatch)

    store.purge_key(b.key)
    second = take(dispatch)
    settle(store, first, [Done(a)])
    third = take(dispatch)

    assert places(first) == [a.seq]
    assert (places(second), places(third)) == ([c.seq], [d.seq])
    assert take(dispatch) is None


def test_an_interrupted_merge_parks_before_anybody_behind_it_leaves(tmp_path):
    """What an earlier relay was sending is decided first: nobody knows whether it arrived."""
    store = SqliteStore(tmp_path / "spool.db")
    merge, behind, free = kept(store, say.merge("a", "b"), say.track("b", "x"), say.track("c", "x"))
    store.begin([merge.seq], sent=True)
    dispatch = dispatch_of(store)

    before = take(dispatch)
    decided, dispatch.verdicts = dispatch.verdicts, []
    store.settle(decided, 1)
    after = take(dispatch)

    assert before is None
    assert decided == [Dead(merge, "interrupted", maybe_delivered=True)]
    assert places(after) == [free.seq]
    assert behind.seq in [entry.seq for entry in waiting(store)]
    store.close()


def test_nobody_passes_a_merge_that_waits_behind_a_failed_barrier(store):
    """Its other key waits with it, a removal of it too; who came before it and others go."""
    barrier, early, merge, removal, late, free = kept(
        store,
        say.delete("a"),
        say.track("b", "x"),
        say.merge("a", "b"),
        say.delete("b"),
        say.track("b", "y"),
        say.track("c", "x"),
    )
    store.settle([Dead(barrier, "odd")], 1)
    dispatch = dispatch_of(store)

    first = take(dispatch)
    settle(store, first, [Done(early), Done(free)])
    nobody = take(dispatch)
    store.skip([barrier.seq])
    second = take(dispatch)

    assert places(first) == [early.seq, free.seq]
    assert nobody is None
    assert places(second) == [merge.seq]
    assert {removal.seq, late.seq} < {entry.seq for entry in waiting(store)}


class Recording(Around):
    """A store that records when what is cancelled is settled."""

    def __init__(self, store, happened):
        super().__init__(store)
        self.happened = happened

    def settle(self, verdicts, now):
        super().settle(verdicts, now)
        self.happened += ["cancelled" for each in verdicts if isinstance(each, Cancelled)]


def test_a_removal_leaves_after_what_it_cancelled_is_settled(live, seen):
    """Whoever dies between the two has cancelled too much, never sent what was removed."""
    happened = []
    store = Recording(MemoryStore(), happened)
    kept(store, say.track("a", "x"), say.track("a", "y"), say.delete("a"), say.track("b", "x"))
    outbox = Outbox(store, live)
    driver = outbox._relay._sending._driver
    sending = driver.send
    driver.send = lambda request: happened.append("sent") or sending(request)

    outbox.flush(20)
    outbox.close()

    assert happened[:3] == ["cancelled", "cancelled", "sent"]
    assert outbox.stats().cancelled == 2
