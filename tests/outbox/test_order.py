"""Who may go next: rules 7 to 9 by example."""

import time

import pytest

from ferryman.outbox.batching import Batch, Limits
from ferryman.outbox.order import Line

WHOLE = Limits()


def seqs(batch: Batch | None) -> list[int]:
    return [] if batch is None else [entry.seq for entry in batch.entries]


def rest(line: Line, limits: Limits = WHOLE) -> list[list[int]]:
    """Take and release until nobody goes any more."""
    found = []
    while (batch := line.take(limits)) is not None:
        found.append(seqs(batch))
        line.release(batch)
    return found


def test_plain_operations_share_a_request_in_order_of_acceptance(make):
    """Events and identifies of one person and of others travel together, in order."""
    line = Line()
    line.join([make("track", "a"), make("identify", "a"), make("track", "b"), make("track", "a")])

    batch = line.take(Limits())

    assert batch is not None
    assert batch.together
    assert seqs(batch) == [1, 2, 3, 4]


def test_a_key_in_flight_is_muted_and_everybody_else_goes_on(make):
    """While a request with a person's operation travels, only others may go (rule 7)."""
    line = Line()
    line.join([make("track", "a")])
    first = line.take(Limits())
    assert first is not None
    line.join([make("track", "a"), make("track", "b"), make("track", "a")])

    meanwhile = line.take(Limits())
    line.release(first)
    after = line.take(Limits())

    assert seqs(meanwhile) == [3]
    assert seqs(after) == [2, 4]


def test_a_barrier_begins_a_request_of_its_key_that_nothing_joins(make):
    """Nothing of a key comes before or after its barrier in one request (rule 9)."""
    line = Line()
    line.join([make("track", "a"), make("barrier", "a"), make("track", "a"), make("track", "b")])

    found = rest(line)

    assert found == [[1, 4], [2], [3]]


def test_a_barrier_that_had_to_wait_joins_no_request_of_its_key(make):
    """The same holds for those who waited in their key's lane (rule 9)."""
    line = Line()
    line.join([make("track", "a")])
    first = line.take(Limits())
    line.join([make("track", "a"), make("barrier", "a"), make("track", "a")])
    assert line.take(Limits()) is None
    assert first is not None
    line.release(first)

    found = rest(line)

    assert found == [[2], [3], [4]]


def test_nothing_follows_a_barrier_in_its_request(make):
    """An event behind a barrier of its key waits for the barrier's answer (rule 9)."""
    line = Line()
    line.join([make("delete", "a"), make("track", "a"), make("track", "b")])

    found = rest(line)

    assert found == [[1, 3], [2]]


@pytest.mark.parametrize("name", ["delete", "suppress", "barrier"])
def test_two_barriers_of_a_key_never_share_a_request(make, name):
    """At most one barrier of a key is in a request (rule 9)."""
    line = Line()
    line.join([make(name, "a"), make(name, "a"), make(name, "b")])

    found = rest(line)

    assert found == [[1, 3], [2]]


def test_a_merge_waits_for_both_its_people(make):
    """A merge leaves when neither of its two people travels (rule 8)."""
    line = Line()
    line.join([make("track", "a"), make("track", "b")])
    a = line.take(Limits(items=1))
    b = line.take(Limits(items=1))
    assert a is not None
    assert b is not None
    line.join([make("merge", "a", "b")])

    neither = line.take(Limits())
    line.release(a)
    one = line.take(Limits())
    line.release(b)
    both = line.take(Limits())

    assert neither is None
    assert one is None
    assert seqs(both) == [3]


def test_a_merge_blocks_both_its_people(make):
    """While a merge travels or waits, nothing of its two people leaves (rule 8)."""
    line = Line()
    line.join([make("track", "b")])
    first = line.take(Limits())
    assert first is not None
    line.join([make("merge", "a", "b"), make("track", "a"), make("track", "b"), make("track", "c")])

    waiting = line.take(Limits())
    line.release(first)
    merging = line.take(Limits())
    travelling = line.take(Limits())
    assert merging is not None
    line.release(merging)
    after = line.take(Limits())

    assert seqs(waiting) == [5]
    assert seqs(merging) == [2]
    assert travelling is None
    assert sorted(seqs(after)) == [3, 4]


def test_what_follows_a_merge_that_had_to_wait_still_leaves(make):
    """A lane behind a merge is opened again: nobody waits for ever."""
    line = Line()
    line.join([make("track", "b")])
    first = line.take(Limits())
    assert first is not None
    line.join([make("merge", "a", "b"), make("identify", "a"), make("merge", "c", "a")])
    assert line.take(Limits()) is None
    line.release(first)

    found = rest(line)

    assert found == [[2], [3], [4]]
    assert line.idle


