"""Ids and moments: what an operation is given once, by whoever sends or keeps it.

Ids are ULIDs, increasing within a process: 48 bits of milliseconds, then 80 that begin at random
each millisecond and count. One system call for randomness a millisecond, not an id.
"""

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from itertools import chain, islice

from ferryman._io import process
from ferryman._io.process import mine

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]
_RUN = len(_PAIRS)
_MILLISECOND = 1_000_000


class Ulids:
    """A source of increasing ULIDs and of the Unix second they were made in; thread-safe.

    Within a millisecond ids count upward from a random number. A run of up to 1,024 of them
    shares all but its last two characters, and is an iterator in C: taking the next one needs
    no lock.
    """

    def __init__(self, clock: Callable[[], int] = time.time_ns) -> None:
        self._clock = clock
        self.renew()
        _SOURCES.add(self)

    def renew(self) -> None:
        """Begin anew, in a forked child: counting on would repeat the parent's ids."""
        # A signal handler or a collected object may ask within: the same thread goes on.
        self._lock = threading.RLock()
        self._until = 0  # nanoseconds at which the present millisecond ends
        self._ms = -1
        self._count = 0
        self._run: Iterator[str] = iter(())

    def __call__(self) -> tuple[str, int]:
        """Return a new id and the present moment in Unix seconds."""
        if not mine[0]:  # its first ids would be the parent's next ones
            process.look()
        now = self._clock()
        if now < self._until:
            for ident in self._run:
                return ident, now // 1_000_000_000
        return self._begin(now), now // 1_000_000_000

    def run(self) -> tuple[Iterator[str], int]:
        """Return 2,048 new ids, and the present moment in Unix seconds: for as many at once."""
        if not mine[0]:
            process.look()
        now = self._clock()
        with self._lock:
            self._enter(now)
            self._run = iter(())  # who asks for one next gets a larger one
            runs = [self._next_run(), self._next_run()]
            return chain.from_iterable(runs), now // 1_000_000_000

    def _begin(self, now: int) -> str:
        """Begin the next run, in a new millisecond or where the last one ended."""
        with self._lock:
            if not self._enter(now):
                for ident in self._run:  # another thread was quicker
                    return ident
                run = self._next_run()
            else:
                run = self._ids()
            ident = next(run)
            self._run = run
            self._until = (self._ms + 1) * _MILLISECOND
            return ident

    def _enter(self, now: int) -> bool:
        """Tell whether *now* is in a new millisecond, where ids begin anew at random."""
        ms = now // _MILLISECOND
        if ms <= self._ms:
            return False
        self._ms = ms
        # Half of the 80 bits' numbers are left to count through: they do not run out.
        self._count = int.from_bytes(os.urandom(10)) >> 1
        return True

    def _next_run(self) -> Iterator[str]:
        self._count = (self._count | (_RUN - 1)) + 1
        return self._ids()

    def _ids(self) -> Iterator[str]:
        """Return the ids from the present count to the end of its run."""
        prefix = _spell(self._ms << 80 | self._count)[:-2]
        return map(prefix.__add__, islice(_PAIRS, self._count % _RUN, None))


def _spell(number: int) -> str:
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])


_SOURCES: "weakref.WeakSet[Ulids]" = weakref.WeakSet()


def _forked() -> None:
    for source in list(_SOURCES):
        source.renew()


process.on_fork(_forked)

stamp = Ulids()
"""The process-wide source."""
