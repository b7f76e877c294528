"""Group commit: those who come while a commit is under way share the next one.

Nobody lingers for company: a lone caller commits at once. Whoever finds no commit under way
leads one for all who wait, then hands the lead to the first who came since. Knows no database.
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from ferryman.errors import StoreError

from .owned import WITHIN

T = TypeVar("T")


class _Ticket(Generic[T]):
    """One caller's share of a commit."""

    __slots__ = ("error", "leads", "share", "turn")

    def __init__(self, share: T) -> None:
        self.share = share
        self.error: Exception | None = None
        self.leads = False
        self.turn = threading.Lock()  # held until the caller is committed, or leads
        self.turn.acquire()


class GroupCommit(Generic[T]):
    """Commits shares with *commit*, which takes a list of them, all or none.

    When a group fails each share is tried alone, so that one caller's failure is not another's.
    """

    def __init__(self, commit: Callable[[list[T]], None]) -> None:
        self._commit = commit
        self._lock = threading.Lock()
        self._waiting: list[_Ticket[T]] = []
        self._under_way = False
        self._own = threading.local()

    def join(self, share: T) -> None:
        """Return once *share* is committed; raise what its commit raised.

        Raises StoreError for a call within a call of the same thread, which would wait for itself.
        """
        within = self._own.__dict__
        if within:
            raise StoreError(WITHIN)
        within["joins"] = True
        try:
            self._join(share)
        finally:
            within.clear()

    def _join(self, share: T) -> None:
        ticket = _Ticket(share)
        try:
            with self._lock:
                self._waiting.append(ticket)
                ticket.leads = not self._under_way
                self._under_way = True
            if not ticket.leads:
                ticket.turn.acquire()
            if ticket.leads:
                self._lead(ticket)
        except BaseException:
            # A signal's exception, in whoever waits or leads: the others must not wait for ever.
            self._leave(ticket)
            raise
        if ticket.error is not None:
            raise ticket.error

    def _lead(self, own: _Ticket[T]) -> None:
        group: list[_Ticket[T]] = []
        try:
            with self._lock:
                group, self._waiting = self._waiting, []
            self._try(group)
        except BaseException:
            for ticket in group:
                ticket.error = StoreError("interrupted; nobody knows whether it was accepted")
            raise
        finally:
            try:
                self._end(own, group)
            except BaseException:  # a signal's exception, in here: all of it once more
                self._end(own, group)
                raise

    def _end(self, own: _Ticket[T], group: list[_Ticket[T]]) -> None:
        """Let the next one lead and the *group* go on; doing it twice is fine."""
        self._hand_over(own)
        for ticket in group:
            if ticket is not own and ticket.turn.locked():
                ticket.turn.release()

    def _hand_over(self, own: _Ticket[T]) -> None:
        with self._lock:
            if not own.leads:
                return
            # No call comes between these lines: a signal strikes before or after all of them.
            own.leads = False
            if not self._waiting:
                self._under_way = False
                return
            following = self._waiting[0]
            following.leads = True
            following.turn.release()

    def _leave(self, ticket: _Ticket[T]) -> None:
        with self._lock:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
        self._hand_over(ticket)

    def _try(self, group: list[_Ticket[T]]) -> None:
        try:
            self._commit([ticket.share for ticket in group])
        except Exception as error:
            if len(group) == 1:
                group[0].error = error
                return
            for ticket in group:
                self._try([ticket])
