"""How fast: the bucket and the window, as values (delivery rules 22, 24, 27)."""

import pytest

from ferryman._core.pace import Bucket, Weather, Window


def answered(window: Window, *weathers: Weather, seconds: float = 0.01, gap: float = 1.0) -> Window:
    """Return *window* after an answer of each weather, all places taken, *gap* seconds apart."""
    now = 0.0
    for weather in weathers:
        now += gap
        window = window.answered(weather, seconds=seconds, busy=window.places, now=now)
    return window


def test_a_full_bucket_gives_its_burst_and_then_its_rate() -> None:
    """Saved tokens are there at once; the next ones come at the rate."""
    bucket, waits = Bucket.full(10.0, 3.0), []
    for _ in range(5):
        bucket, wait = bucket.take(100.0)
        waits.append(wait)

    assert waits == pytest.approx([0, 0, 0, 0.1, 0.2])


def test_a_bucket_saves_no_more_than_its_burst() -> None:
    """A long rest buys no storm."""
    bucket, _ = Bucket.full(10.0, 3.0).take(0.0)
    for _ in range(3):
        bucket, wait = bucket.take(1e6)
        assert wait == 0

    assert bucket.take(1e6)[1] == pytest.approx(0.1)


def test_a_clock_that_goes_back_gives_and_takes_nothing() -> None:
    """Time that did not pass brings no token."""
    bucket, _ = Bucket.full(10.0, 1.0).take(50.0)
    bucket, wait = bucket.take(40.0)

    assert wait == pytest.approx(0.1)
    assert bucket.at == 50.0


def test_the_window_grows_while_that_helps_up_to_its_ceiling() -> None:
    """Good answers with all places taken open it, one a good answer at first."""
    window = Window(8)

    assert [answered(window, *["good"] * n).places for n in (0, 1, 2, 20)] == [2, 3, 4, 8]


def test_the_window_does_not_grow_while_places_are_free() -> None:
    """What is not used proves nothing."""
    window = Window(8).answered("good", seconds=0.01, busy=1, now=1.0)

    assert window.places == 2


def test_pushback_halves_the_window() -> None:
    """A 429 is answered with half as many requests (multiplicative decrease)."""
    window = answered(Window(8), *["good"] * 6)

    assert window.places == 8
    assert answered(window, "pushback").places == 4
    assert answered(window, "pushback", "pushback").places == 2


def test_one_round_trip_halves_the_window_once() -> None:
    """Requests that left before the first pushback tell the same story again."""
    window = answered(Window(8), *["good"] * 6)
    window = window.answered("pushback", seconds=0.5, busy=8, now=10.0)
    window = window.answered("pushback", seconds=0.5, busy=7, now=10.1)

    assert window.places == 4


def test_growing_latency_makes_the_window_smaller() -> None:
    """A queue that grows in the destination is a pushback that nobody says."""
    window = answered(Window(20), *["good"] * 10)
    slow = window.answered("good", seconds=0.5, busy=12, now=100.0)

    assert slow.limit == pytest.approx(window.limit * 0.9)


def test_an_outage_leaves_one_place_until_it_is_answered_well() -> None:
    """One failure may be chance; after two only a probe leaves, and one good answer reopens."""
    window = answered(Window(8), *["good"] * 6)
    once, twice = answered(window, "outage"), answered(window, "outage", "outage")
    back = answered(twice, "good")

    assert (once.outage, once.places) == (False, 4)
    assert (twice.outage, twice.places) == (True, 1)
    assert (back.outage, back.places) == (False, 2)


def test_after_an_outage_the_window_ramps_up() -> None:
    """It comes back by steps, not at once to where it was."""
    window = answered(Window(64), *["good"] * 40, "outage", "outage", "outage")

    places = [answered(window, *["good"] * n).places for n in range(8)]

    assert places == [1, 2, 2, 2, 3, 3, 3, 4]


@pytest.mark.parametrize("weather", ["pushback", "outage"])
def test_there_is_always_a_place(weather: Weather) -> None:
    """However bad it gets, somebody asks whether it is over."""
    assert answered(Window(8), *[weather] * 50).places == 1
