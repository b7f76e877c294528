"""Ids and moments: what an operation is given once, by whoever sends or keeps it.

Ids are ULIDs, increasing within a process: 48 bits of milliseconds, then 80 that begin at random
each second and count. One system call for randomness a second, not an id: where one event comes
a millisecond, everything that is done anew for it is done with cold caches.
"""

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from itertools import chain, count

from ferryman._io import process
from ferryman._io.process import mine

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]
_MILLISECOND = 1_000_000
_SECOND = 1_000 * _MILLISECOND


class Ulids:
    """A source of increasing ULIDs and of the Unix second they were made in; thread-safe.

    From a random number, new in each span of 1,024 milliseconds, ids count upward. A run of 1,024
    of them shares all but its last two characters and, from the next millisecond on, the two that
    end the time. It is an iterator in C: taking the next one needs no lock.
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
        self._span = ""  # how the time begins that ids of the present 1,024 milliseconds spell
        self._numbers = count()  # of runs
        # What a run's number spells, and the ends that are left of it. One value, replaced at
        # once: an end is given once for its number, whoever strikes within.
        self._rest: tuple[str, Iterator[str]] = "", iter(())
        self._run: Iterator[str] = iter(())

    def __call__(self) -> tuple[str, int]:
        """Return a new id and the present moment in Unix seconds."""
        if not mine[0]:  # its first ids would be the parent's next ones
            process.look()
        now = self._clock()
        if now < self._until:
            for ident in self._run:
                return ident, now // _SECOND
        return self._begin(now), now // _SECOND

    def run(self) -> tuple[Iterator[str], int]:
        """Return 2,048 new ids, and the present moment in Unix seconds: for as many at once."""
        if not mine[0]:
            process.look()
        now = self._clock()
        with self._lock:
            self._enter(now)
            runs = [self._ids(self._new()), self._ids(self._new())]  # nobody else takes from them
            self._run, self._rest = iter(()), ("", iter(()))  # who asks next gets a larger one
            return chain.from_iterable(runs), now // _SECOND

    def _begin(self, now: int) -> str:
        """Return the first id of a new millisecond, or of the run after one that ended."""
        with self._lock:
            self._enter(now)
            while True:
                for ident in self._run:
                    return ident
                self._rest = self._new()
                self._run = self._ids(self._rest)

    def _enter(self, now: int) -> None:
        """Spell the millisecond of *now* from here on, where it is a new one."""
        ms = now // _MILLISECOND
        if ms <= self._ms:
            return
        if ms >> 10 != self._ms >> 10:
            # Half of the 70 bits' numbers are left to count through: they do not run out.
            self._numbers = count(int.from_bytes(os.urandom(9)) >> 3)
            self._rest = "", iter(())
            self._span = _spell(ms >> 10, 4)
        self._ms = ms
        self._run = self._ids(self._rest)
        self._until = (ms + 1) * _MILLISECOND

    def _new(self) -> tuple[str, Iterator[str]]:
        """Return what the next run's number spells, and all its ends."""
        return _spell(next(self._numbers), 7), iter(_PAIRS)

    def _ids(self, rest: tuple[str, Iterator[str]]) -> Iterator[str]:
        """Return the ids of the present millisecond that are left in a run."""
        number, ends = rest
        return map((self._span + _PAIRS[self._ms & 1023] + number).__add__, ends)


def _spell(number: int, pairs: int) -> str:
    return "".join([_PAIRS[(number >> 10 * place) & 1023] for place in reversed(range(pairs))])


_SOURCES: "weakref.WeakSet[Ulids]" = weakref.WeakSet()


def _forked() -> None:
    for source in list(_SOURCES):
        source.renew()


process.on_fork(_forked)

stamp = Ulids()
"""The process-wide source."""
