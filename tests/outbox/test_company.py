"""Who may not share a request with a barrier, where nobody was removed (rule 9)."""

from ferryman.outbox.batching import Limits
from ferryman.outbox.order import Line


def requests(line):
    """Return the places of each request, until nobody is left."""
    found = []
    while (batch := line.take(Limits())) is not None:
        found.append([entry.seq for entry in batch.entries])
        line.release(batch)
    return found


def test_nothing_follows_an_identify_that_changes_who_somebody_is(make):
    """What comes behind it for its key waits for its answer; others travel with it."""
    line = Line()
    line.join([make("barrier", "a"), make("track", "a"), make("track", "b")])

    assert requests(line) == [[1, 3], [2]]


def test_a_merge_joins_no_request_of_its_second_person(make):
    """An event of whom it takes away goes before it, in a request of its own."""
    line = Line()
    line.join([make("track", "b"), make("merge", "a", "b"), make("track", "c")])

    assert requests(line) == [[1, 3], [2]]


def test_nothing_of_a_merges_second_person_follows_it(make):
    """Whoever is taken away says nothing more in the request that does it."""
    line = Line()
    line.join([make("merge", "a", "b"), make("track", "b"), make("track", "c")])

    assert requests(line) == [[1, 3], [2]]
