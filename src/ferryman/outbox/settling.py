"""Carrying verdicts out in the store, whatever the store says: what was answered stays answered."""

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


class Settling:
    """Settles in *store* until it is done, or *ending* says that the relay stops."""

    def __init__(self, store: Store, ending: Callable[[], bool]) -> None:
        self._store = store
        self._ending = ending
        self._trouble = Trouble("ferryman.relay_store_well")

    def settle(self, verdicts: Sequence[Verdict]) -> None:
        """Carry out *verdicts*; raise what the store raises only when the relay stops."""
        # What was answered is not asked again because of a disk: settling is tried until it is.
        while not self._try(verdicts):
            # A full place for the dead holds up nobody who lives.
            living = [verdict for verdict in verdicts if not isinstance(verdict, Dead)]
            if self._full and living:
                self._try(living)
                verdicts = [verdict for verdict in verdicts if isinstance(verdict, Dead)]
            time.sleep(_AGAIN)

    def decide(self, dispatch: Dispatch, room: threading.Condition) -> None:
        """Settle what needs no answer, before anything leaves that was chosen since.

        A removal leaves only after what it cancelled is gone. Called with the lock of *room*.
        """
        while verdicts := dispatch.verdicts:
            if self._try(verdicts):
                dispatch.verdicts = dispatch.verdicts[len(verdicts) :]
            else:
                room.wait(_AGAIN)

    def _try(self, verdicts: Sequence[Verdict]) -> bool:
        try:
            self._store.settle(verdicts, int(time.time()))
        except FerrymanError as error:
            if self._ending():
                raise
            self._full = isinstance(error, DeadLettersFull)
            self._trouble.bad(logging.ERROR, "ferryman.relay_store", error=type(error).__name__)
            return False
        self._trouble.well()
        return True

    _full = False
