"""What the command line makes of the library's log lines, whichever form they have."""

import logging

import pytest

from ferryman._io.say import Trouble, say
from ferryman.cli.hearing import Hearing

LOG = logging.getLogger("ferryman")


def test_every_try_is_heard_although_only_the_first_is_a_warning() -> None:
    """Tries that are lines of level DEBUG count, and the newest is told."""
    trouble = Trouble("ferryman.relay_well", api="track")
    with Hearing("https://x") as hearing:
        for _ in range(3):
            trouble.bad(logging.WARNING, "ferryman.relay_waits", status=503, seconds=1.0)
        say(logging.DEBUG, "ferryman.exchange", status=200, seconds=0.1)

    assert hearing.waits == 3
    assert hearing.remark == "https://x answered 503; trying again"


def test_a_bare_name_with_its_facts_beside_it_is_heard() -> None:
    """A line whose facts are in ``extra`` alone is heard as well."""
    with Hearing("https://x") as hearing:
        for _ in range(2):
            LOG.error("ferryman.relay_paused", extra={"status": 401, "seconds": 1.0})

    assert hearing.paused == 401
    assert hearing.remark == "https://x refuses the key (401)"


def test_the_logger_is_left_as_it_was(caplog: pytest.LogCaptureFixture) -> None:
    """Level, handlers and propagation are those of before."""
    before = (LOG.level, list(LOG.handlers), LOG.propagate)
    with Hearing("https://x"):
        say(logging.WARNING, "ferryman.relay_waits")

    assert (LOG.level, LOG.handlers, LOG.propagate) == before
    assert caplog.records == []
