"""A Retry-After lengthens a wait and never shortens it (rule 22)."""

import pytest

from ferryman._core.message import Reply
from ferryman._core.retry import Retry


@pytest.mark.parametrize("asked", ["0", "-5", "1"])
def test_who_asks_for_less_than_the_backoff_gets_the_backoff(asked):
    """A server that says "at once" in an outage is not asked at once."""
    retry = Retry(wait_base=1.0, wait_max=30.0)

    delay = retry.delay(5, Reply(503, {"retry-after": asked}), chance=0.9, now=0.0)

    assert delay == pytest.approx(27.0)
