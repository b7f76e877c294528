"""A removal cancels what waits for its key wherever that waits (rule 11)."""

from ferryman.outbox.batching import Limits
from ferryman.outbox.order import Line


def test_what_waits_to_travel_by_itself_is_cancelled(make):
    """A form that has its turn next is not sent before the delete that came meanwhile."""
    line = Line()
    line.join([make("submit_form", "a"), make("submit_form", "b")])
    first = line.take(Limits())
    line.join([make("delete", "b")])

    second = line.take(Limits())

    assert [entry.seq for entry in first.entries] == [1]
    assert [entry.seq for entry in second.entries] == [3]
    assert [entry.seq for entry in line.cancelled] == [2]
