"""Whether to try again, and when: one frozen policy, one question.

It sleeps for nobody and knows no clock: chance and the moment come as arguments. Statuses and
rules follow delivery rules 20 to 22; the same policy serves client and relay.
"""

import sys
from typing import Literal, TypeAlias

import msgspec

from ferryman.errors import InvalidOperation

from .answer import broken, retry_after
from .message import Answer, NoReply, Repeat, Reply

Proof: TypeAlias = Literal["never_arrived", "unknown", "final"]

RETRIED = frozenset({408, 425, 429, *range(500, 600)} - {501, 505})
"""Statuses after which a later try may succeed."""
NOT_DONE = frozenset({408, 425, 429})
"""Statuses that say the request was not carried out, so that repeating it does nothing twice."""


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how patiently to repeat what failed and may be repeated.

    ``retries`` is the number of repeats after the first try (3). The wait before repeat *n*
    (from 0) is drawn from 0 to ``min(wait_max, wait_base * 2**n)`` seconds (full jitter, 1 s
    and 30 s). A Retry-After is honoured up to ``retry_after_max`` seconds (300), plus up to
    ``wait_base`` of jitter. No repeat begins later than ``total_max`` seconds (600) after the
    first try. ``Retry(retries=0)`` never repeats.

    Repeated are 408, 425, 429, 5xx, answers that are not Customer.io's, and connection failures;
    no other 4xx. Of the 5xx not 501 and 505: a server that cannot do this method or this version
    of HTTP will not learn it in seconds (delivery rule 21). What is not safe to repeat (forms,
    merges, sends) is repeated only when it certainly was not carried out.

    Raises InvalidOperation for a negative or endless number.
    """

    retries: int = 3
    wait_base: float = 1.0
    wait_max: float = 30.0
    retry_after_max: float = 300.0
    total_max: float = 600.0

    def __post_init__(self) -> None:
        """Refuse numbers that no clock can keep."""
        if type(self.retries) is not int or self.retries < 0:
            raise InvalidOperation("must be a whole number, 0 or more", field="Retry.retries")
        for name in ("wait_base", "wait_max", "retry_after_max", "total_max"):
            value = getattr(self, name)
            if type(value) not in (int, float) or not 0 <= value <= sys.float_info.max:
                raise InvalidOperation("must be a finite number, 0 or more", field=f"Retry.{name}")

    def backoff(self, attempt: int, *, chance: float) -> float:
        """Return the jittered wait before repeat *attempt* (from 0); *chance* is in [0, 1)."""
        return chance * min(self.wait_max, self.wait_base * 2.0 ** min(attempt, 60))

    def wait(
        self,
        attempt: int,
        answer: Answer,
        *,
        repeat: Repeat,
        chance: float,
        now: float,
        spent: float = 0.0,
    ) -> float | None:
        """Return the seconds to wait before trying again, or None to stop.

        *attempt* counts the repeats so far, *repeat* says what a second run would do, *chance*
        is in [0, 1), *now* is Unix time, *spent* the seconds since the first try.
        """
        proof = evidence(answer)
        if proof == "final" or attempt >= self.retries:
            return None
        if repeat is Repeat.ONCE and proof != "never_arrived":
            return None
        delay = self.delay(attempt, answer, chance=chance, now=now)
        return delay if spent + delay <= self.total_max else None

    def delay(self, attempt: int, answer: Answer, *, chance: float, now: float) -> float:
        """Return the wait before repeat *attempt* (from 0), whether or not it is allowed."""
        delay = self.backoff(attempt, chance=chance)
        if isinstance(answer, Reply):
            asked = retry_after(answer, now=now)
            if asked is not None:
                delay = max(delay, min(asked, self.retry_after_max) + chance * self.wait_base)
        return delay


def evidence(answer: Answer) -> Proof:
    """Say what *answer* proves: never arrived (or was not done), unknown, or final."""
    match answer:
        case NoReply(sent=False):
            return "never_arrived"
        case NoReply():
            return "unknown"
        case Reply(status=status) if status in NOT_DONE:
            return "never_arrived"
        case Reply(status=status) if status in RETRIED or broken(answer):
            return "unknown"
        case _:
            return "final"
