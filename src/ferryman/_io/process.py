"""The process that runs this: what must begin anew in a forked child (delivery rule 30).

Python says when it forks. A server that forks in C does not: whoever is about to take a lock or
to use up something of the parent's asks :func:`look` first.
"""

import codecs
import mmap
import os
import sys
from collections.abc import Callable
from typing import Final

# A thread imports the codec when it first looks a host up. A fork in that moment would leave the
# child a lock that nobody opens, and its own first look would wait for ever: so it is here first.
codecs.lookup("idna")

_BEGIN: Final[list[Callable[[], None]]] = []
_WIPE_ON_FORK = 18  # Linux's MADV_WIPEONFORK, which mmap has no name for


class _Number:
    """Knows the process by its number: a system call each time it is asked."""

    def __init__(self) -> None:
        self._pid = os.getpid()

    def __getitem__(self, place: int) -> bool:
        return self._pid == os.getpid()

    def __setitem__(self, place: int, value: int) -> None:
        self._pid = os.getpid()


def _mark() -> "mmap.mmap | _Number":
    """Return a page that the kernel empties in every child, however it was forked."""
    if sys.platform == "linux":
        try:
            page = mmap.mmap(-1, mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            page.madvise(_WIPE_ON_FORK)
        except OSError:  # a kernel before 4.14
            return _Number()
        page[0] = 1
        return page
    return _Number()


mine: Final = _mark()
"""``mine[0]`` is true in the process that everything here belongs to; asking is no system call."""


def on_fork(begin: Callable[[], None]) -> None:
    """Let *begin* be called in a forked child, after those that were given before."""
    _BEGIN.append(begin)


def look() -> None:
    """Begin anew where this is a forked child that Python heard nothing of."""
    if not mine[0]:
        _forked()


def _forked() -> None:
    mine[0] = 1  # the child's own, from here on
    for begin in _BEGIN:
        begin()


os.register_at_fork(after_in_child=_forked)
