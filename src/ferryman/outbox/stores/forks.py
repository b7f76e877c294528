"""Who holds still while the process forks (delivery rules 15, 16 and 30). Knows no database."""

import os
import weakref
from typing import Protocol


class Forks(Protocol):
    """A store that must know of forks."""

    def before_fork(self) -> None:
        """Let nobody be at work, and have nothing open, until :meth:`after_fork`."""

    def after_fork(self) -> None:
        """Go on in the parent."""

    def forked(self) -> None:
        """Begin anew in the child."""


_WATCHED: "weakref.WeakSet[Forks]" = weakref.WeakSet()
_STILL: list[Forks] = []
"""Those that hold still for a fork under way."""


def watch(store: Forks) -> None:
    """Tell *store* of every fork, for as long as somebody holds it."""
    _WATCHED.add(store)


def _before() -> None:
    _STILL[:] = _WATCHED
    for store in _STILL:
        store.before_fork()


def _after() -> None:
    while _STILL:
        _STILL.pop().after_fork()


def _forked() -> None:
    while _STILL:
        _STILL.pop().forked()


os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_forked)
