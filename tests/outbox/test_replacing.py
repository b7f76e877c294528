"""A worker that is ended by what a callback raises: another takes over what it held (rule 32)."""

import threading

import pytest

from ferryman.errors import FlushTimeout
from ferryman.outbox import Outbox

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(params=["memory", "sqlite"])
def place(request, tmp_path):
    """Where an outbox keeps things: both stores."""
    return "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'spool.db'}"


class Raising:
    """An observer that ends the first workers that call it with *error*."""

    def __init__(self, error, *, times=1):
        self._error, self._left = error, times
        self._lock = threading.Lock()

    def __call__(self, _exchange):
        with self._lock:
            self._left -= 1
            raising = self._left >= 0
        if raising:
            raise self._error


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_what_an_ended_worker_held_is_delivered_once(place, live, seen, error):
    """Another worker carries on: nothing is lost, nothing doubled, each person in order."""
    observer = Raising(error)
    with Outbox(place, live, observers=(observer,), linger=0) as outbox:
        receipts = [outbox.track(f"p{n % 3}", "said") for n in range(30)]
        outbox.flush(30)
        counts = outbox.stats()
        replaced = outbox._relay.replaced

    assert replaced == 1
    assert (counts.delivered, counts.pending, counts.dead) == (30, 0, 0)
    assert seen.by_person() == {f"p{n}": [r.id for r in receipts[n::3]] for n in range(3)}


def test_as_many_as_are_ended_are_replaced(place, live, seen):
    """Whoever raises each time ends one worker each time, and never the relay."""
    with Outbox(place, live, observers=(Raising(SystemExit, times=25),), linger=0) as outbox:
        receipts = [outbox.track(f"p{n}", "said") for n in range(40)]
        outbox.flush(60)
        replaced = outbox._relay.replaced

    assert replaced == 25
    assert sorted(seen.ids()) == sorted(receipt.id for receipt in receipts)


def test_what_may_not_be_repeated_is_not_sent_again(place, live, seen):
    """A form that a worker was sending when it ended is a dead letter, and one form (rule 20)."""
    with Outbox(place, live, observers=(Raising(SystemExit),), linger=0) as outbox:
        outbox.submit_form("f", "p", {"a": "b"})
        outbox.flush(30)
        (letter,) = outbox.dead.list()
        requests = seen.summary()["requests"]
        later = outbox.track("p", "said")
        outbox.flush(30)

    assert (letter.reason, letter.maybe_delivered) == ("interrupted", True)
    assert requests == 1
    assert seen.ids() == [later.id]


def test_an_interrupted_merge_parks(place, live, seen):
    """Nobody knows whether it was done, so its people wait for a person, and others go on."""
    with Outbox(place, live, observers=(Raising(SystemExit),), linger=0) as outbox:
        outbox.merge("ann", "bob")
        outbox.flush(30)
        outbox.track("ann", "behind")
        other = outbox.track("eve", "said")
        with pytest.raises(FlushTimeout, match="replay, skip or purge"):
            outbox.flush(30)
        there = seen.ids()
        outbox.dead.skip(parks=True)
        outbox.flush(30)

    assert there == [other.id]
    assert len(seen.ids()) == 2
