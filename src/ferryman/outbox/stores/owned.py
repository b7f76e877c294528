"""A lock whose holder is refused a second time, so that nobody waits for itself (rule 31)."""

import threading
from collections.abc import Callable
from typing import TypeVar

from ferryman.errors import StoreError

T = TypeVar("T")

WITHIN = (
    "nothing can be accepted in the midst of the outbox's work:"
    " a signal handler or a collected object must leave it to another thread"
)


class Owned:
    """A lock whose holder, asking for it again, gets StoreError rather than hangs.

    A signal handler, or a ``__del__`` that the garbage collector runs, may strike while its own
    thread holds the lock, and say something to the outbox.

    The hottest call writes :meth:`acquire` and :meth:`release` out, over ``lock`` and ``owner``.
    """

    __slots__ = ("lock", "owner")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.owner = 0
        """The thread that has it; 0 for nobody, read and written by whoever has ``lock``."""

    def refuse_holder(self) -> None:
        """Raise StoreError where this thread has it."""
        if self.owner == threading.get_ident():
            raise StoreError(WITHIN)

    def during(self, act: Callable[[], T]) -> T:
        """Return what *act* does, the lock held; raise StoreError where the thread has it already.

        Where a signal's exception may strike, rather than ``with``: Python checks for signals
        where a function of ours begins and after each call, and a lock that is taken or left by
        such a function would then be held for ever.
        """
        with self.lock:
            if self.owner:
                raise StoreError(WITHIN)
            self.owner = threading.get_ident()
            try:
                return act()
            finally:
                self.owner = 0

    def acquire(self) -> None:
        """Wait for it; raise StoreError where the thread has it already."""
        self.lock.acquire()
        # One who strikes before the next line goes first: nothing is begun yet.
        if self.owner:
            self.lock.release()
            raise StoreError(WITHIN)
        self.owner = threading.get_ident()

    def release(self) -> None:
        """Let the next one have it."""
        self.owner = 0
        self.lock.release()

    __enter__ = acquire

    def __exit__(self, *exc: object) -> None:
        """Let the next one have it."""
        self.owner = 0
        self.lock.release()
