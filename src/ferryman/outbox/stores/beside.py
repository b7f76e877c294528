"""What stands beside a dead entry in its row: no checksum covers it, and people are told it. Pure.

What reads and what mends ask the same function, so that nothing is refused that mending leaves.
"""

from collections.abc import Sequence
from typing import Any

_MOST = 1 << 37
"""More than any status, any number of attempts, and any second until the year 6300."""

Verdict = tuple[str, str, str, int, int, int, int]


def sensible(verdict: Sequence[Any]) -> Verdict:
    """Return *verdict*, what cannot be as it was put replaced: equal to it where all can.

    It is reason, field, message, status, attempts, maybe_delivered and died_at.
    """
    reason, field, message = (each if isinstance(each, str) else "" for each in verdict[:3])
    status, attempts, maybe, died_at = (
        each if isinstance(each, int) and 0 <= each < _MOST else 0 for each in verdict[3:]
    )
    return reason, field, message, status, attempts, min(maybe, 1), died_at
