"""Ids: ULIDs that only ever increase within a process, whatever the clock does."""

import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise
from types import FrameType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from ferryman._io import stamp as stamp_module
from ferryman._io.stamp import Ulids

MS = 1_000_000


def test_an_id_is_a_ulid_of_its_moment() -> None:
    """python-ulid reads an id, and the millisecond in it is the clock's."""
    ident, second = Ulids(lambda: 1_700_000_000_123_456_789)()
    read = ULID.from_str(ident)

    assert str(read) == ident
    assert read.milliseconds == 1_700_000_000_123
    assert second == 1_700_000_000


def test_ids_of_the_real_clock_are_now() -> None:
    """Without another clock, ids and seconds are of the present."""
    before = time.time()
    ident, second = Ulids()()
    after = time.time()

    assert int(before) <= second <= after
    assert int(before * 1000) <= ULID.from_str(ident).milliseconds <= after * 1000


@given(st.lists(st.integers(0, 2**47 * MS), min_size=2, max_size=60))
def test_ids_increase_whatever_the_clock_does(moments: list[int]) -> None:
    """A clock that stands still, jumps or goes back gives increasing valid ids all the same."""
    clock = iter(moments)
    source = Ulids(lambda: next(clock))
    made = [source()[0] for _ in moments]

    assert all(one < other for one, other in pairwise(made))
    assert all(str(ULID.from_str(each)) == each for each in made)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3 * MS)), min_size=2, max_size=30))
def test_ids_taken_as_a_run_are_as_many_and_increase_with_the_others(
    takes: list[tuple[bool, int]],
) -> None:
    """Whether one or 1,024 are taken, each is larger than those that were taken before."""
    clock = iter([1_700_000_000_000 * MS + now for _, now in takes])
    source = Ulids(lambda: next(clock))
    made: list[str] = []
    for whole, _ in takes:
        run = list(source.run()[0]) if whole else [source()[0]]
        assert len(run) == (2_048 if whole else 1)
        made += run

    assert all(one < other for one, other in pairwise(made))


def test_a_millisecond_does_not_run_out_of_ids() -> None:
    """However many are made in one millisecond, they increase, with no wait and no repeat."""
    source = Ulids(lambda: 1_700_000_000_000 * MS)
    made = [source()[0] for _ in range(1_200_000)]

    assert len(set(made)) == len(made)
    assert all(one < other for one, other in pairwise(made))
    assert ULID.from_str(made[-1]).milliseconds == 1_700_000_000_000


def test_ids_tell_the_moment_and_increase_from_one_second_to_the_next() -> None:
    """Where they begin at random anew, what was left of the second before goes."""
    rng = random.Random(1)  # a run ends anywhere in a second, now with a millisecond, now amid one
    each = range(1_700_000_000_000, 1_700_000_020_000)
    moments = [ms for ms in each for _ in range(rng.randint(1, 5))]
    clock = iter(moments)
    source = Ulids(lambda: next(clock) * MS)
    made = [source()[0] for _ in moments]

    assert all(one < other for one, other in pairwise(made))
    assert [ULID.from_str(ident).milliseconds for ident in made] == moments


def test_threads_share_a_source() -> None:
    """No id is given twice to any of many threads, and each sees its own increase."""
    source, together = Ulids(), threading.Barrier(16)

    def many(_: int) -> list[str]:
        together.wait()
        return [source()[0] for _ in range(3_000)]

    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(many, range(16)))

    assert len({each for one in made for each in one}) == 16 * 3_000
    assert all(one < other for each in made for one, other in pairwise(each))


def test_an_id_may_be_asked_for_within_the_making_of_another() -> None:
    """A signal handler or a collected object strikes anywhere: its thread waits for nobody."""
    source = Ulids(lambda: 1_700_000_000_000 * MS)
    made: list[str] = []

    def within() -> None:
        with source._lock:  # as it is held while a run of ids begins
            made.extend(source()[0] for _ in range(3_000))

    thread = threading.Thread(target=within, daemon=True)
    thread.start()
    thread.join(10)

    assert len(set(made)) == 3_000


def test_no_id_is_repeated_by_who_strikes_between_any_two_lines() -> None:
    """Between any two lines of the making another may be made: none is the same, and none lacks."""
    ticks = count(1_700_000_000_000 * MS, MS // 3_000)
    source = Ulids(lambda: next(ticks))
    made: list[str] = []
    runs: list[int] = []
    striking = False

    def strike(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal striking
        if frame.f_code.co_filename != stamp_module.__file__:
            return None
        if event == "line" and not striking:
            striking = True
            made.extend(source()[0] for _ in range(len(made) % 5 * 400))
            striking = False
        return strike

    tracing = sys.gettrace()
    sys.settrace(strike)
    try:
        for _ in range(60):
            made.append(source()[0])
            run = list(source.run()[0])
            runs.append(len(run))
            made += run
    finally:
        sys.settrace(tracing)

    assert len(made) > 100_000
    assert len(set(made)) == len(made)
    assert set(runs) == {2_048}


def test_two_sources_do_not_agree() -> None:
    """What tells ids of one millisecond apart is random, not counted from a known place."""
    made = {Ulids(lambda: 0)()[0] for _ in range(1_000)}

    assert len(made) == 1_000