def test_a_lane_taken_in_parts_keeps_its_order(make):
    """Limits that cut a lane, and a merge in its midst, never turn its order."""
    line = Line()
    line.join([make("track", "a"), make("track", "b"), make("track", "x")])
    firsts = [line.take(Limits(items=1)) for _ in range(3)]
    line.join([make("track", "a"), make("track", "a"), make("merge", "a", "b"), make("track", "a")])
    line.join([make("track", "x"), make("track", "x"), make("track", "b")])
    assert line.take(Limits()) is None
    a, b, x = firsts
    assert a is not None
    assert b is not None
    assert x is not None
    line.release(a)
    line.release(x)
    line.release(b)

    went = []
    flying = []
    while (batch := line.take(Limits(items=1))) is not None or flying:
        if batch is not None:
            went += seqs(batch)
            flying.append(batch)
        if batch is None or len(flying) == 2:
            line.release(flying.pop(0))

    assert [seq for seq in went if seq in (4, 5, 6, 7)] == [4, 5, 6, 7]
    assert [seq for seq in went if seq in (6, 10)] == [6, 10]
    assert line.idle


def test_an_operation_of_track_v1_travels_by_itself(make):
    """What /batch cannot carry is a request of its own, and fills nobody's place in a batch."""
    line = Line()
    line.join(
        [make("track", "a"), make("submit_form", "b"), make("track", "c"), make("submit_form", "a")]
    )

    batches = []
    for _ in range(3):
        if (batch := line.take(Limits())) is not None:
            batches.append(batch)

    assert sorted((seqs(batch), batch.together) for batch in batches) == [
        ([1, 3], True),
        ([2], False),
    ]
    for batch in batches:
        line.release(batch)
    assert rest(line) == [[4]]
    assert line.idle


def test_a_request_holds_no_more_items_than_it_may(make):
    """The limit by items cuts a batch where it is reached."""
    line = Line()
    line.join([make("track", f"p{n}") for n in range(7)])

    found = rest(line, Limits(items=3))

    assert found == [[1, 2, 3], [4, 5, 6], [7]]


@pytest.mark.parametrize("limit", range(400, 420))
def test_a_request_holds_no_more_bytes_than_it_may_with_its_envelope(make, limit):
    """Encoded bytes, commas and the envelope included, stay within the limit: 415 hold four."""
    line = Line()
    line.join([make("track", f"p{n}", size=100) for n in range(10)])

    batch = line.take(Limits(bytes=limit))

    assert batch is not None
    assert 3 <= len(batch.entries) <= 4
    body = b'{"batch":[' + b",".join([entry.body for entry in batch.entries]) + b"]}"
    assert len(body) <= limit


def test_an_entry_larger_than_a_request_goes_by_itself(make):
    """What fits into no request is sent all the same, alone: it must not block the line."""
    line = Line()
    line.join([make("track", "a", size=10), make("track", "b", size=5000), make("track", "c")])

    found = rest(line, Limits(bytes=1000))

    assert found == [[1], [2], [3]]


def test_accounts_of_bytes_say_what_may_go_and_what_is_held(make):
    """bytes and held_bytes add up to what has not left, at every step."""
    line = Line()
    line.join([make("track", "a", size=9)])
    first = line.take(Limits())
    assert first is not None
    line.join([make("track", "a", size=19), make("track", "b", size=29)])
    joined = (line.bytes, line.held_bytes)
    second = line.take(Limits())
    assert second is not None
    held = (line.bytes, line.held_bytes)
    line.release(first)
    opened = (line.bytes, line.held_bytes)
    line.take(Limits())

    assert joined == (20 + 30, 0)
    assert held == (0, 20)
    assert opened == (20, 0)
    assert (line.bytes, line.held_bytes) == (0, 0)


def test_a_hundred_thousand_entries_pass(make):
    """The line's own cost is measured and printed; what it must do is lose nobody."""
    entries = [make("track", f"p{n % 5000}", size=300) for n in range(100_000)]
    line, went, flying = Line(), 0, []
    start = time.perf_counter()
    for at in range(0, len(entries), 2000):
        line.join(entries[at : at + 2000])
        while (batch := line.take(Limits())) is not None:
            went += len(batch.entries)
            flying.append(batch)
            if len(flying) == 4:
                line.release(flying.pop(0))
    while flying:
        line.release(flying.pop(0))
        while (batch := line.take(Limits())) is not None:
            went += len(batch.entries)
            flying.append(batch)
    print(f"order: {(time.perf_counter() - start) * 10:.2f} µs an entry")

    assert went == len(entries)
    assert line.idle
