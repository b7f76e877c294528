"""A removal cancels what waits for its key wherever that waits (rule 11)."""

import msgspec
import pytest

from ferryman import operations as say
from ferryman.outbox.batching import Limits
from ferryman.outbox.entry import Entry
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


@pytest.mark.parametrize("kept", [say.suppress, say.unsuppress, say.delete])
def test_what_says_whether_somebody_may_come_back_is_not_cancelled(kept):
    """Suppressed, let in again, then deleted: without the second nobody could come back."""
    entries = [
        msgspec.structs.replace(Entry.of(operation, f"id{place}", 1), seq=place)
        for place, operation in enumerate([say.track("p", "x"), kept("p"), say.delete("p")], 1)
    ]
    line = Line()
    line.join(entries)

    found = []
    while (batch := line.take(Limits())) is not None:
        found += [entry.seq for entry in batch.entries]
        line.release(batch)

    assert found == [2, 3]
    assert [entry.seq for entry in line.cancelled] == [1]
