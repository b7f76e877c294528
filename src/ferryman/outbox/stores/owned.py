"""A lock whose holder is refused a second time, so that nobody waits for itself (rule 31)."""

import threading

from ferryman.errors import StoreError

WITHIN = (
    "nothing can be accepted in the midst of the outbox's work:"
    " a signal handler or a collected object must leave it to another thread"
)


class Owned:
    """A lock whose holder, asking for it again, gets StoreError rather than hangs.

    A signal handler, or a ``__del__`` that the garbage collector runs, may strike while its own
    thread holds the lock, and say something to the outbox.
    """

    __slots__ = ("_lock", "_owner")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._owner = 0

    def refuse_holder(self) -> None:
        """Raise StoreError where this thread has it."""
        if self._owner == threading.get_ident():
            raise StoreError(WITHIN)

    def acquire(self) -> None:
        """Wait for it; raise StoreError where the thread has it already."""
        self._lock.acquire()
        # One who strikes before the next line goes first: nothing is begun yet.
        if self._owner:
            self._lock.release()
            raise StoreError(WITHIN)
        self._owner = threading.get_ident()

    def release(self) -> None:
        """Let the next one have it."""
        self._owner = 0
        self._lock.release()

    __enter__ = acquire

    def __exit__(self, *exc: object) -> None:
        """Let the next one have it."""
        self._owner = 0
        self._lock.release()
