"""Entries that share a row: packed, read again, and saved one by one from damage (gate 6)."""

from hypothesis import given
from hypothesis import strategies as st

from ferryman.outbox.entry import Entry
from ferryman.outbox.stores.runs import (
    MOST,
    PAGE,
    Damaged,
    alone,
    rows,
    saved,
    unpacked,
    unpacked_alone,
)

TEXTS = st.text(max_size=20)
ENTRIES = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.builds(
            Entry,
            seq=st.just(0),
            id=TEXTS,
            name=TEXTS,
            key=TEXTS,
            body=st.binary(max_size=60) | st.builds(bytes, st.integers(0, 9_000)),
            other=TEXTS,
            barrier=st.booleans(),
            path=TEXTS,
            at=st.integers(0, 1 << 40),
        ),
    ),
    max_size=300,
)


def placed(steps, start=0):
    """Give the entries of *steps* increasing places, some of them left out."""
    found, seq = [], start
    for step, entry in steps:
        seq += step
        found.append(Entry(seq, *[getattr(entry, name) for name in entry.__struct_fields__[1:]]))
    return found


def is_damaged(row):
    try:
        unpacked(row)
    except Damaged:
        return True
    return False


@given(ENTRIES, st.sampled_from([0, 1 << 20, 1 << 40]))
def test_what_is_packed_is_read_again(steps, start):
    """Rows hold all entries in order, say where they stand, and fit on a page or hold one."""
    entries = placed(steps, start)

    found = list(rows(entries))

    assert [entry for row in found for entry in unpacked(row)] == entries
    for row in found:
        own = unpacked(row)
        assert row[:3] == (own[0].seq, own[-1].seq, len(own))
        assert row[3:5] == (sum(len(entry.body) for entry in own), own[0].at)
        assert len(own) == 1 or (len(own) <= MOST and len(row[5]) <= PAGE)
        assert saved(row) == (own, [])


@given(ENTRIES.filter(len), st.randoms(use_true_random=False))
def test_a_flipped_bit_costs_one_entry_and_its_neighbours_nothing(steps, rng):
    """A bit in the packed entries is noticed, and all but the one that it hit are saved."""
    entries = placed(steps)
    row = list(rng.choice(list(rows(entries))))
    own = unpacked(tuple(row))
    packed = bytearray(row[5])
    packed[rng.randrange(len(packed))] ^= 1 << rng.randrange(8)
    row[5] = bytes(packed)

    sound, broken = saved(tuple(row))

    assert is_damaged(tuple(row))
    assert len(sound) >= len(own) - 1
    assert len(sound) + len(broken) == len(own)
    assert [entry for entry in sound if entry not in own] == []


@given(ENTRIES.filter(len), st.integers(0, 4), st.integers(1, 1 << 40))
def test_a_row_that_says_something_else_of_itself_costs_nobody(steps, column, more):
    """A damaged place, count, size or moment is noticed, and every entry is saved."""
    row = list(list(rows(placed(steps)))[-1])
    own = unpacked(tuple(row))
    row[column] += more

    assert is_damaged(tuple(row))
    assert saved(tuple(row)) == (own, [])


@given(ENTRIES.filter(len), st.randoms(use_true_random=False))
def test_garbage_in_a_row_is_never_taken_for_entries(steps, rng):
    """Whatever stands in the columns, what comes out of them was put, and nothing raises else."""
    row = list(next(rows(placed(steps))))
    own = unpacked(tuple(row))
    for column in rng.sample(range(8), rng.randint(1, 4)):
        odd = [None, 7, -1, 1.5, "text", b"", rng.randbytes(40), bytes(9)]
        row[column] = rng.choice(odd)

    sound, _ = saved(tuple(row))

    assert [entry for entry in sound if entry not in own] == []
    assert is_damaged(tuple(row)) or unpacked(tuple(row)) == own


@given(ENTRIES.filter(len), st.randoms(use_true_random=False))
def test_a_dead_letter_is_verified_by_itself(steps, rng):
    """A bit that flips in it or in its checksum, or another place, is noticed."""
    (entry, *_) = placed(steps)
    packed, total = alone(entry)
    flipped = bytearray(packed)
    flipped[rng.randrange(len(packed))] ^= 1 << rng.randrange(8)

    assert unpacked_alone(entry.seq, packed, total) == entry
    for seq, body, total_ in (
        (entry.seq, bytes(flipped), total),
        (entry.seq + 1, packed, total),
        (entry.seq, packed, total ^ 4),
        (None, packed, total),
        (entry.seq, "text", total),
        (entry.seq, None, None),
    ):
        try:
            unpacked_alone(seq, body, total_)
        except Damaged:
            continue
        raise AssertionError("damage was not noticed")
