"""Ids and moments: what an operation is given once, by whoever sends or keeps it.

Ids are ULIDs, increasing within a process: 48 bits of milliseconds, 60 random bits a
millisecond, 20 bits that count. One system call for randomness a millisecond, not an id.
"""

import os
import threading
import time
import weakref
from collections.abc import Callable

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]
_COUNTED = 1 << 20


class Ulids:
    """A source of increasing ULIDs and of the Unix second they were made in; thread-safe."""

    def __init__(self, clock: Callable[[], int] = time.time_ns) -> None:
        self._clock = clock
        self.renew()
        _SOURCES.add(self)

    def renew(self) -> None:
        """Begin anew, in a forked child: counting on would repeat the parent's ids."""
        self._lock = threading.Lock()
        self._ms = 0
        self._low = _COUNTED
        self._prefix = ""

    def __call__(self) -> tuple[str, int]:
        """Return a new id and the present moment in Unix seconds."""
        now = self._clock()
        ms = now // 1_000_000
        with self._lock:
            if ms > self._ms or self._low >= _COUNTED - 1:
                # A full counter borrows from the next millisecond: ids only ever increase.
                self._ms = max(ms, self._ms + 1 if self._low >= _COUNTED - 1 else ms)
                noise = int.from_bytes(os.urandom(10))
                self._low = noise & 0x7FFFF
                self._prefix = _spell(self._ms << 80 | noise)[:22]
            self._low += 1
            low = self._low
            return self._prefix + _PAIRS[low >> 10] + _PAIRS[low & 1023], now // 1_000_000_000


def _spell(number: int) -> str:
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])


_SOURCES: "weakref.WeakSet[Ulids]" = weakref.WeakSet()


def _forked() -> None:
    for source in list(_SOURCES):
        source.renew()


os.register_at_fork(after_in_child=_forked)

stamp = Ulids()
"""The process-wide source."""
