"""Retry-After in every form that has been seen: read once, clamped, never a reason to drop."""

import math
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferryman._core.answer import LONGEST_WAIT, failure, retry_after
from ferryman._core.message import Reply
from ferryman.errors import RateLimited

NOW = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT
THIRTY_LATER = "Sun, 06 Nov 1994 08:50:07 GMT"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("30", 30.0, id="seconds"),
        pytest.param(" 30 ", 30.0, id="spaces"),
        pytest.param("0.5", 0.5, id="fraction"),
        pytest.param("0", 0.0, id="zero"),
        pytest.param("-5", 0.0, id="negative"),
        pytest.param("nan", None, id="nan"),
        pytest.param("inf", LONGEST_WAIT, id="endless"),
        pytest.param("-inf", 0.0, id="endless-past"),
        pytest.param("1e300", LONGEST_WAIT, id="absurd"),
        pytest.param("9" * 400, LONGEST_WAIT, id="absurd-digits"),
        pytest.param(THIRTY_LATER, 30.0, id="date"),
        pytest.param("Sun, 06 Nov 1994 08:50:07 -0000", 30.0, id="date-without-zone"),
        pytest.param("Sun, 06 Nov 1994 08:50:07", 30.0, id="date-naive"),
        pytest.param("Sun, 06 Nov 1994 09:50:07 +0100", 30.0, id="date-of-another-zone"),
        pytest.param("Sun, 06 Nov 1994 08:00:00 GMT", 0.0, id="past-date"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT, id="far-date"),
        *(
            pytest.param(text, None, id=f"garbage-{text[:9]}")
            for text in ("soon", "1, 2", "12 s", "é")
        ),
        pytest.param("", None, id="empty"),
        pytest.param("Sun, 99 Nov 1994 08:50:07 GMT", None, id="no-such-day"),
        pytest.param("Sun, 06 Nov 99999999999 08:50:07 GMT", None, id="no-such-year"),
    ],
)
def test_every_form_is_read(text: str, expected: float | None) -> None:
    """Seconds and dates become seconds from now; the past is 0, the absurd a day, nonsense none."""
    found = retry_after(Reply(429, {"retry-after": text}), now=NOW)

    assert found == expected


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Sun, 06 Nov 1994 08:49:57 GMT", 10.0),
        ("Sun, 06 Nov 1994 08:49:57", 10.0),
        ("not a date", 30.0),
        ("", 30.0),
    ],
)
def test_a_date_is_measured_against_the_answers_own_clock(date: str, expected: float) -> None:
    """Where the answer says what time it is, a wrong clock here does not matter."""
    found = retry_after(Reply(429, {"retry-after": THIRTY_LATER, "date": date}), now=NOW)

    assert found == expected


def test_no_header_asks_for_nothing() -> None:
    """Without Retry-After there is no wait asked for."""
    found = retry_after(Reply(503), now=NOW)

    assert found is None


def test_the_zone_of_this_machine_does_not_matter() -> None:
    """A date without a zone is UTC, wherever the process runs."""
    code = (
        "from ferryman._core.answer import retry_after; from ferryman._core.message import Reply;"
        "asked = {'retry-after': 'Sun, 06 Nov 1994 08:50:07'};"
        "print(retry_after(Reply(429, asked), now=784111777.0))"
    )
    env = {**os.environ, "TZ": "Asia/Tokyo"}
    out = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=True)

    assert out.stdout.strip() == b"30.0"


@given(text=st.text(max_size=60), date=st.text(max_size=30))
def test_whatever_stands_there_is_a_wait_or_none(text: str, date: str) -> None:
    """No text in the header raises, and none gives a wait that no clock could keep."""
    found = retry_after(Reply(429, {"retry-after": text, "date": date}), now=NOW)

    assert found is None or (0 <= found <= LONGEST_WAIT and math.isfinite(found))


@pytest.mark.parametrize(("header", "expected"), [({"retry-after": "7"}, 7.0), ({}, None)])
def test_the_error_carries_the_wait(header: dict[str, str], expected: float | None) -> None:
    """RateLimited says how long it was asked to wait, None for not asked."""
    error = failure(Reply(429, header), operation="track", now=NOW)

    assert isinstance(error, RateLimited)
    assert error.retry_after == expected
