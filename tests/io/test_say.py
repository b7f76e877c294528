"""Log lines: what a plain log shows, what is collected, and that an outage is not a flood."""

import logging
from collections.abc import Iterator

import pytest

from ferryman._io.say import EVERY, Trouble, event_of, say
from ferryman._io.watch import Exchange, log_deviation, log_exchange
from ferryman.plan import Deviation


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What is said, at every level."""
    with caplog.at_level(logging.DEBUG, "ferryman"):
        yield caplog


def test_a_line_holds_its_facts_and_so_does_its_record(heard: pytest.LogCaptureFixture) -> None:
    """A plain log shows the facts; who collects records has them as fields, unrounded."""
    say(logging.WARNING, "ferryman.relay_waits", status=503, seconds=2.00049, api="track")
    (record,) = heard.records

    assert record.getMessage() == "ferryman.relay_waits status=503 seconds=2.0 api=track"
    assert (record.__dict__["status"], record.__dict__["seconds"]) == (503, 2.00049)
    assert event_of(record) == "ferryman.relay_waits"


def test_what_is_not_known_is_not_in_the_line(heard: pytest.LogCaptureFixture) -> None:
    """No answer has no status: the line leaves it out, the record says None."""
    say(logging.WARNING, "ferryman.relay_waits", status=None, api="app")
    (record,) = heard.records

    assert record.getMessage() == "ferryman.relay_waits api=app"
    assert record.__dict__["status"] is None


def test_a_name_with_a_line_break_is_one_line(heard: pytest.LogCaptureFixture) -> None:
    """What the application named cannot write a line of its own into the log."""
    say(logging.WARNING, "ferryman.plan_deviation", event="a\nferryman.fake status=200")

    assert lines(heard) == [
        r"ferryman.plan_deviation event='a\nferryman.fake status=200'",
    ]


def test_lines_of_one_event_share_their_template(heard: pytest.LogCaptureFixture) -> None:
    """Error trackers group lines by their template: the facts are its arguments."""
    say(logging.ERROR, "ferryman.x", operations=1)
    say(logging.ERROR, "ferryman.x", operations=2)

    assert len({record.msg for record in heard.records}) == 1


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def lines(heard: pytest.LogCaptureFixture, level: int = logging.INFO) -> list[str]:
    return [record.getMessage() for record in heard.records if record.levelno >= level]


def test_an_outage_is_said_as_it_begins_once_a_minute_and_as_it_ends(
    heard: pytest.LogCaptureFixture,
) -> None:
    """Ninety seconds of failing tries are two warnings and one line when it is well again."""
    clock = Clock()
    trouble = Trouble("ferryman.relay_well", now=clock, api="track")
    for _ in range(90):
        trouble.bad(logging.WARNING, "ferryman.relay_waits", status=503)
        clock.seconds += 1.0
    trouble.well()
    trouble.well()

    assert lines(heard) == [
        "ferryman.relay_waits api=track status=503 failures=1",
        f"ferryman.relay_waits api=track status=503 failures={EVERY + 1:.0f}",
        "ferryman.relay_well api=track failures=90 seconds=90.0",
    ]
    assert len(heard.records) == 91


def test_another_event_is_news_at_once(heard: pytest.LogCaptureFixture) -> None:
    """An outage that turns into a refused key is said when it does."""
    trouble = Trouble("ferryman.relay_well", now=Clock())
    trouble.bad(logging.WARNING, "ferryman.relay_waits", status=503)
    trouble.bad(logging.ERROR, "ferryman.relay_paused", status=401)
    trouble.bad(logging.ERROR, "ferryman.relay_paused", status=401)

    assert [line.split()[0] for line in lines(heard)] == [
        "ferryman.relay_waits",
        "ferryman.relay_paused",
    ]


def test_the_next_outage_is_news(heard: pytest.LogCaptureFixture) -> None:
    """What was well in between is said anew."""
    trouble = Trouble("ferryman.relay_well", now=Clock())
    for _ in range(2):
        trouble.bad(logging.WARNING, "ferryman.relay_waits")
        trouble.well()

    assert len(lines(heard, logging.WARNING)) == 2


def test_an_exchange_and_a_deviation_are_lines_to_read(heard: pytest.LogCaptureFixture) -> None:
    """The lines of observers and plans say what happened without a collector of fields."""
    log_exchange(Exchange("POST /api/v2/entity", 200, "", 0.0123456, 90))
    log_deviation(Deviation("unknown_event", "nope", rule="not in the tracking plan"))

    assert lines(heard, logging.DEBUG) == [
        "ferryman.exchange request='POST /api/v2/entity' status=200 seconds=0.012 sent_bytes=90",
        "ferryman.plan_deviation kind=unknown_event event=nope rule='not in the tracking plan'",
    ]
