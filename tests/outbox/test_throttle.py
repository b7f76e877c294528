"""When the next request may leave, and what an answer says of the destination (rules 22 to 27)."""

import pytest

from ferryman._core.message import NoReply, Reply
from ferryman.operations.catalogue import PACES
from ferryman.outbox.entry import Entry
from ferryman.outbox.throttle import RETRY_BURST, RETRY_RATE, Throttle, weather

RATE = PACES["track"]
EVENT = Entry(1, "i", "track", "i:1", b"{}")
GOOD = Reply(200, {}, b"{}")


def through(throttle, answer, *, now):
    """Send one request that is answered with *answer*; return the seconds it had to wait."""
    wait = throttle.wait(EVENT, now)
    throttle.enter()
    throttle.leave(answer, seconds=0.01, now=now)
    return wait


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        *[(Reply(status), "good") for status in (200, 204, 207, 400, 404, 409, 413, 422)],
        *[(Reply(status), "pushback") for status in (408, 425, 429)],
        *[(Reply(status), "outage") for status in (401, 403, 500, 502, 503, 504, 599)],
        *[(NoReply(sent, "reset"), "outage") for sent in (True, False, None)],
    ],
)
def test_what_an_answer_says_of_the_destination(answer, expected):
    """A refusal is an answer of a destination that is well; a 429 wants less; the rest is away."""
    assert weather(answer) == expected


def test_in_an_outage_one_batch_is_claimed_as_a_probe():
    """Nobody joins the probe until it is answered well (rule 27)."""
    throttle = Throttle(ceiling=8)
    before = throttle.open
    through(throttle, NoReply(False, "refused"), now=1.0)
    through(throttle, NoReply(False, "refused"), now=2.0)
    throttle.claimed = 1
    probing = throttle.open, throttle.free()
    through(throttle, GOOD, now=3.0)

    assert before is True
    assert probing == (False, True)
    assert throttle.open is True


def test_a_batch_that_rests_for_its_next_try_in_an_outage_lets_nobody_else_go():
    """The probe is the one that rests, not another (rule 27)."""
    throttle = Throttle(ceiling=8)
    for now in (1.0, 2.0):
        through(throttle, Reply(503), now=now)
    throttle.claimed = throttle.resting = 1

    assert throttle.open is False


def test_no_more_requests_are_under_way_than_there_are_places():
    """A request waits for a place; pushback takes places away (rule 24)."""
    throttle = Throttle(ceiling=2)
    throttle.enter()
    one = throttle.free()
    throttle.enter()
    two = throttle.free()
    throttle.leave(Reply(429), seconds=0.01, now=1.0)

    assert (one, two) == (True, False)
    assert throttle.free() is False, "one place is left, and it is taken"


def test_requests_keep_to_the_rate():
    """Of 2 x RATE requests asked for in one moment, the last waits for most of two seconds."""
    throttle = Throttle(ceiling=8)

    waits = [throttle.wait(EVENT, 0.0) for _ in range(int(2 * RATE))]

    assert waits == sorted(waits)
    assert waits[0] == 0
    assert waits[-1] == pytest.approx((2 * RATE - RATE / 10) / RATE)


def test_retries_of_all_share_a_budget():
    """An outage of many is not answered with a storm (rule 22)."""
    throttle = Throttle(ceiling=8)

    waits = [throttle.retry(0.0) for _ in range(20)]

    assert waits[: int(RETRY_BURST)] == [0.0] * int(RETRY_BURST)
    assert waits[-1] == pytest.approx((20 - RETRY_BURST) / RETRY_RATE)
    assert throttle.retried == 20


def test_each_endpoint_has_its_own_pace_and_each_broadcast_too():
    """A broadcast goes once in ten seconds, and holds up neither another one nor an e-mail."""
    throttle = Throttle(ceiling=8)
    first, second = (
        Entry(place, "i", "trigger_broadcast", f"b:{place}", b"{}", path=f"/v1/campaigns/{place}")
        for place in (1, 2)
    )
    mail = Entry(3, "i", "send_email", "i:1", b"{}")

    waits = [throttle.wait(entry, 5.0) for entry in (first, first, second, mail, EVENT)]

    assert waits == [0.0, pytest.approx(10.0), 0.0, 0.0, 0.0]
