"""The policy: what is repeated, how long it waits, where it stops. Numbers against formulas."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferryman import Repeat, Retry
from ferryman._core.message import Answer, NoReply, Reply
from ferryman._core.retry import evidence
from ferryman.errors import InvalidOperation

NEVER_SENT, PERHAPS = NoReply(False, "ConnectError"), NoReply(None, "ReadTimeout")
BUSY = Reply(503)


def wait(answer: Answer, attempt: int = 0, **more: Any) -> float | None:
    given: dict[str, Any] = {"repeat": Repeat.SAME, "chance": 0.5, "now": 0.0, **more}
    policy = given.pop("policy", Retry())
    return policy.wait(attempt, answer, **given)


REPEATED = {408, 425, 429, *range(500, 600)} - {501, 505}


@pytest.mark.parametrize("status", range(200, 600))
def test_exactly_these_statuses_are_repeated(status: int) -> None:
    """Repeated are 408, 425, 429 and 5xx but 501 and 505; 3xx that lead nowhere; no other 4xx."""
    delay = wait(Reply(status, {"content-type": "application/json"}, b"{}"))

    assert (delay is not None) is (status in REPEATED or 300 <= status < 400)


@pytest.mark.parametrize(
    ("answer", "proof"),
    [
        (NEVER_SENT, "never_arrived"),
        (PERHAPS, "unknown"),
        *((Reply(status), "never_arrived") for status in (408, 425, 429)),
        *((Reply(status), "unknown") for status in (500, 502, 503, 504, 521)),
        (Reply(200, {"content-type": "text/html"}, b"<html>"), "unknown"),
        (Reply(404, {"content-type": "text/html"}, b"<html>"), "unknown"),
        (Reply(200, {}, b'{"cut":'), "unknown"),
        (Reply(302), "unknown"),
        *(
            (Reply(status), "final")
            for status in (200, 207, 400, 401, 403, 404, 409, 413, 422, 501)
        ),
    ],
)
def test_an_answer_proves_only_so_much(answer: Answer, proof: str) -> None:
    """Not arrived, unknown and final are told apart; a timeout is unknown, not failed."""
    found = evidence(answer)

    assert found == proof


@pytest.mark.parametrize(
    ("answer", "repeated"),
    [
        *((NEVER_SENT, True), (Reply(429), True), (Reply(408), True), (Reply(425), True)),
        *((PERHAPS, False), (BUSY, False), (Reply(500), False), (Reply(302), False)),
        (Reply(200, {}, b"<html>"), False),
    ],
)
def test_what_may_happen_once_is_repeated_only_on_proof(answer: Answer, repeated: bool) -> None:
    """Repeat.ONCE is repeated when it certainly was not carried out, and never otherwise."""
    delay = wait(answer, repeat=Repeat.ONCE)

    assert (delay is not None) is repeated


@pytest.mark.parametrize("repeat", [Repeat.SAME, Repeat.DEDUPLICATED])
def test_what_repeats_nothing_is_repeated_without_proof(repeat: Repeat) -> None:
    """An operation whose repeat changes nothing is repeated after an unknown too."""
    delay = wait(PERHAPS, repeat=repeat)

    assert delay is not None


@given(
    attempt=st.integers(0, 10_000),
    chance=st.floats(0, 1, exclude_max=True),
    base=st.floats(0, 1e6),
    most=st.floats(0, 1e6),
)
def test_full_jitter_is_drawn_from_zero_to_the_capped_power(
    attempt: int, chance: float, base: float, most: float
) -> None:
    """The wait is chance times min(cap, base * 2^n): tenacity's wait_random_exponential."""
    delay = Retry(wait_base=base, wait_max=most).backoff(attempt, chance=chance)

    high = min(most, base * 2.0 ** min(attempt, 60))
    assert delay == pytest.approx(chance * high)
    assert 0 <= delay <= most


@pytest.mark.parametrize(
    ("attempt", "mean"), [(0, 0.5), (1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 15.0), (9, 15.0)]
)
def test_the_default_waits(attempt: int, mean: float) -> None:
    """By default the mean waits are half of 1, 2, 4, 8, 16, 30, 30 ... seconds."""
    delay = Retry().backoff(attempt, chance=0.5)

    assert delay == mean


@pytest.mark.parametrize(
    ("asked", "chance", "expected"),
    [("10", 0.0, 10.0), ("10", 0.5, 10.5), ("9999", 0.0, 300.0), ("0", 0.5, 0.5), ("-3", 0.5, 0.5)],
)
def test_retry_after_is_honoured_up_to_its_cap(asked: str, chance: float, expected: float) -> None:
    """The wait is at least what was asked, at most 300 s, with up to one base of jitter on top."""
    delay = wait(Reply(429, {"retry-after": asked}), chance=chance)

    assert delay == pytest.approx(expected)


def test_retry_after_counts_on_every_repeated_status() -> None:
    """A 503 that asks for patience gets it too."""
    delay = wait(Reply(503, {"retry-after": "20"}), chance=0.0)

    assert delay == 20.0


@pytest.mark.parametrize(("attempt", "goes_on"), [(0, True), (2, True), (3, False), (4, False)])
def test_the_number_of_repeats_is_bounded(attempt: int, goes_on: bool) -> None:
    """Three repeats by default, and not one more."""
    delay = wait(BUSY, attempt)

    assert (delay is not None) is goes_on


def test_none_means_none() -> None:
    """Retry(retries=0) never repeats, on proof either."""
    delay = wait(NEVER_SENT, policy=Retry(retries=0))

    assert delay is None


@pytest.mark.parametrize(
    ("spent", "goes_on"), [(0, True), (599.4, True), (599.6, False), (1e9, False)]
)
def test_no_repeat_begins_after_the_total_budget(spent: float, goes_on: bool) -> None:
    """What would begin later than total_max seconds after the first try does not begin."""
    delay = wait(BUSY, spent=spent)

    assert (delay is not None) is goes_on


@pytest.mark.parametrize(
    "bad",
    [
        *(
            {"retries": -1},
            {"retries": 1.5},
            {"retries": True},
            {"retries": "3"},
            {"retries": None},
        ),
        *({"wait_base": -0.1}, {"wait_max": float("nan")}, {"total_max": float("inf")}),
        *({"retry_after_max": "300"}, {"wait_base": True}, {"wait_max": 10**400}),
    ],
)
def test_numbers_that_no_clock_can_keep_are_refused(bad: dict[str, Any]) -> None:
    """A negative, endless or other number is refused where it is written, naming the field."""
    with pytest.raises(InvalidOperation) as raised:
        Retry(**bad)

    assert raised.value.field == f"Retry.{next(iter(bad))}"


def test_a_policy_is_a_value() -> None:
    """A policy is frozen, comes with its defaults and is compared by them."""
    policy = Retry()

    with pytest.raises(AttributeError):
        policy.retries = 5  # type: ignore[misc]  # wrong on purpose
    assert policy == Retry(
        retries=3, wait_base=1.0, wait_max=30.0, retry_after_max=300.0, total_max=600.0
    )
    assert not dataclasses.is_dataclass(policy)
