"""The process that runs this: what must begin anew in a forked child (delivery rule 30).

Python says when it forks. A server that forks in C does not: whoever is about to take a lock or
to use up something of the parent's asks :func:`look` first.
"""

import codecs
import os
from collections.abc import Callable
from typing import Final

# A thread imports the codec when it first looks a host up. A fork in that moment would leave the
# child a lock that nobody opens, and its own first look would wait for ever: so it is here first.
codecs.lookup("idna")

pid = os.getpid()
"""The process that everything here belongs to."""
_BEGIN: Final[list[Callable[[], None]]] = []


def on_fork(begin: Callable[[], None]) -> None:
    """Let *begin* be called in a forked child, after those that were given before."""
    _BEGIN.append(begin)


def look() -> None:
    """Begin anew where this is a forked child that Python heard nothing of."""
    if os.getpid() != pid:
        _forked()


def _forked() -> None:
    global pid  # noqa: PLW0603 - the child's own, from here on
    pid = os.getpid()
    for begin in _BEGIN:
        begin()


os.register_at_fork(after_in_child=_forked)
