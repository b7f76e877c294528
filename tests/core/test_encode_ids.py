"""Ids stay in their segment of a path, and moments have one form for each API."""

from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferryman._core.encode import iso, segment, unix_seconds
from ferryman.errors import InvalidOperation

UNRESERVED = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~%")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_segment_is_the_whole_id_or_nothing(text):
    """An id is carried whole in unreserved characters, or refused where it could move the path."""
    if not text.strip() or text in {".", ".."}:
        with pytest.raises(InvalidOperation):
            segment(text, at="id")
        return

    encoded = segment(text, at="id")

    assert set(encoded) <= UNRESERVED
    assert unquote(encoded, errors="strict") == text


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("jane+news@example.com", "jane%2Bnews%40example.com"),
        ("a/../b", "a%2F..%2Fb"),
        ("%2e%2e", "%252e%252e"),
        ("a?b#c d", "a%3Fb%23c%20d"),
        ("é", "%C3%A9"),
    ],
)
def test_everything_reserved_is_encoded(text, encoded):
    """The slash and the percent sign are encoded like the rest."""
    assert segment(text, at="id") == encoded


@pytest.mark.parametrize("text", ["", " ", "\t\n", ".", "..", "a\ud800"])
def test_an_id_that_would_change_the_path_is_refused(text):
    """Blank ids, dots and what is no character are errors that do not quote the id."""
    with pytest.raises(InvalidOperation) as refused:
        segment(text, at="id")

    assert refused.value.field == "id"
    assert "\ud800" not in str(refused.value)


@given(st.datetimes(timezones=st.timezones()))
def test_the_two_forms_of_a_moment_agree(moment):
    """The Unix second and the ISO text of a moment name the same instant."""
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        with pytest.raises(InvalidOperation, match="years 1 to 9999"):
            iso(moment, at="timestamp")
        return

    text = iso(moment, at="timestamp")
    back = datetime.fromisoformat(text)

    assert back == utc
    assert text.endswith("Z")
    assert (
        timedelta()
        <= back
        - datetime.fromtimestamp(0, UTC)
        - timedelta(seconds=unix_seconds(moment, at="timestamp"))
        < timedelta(seconds=1)
    )


def test_a_fraction_is_dropped_and_never_rounded():
    """The last microsecond of a second is still in that second, however far away."""
    last = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)

    assert unix_seconds(last, at="timestamp") == 253_402_300_799
    assert unix_seconds(datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC), at="timestamp") == -1


def test_a_moment_is_told_in_utc():
    """A zone is carried over into UTC, not cut off."""
    moment = datetime(2026, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))

    assert iso(moment, at="timestamp") == "2025-12-31T20:00:00Z"
    assert unix_seconds(moment, at="timestamp") == 1_767_211_200


@pytest.mark.parametrize("form", [iso, unix_seconds])
def test_a_naive_moment_is_refused(form):
    """A moment without a zone is no moment."""
    with pytest.raises(InvalidOperation, match="timestamp: is a naive datetime"):
        form(datetime(2026, 1, 1), at="timestamp")  # noqa: DTZ001 - that is the point
