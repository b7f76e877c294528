"""Carrying verdicts out in the store, whatever the store says: what was answered stays answered.

A full place for the dead holds up nobody who lives: who died and finds no room there is held
here, the keys parked, until somebody has made room. In the store they wait as before, so that
nothing is lost when the relay ends; another one finds out again that they are dead.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from ferryman._io.say import Trouble
from ferryman.errors import DeadLettersFull, FerrymanError

from .dispatch import Dispatch
from .entry import Dead, Verdict
from .protocol import Store

_AGAIN = 0.1
"""Seconds between tries."""
_ROOM = 1.0
"""Seconds between looks whether the dead have room, while nobody decides about any."""
_HELD = 8 * 1024 * 1024
"""Bytes of dead letters without room that are held; more wait where they are."""


class Settling:
    """Settles in *store* until it is done, or *ending* says that the relay stops."""

    def __init__(self, store: Store, dispatch: Dispatch, ending: Callable[[], bool]) -> None:
        self._store = store
        self._dispatch = dispatch
        self._ending = ending
        self._trouble = Trouble("ferryman.relay_store_well")
        self._lock = threading.Lock()
        self._epoch, self._looked = -1, 0.0

    def settle(self, verdicts: Sequence[Verdict]) -> None:
        """Carry out *verdicts*; raise what the store raises only when the relay stops."""
        # What was answered is not asked again because of a disk: settling is tried until it is.
        while verdicts := self._left(verdicts):
            time.sleep(_AGAIN)

    def decide(self, room: threading.Condition) -> None:
        """Settle what needs no answer, before anything leaves that was chosen since.

        A removal leaves only after what it cancelled is gone. Called with the lock of *room*.
        """
        dispatch = self._dispatch
        while verdicts := dispatch.verdicts:
            left = self._left(verdicts)
            dispatch.verdicts = [*left, *dispatch.verdicts[len(verdicts) :]]
            if left:
                room.wait(_AGAIN)
        if dispatch.late:
            self._bury_late()

    def _left(self, verdicts: Sequence[Verdict]) -> Sequence[Verdict]:
        """Try to carry out *verdicts*; return those that are to be tried again."""
        try:
            self._store.settle(verdicts, int(time.time()))
        except DeadLettersFull as full:
            self._trouble.bad(logging.ERROR, "ferryman.relay_store", error=type(full).__name__)
            dead = [verdict for verdict in verdicts if isinstance(verdict, Dead)]
            living = [verdict for verdict in verdicts if not isinstance(verdict, Dead)]
            waiting = [] if self._hold(dead) else dead
            return [*(self._left(living) if living else ()), *waiting]
        except FerrymanError as error:
            if self._ending():
                raise
            self._trouble.bad(logging.ERROR, "ferryman.relay_store", error=type(error).__name__)
            return verdicts
        self._trouble.well()
        return ()

    def _hold(self, dead: Sequence[Dead]) -> bool:
        """Hold *dead* until they have room, unless too many are held already."""
        with self._lock:
            late = {**self._dispatch.late, **{each.entry.seq: each for each in dead}}
            size = sum([len(each.entry.body) for each in late.values()])
            if size > _HELD and not self._ending():
                return False
            self._dispatch.late = late
        return True

    def _bury_late(self) -> None:
        """Put aside those who died and have room by now, the oldest first."""
        epoch, now = self._store.epoch(), time.monotonic()
        if epoch == self._epoch and now - self._looked < _ROOM:
            return
        self._epoch, self._looked = epoch, now
        buried: set[int] = set()
        for place, dead in sorted(self._dispatch.late.items()):
            try:
                self._store.settle([dead], int(time.time()))
            except FerrymanError:
                break
            buried.add(place)
        if buried:
            with self._lock:
                late = self._dispatch.late.items()
                self._dispatch.late = {place: each for place, each in late if place not in buried}
