"""What was passed over is read again, and a request waits no longer because more comes."""

import pytest

from ferryman import operations as say
from ferryman.outbox.batching import Limits
from ferryman.outbox.destination import HELD
from ferryman.outbox.dispatch import Dispatch
from ferryman.outbox.stores.memory import MemoryStore
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import kept


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    """An empty store of each kind."""
    made = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "spool.db")
    yield made
    made.close()


def left(dispatch):
    """Return the places of all that leaves from now on, in order."""
    found = []
    while True:
        dispatch.fill(0)
        chosen = dispatch.choose(0, urgent=True)
        if not isinstance(chosen, tuple):
            return found
        batch, destination = chosen
        found += [entry.seq for entry in batch.entries]
        destination.release(batch)


def test_each_that_was_passed_over_in_an_outage_is_read_again(store):
    """What an API that is not well has no room for leaves when it is, in order, each once."""
    said = kept(store, *[say.track(f"p{n}", "x") for n in range(100)])
    size = len(said[0].body)
    dispatch = Dispatch(store, ceiling=4, linger=0, limits=Limits(bytes=10 * size))
    dispatch.fill(0)
    destination = dispatch.destinations["track"]
    destination.paused = True
    dispatch.fill(0)
    passed_over = destination.resume

    said += kept(store, say.track("late", "x"))
    destination.paused = False

    assert passed_over is not None
    assert left(dispatch) == [entry.seq for entry in said]


def test_a_request_lingers_from_its_first_entry_on(store):
    """Those who come meanwhile do not make the first wait longer."""
    dispatch = Dispatch(store, ceiling=4, linger=1.0, limits=Limits())
    kept(store, say.track("a", "x"))
    dispatch.fill(0.0)
    kept(store, say.track("b", "x"))
    dispatch.fill(0.9)

    early = dispatch.choose(0.95, urgent=False)
    chosen = dispatch.choose(1.0, urgent=False)

    assert early == pytest.approx(0.05)
    assert isinstance(chosen, tuple)
    assert [entry.seq for entry in chosen[0].entries] == [1, 2]


def test_what_one_person_holds_up_is_read_so_far_only(store):
    """Behind a key in flight no more is held in memory than the bound, whatever waits."""
    kept(store, *[say.track("a", "x", data={"t": "x" * 30_000}) for _ in range(400)])
    dispatch = Dispatch(store, ceiling=4, linger=0, limits=Limits())
    dispatch.fill(0)
    dispatch.choose(0, urgent=True)

    for _ in range(20):
        dispatch.fill(0)
        dispatch.choose(0, urgent=True)

    line = dispatch.destinations["track"].line
    assert HELD <= line.held_bytes + line.bytes < HELD + 3 * Limits().bytes
