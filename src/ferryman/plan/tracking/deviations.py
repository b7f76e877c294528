"""What was said against the plan and sent all the same: noted once a kind, and counted.

Pure: who is told is given by the shells. Nothing of a value is kept, only what the plan itself
says (names, fields, rules).
"""

from collections.abc import Callable, Iterator
from operator import length_hint
from typing import Final, Literal, TypeAlias

import msgspec

MAX_KINDS = 1_000
"""Kinds that are kept apart; what comes later is counted as one, so that memory has an end."""

_ENDLESS: Final = 1 << 62

DeviationKind: TypeAlias = Literal[
    "unknown_event", "wrong_event", "deprecated_event", "unknown_person", "wrong_person", "more"
]


class Deviation(msgspec.Struct, frozen=True):
    """One kind of thing said against the plan: what, where, which rule, how often."""

    kind: DeviationKind
    name: str
    """The event's name, or the person's class."""
    field: str = ""
    rule: str = ""
    count: int = 1


class Tally:
    """Counts deviations by kind; safe to share between threads."""

    def __init__(self) -> None:
        self.tell: Callable[[Deviation], None] = lambda _: None
        """Called with the first of each kind."""
        # Each is a range, taken from in one step of the interpreter, where += is several. A lock
        # would stay held in a child that is forked meanwhile.
        self._counts: dict[Deviation, Iterator[int]] = {}

    def note(self, deviation: Deviation) -> None:
        """Count *deviation*, and tell of it when it is the first of its kind."""
        counter = self._counts.get(deviation)
        if counter is None:
            if len(self._counts) >= MAX_KINDS:
                deviation = Deviation("more", "", rule=f"more than {MAX_KINDS:,} kinds")
            counter = self._counts.setdefault(deviation, iter(range(_ENDLESS)))
        if next(counter) == 0:
            self.tell(deviation)

    def report(self) -> tuple[Deviation, ...]:
        """Return what was noted so far, the most frequent first."""
        counted = [
            msgspec.structs.replace(deviation, count=_value(counter))
            for deviation, counter in list(self._counts.items())
        ]
        return tuple(sorted(counted, key=lambda each: (-each.count, each.kind, each.name)))


def _value(counter: Iterator[int]) -> int:
    return _ENDLESS - length_hint(counter)
