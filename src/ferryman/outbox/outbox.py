"""Accepts operations, keeps them safe, returns at once: Outbox and AsyncOutbox.

Acceptance is checked and encoded in the caller's frame; a relay thread delivers. Exit, fork and
close are here, because this is what an application holds.
"""

import atexit
import logging
import os
import time
import warnings
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, Self, TypeAlias

from ferryman._core.account import Account
from ferryman._core.message import Level, Operation, Receipt
from ferryman._core.wrong import wrong_kind
from ferryman._io.options import Http, Mode
from ferryman._io.stamp import stamp
from ferryman._io.sync import SyncDriver
from ferryman._io.watch import Observer, log_exchange, watched
from ferryman.errors import (
    ConfigurationError,
    FerrymanError,
    FlushTimeout,
    InvalidOperation,
    OutboxClosed,
)
from ferryman.plan import TrackingPlan
from ferryman.plan.tracking import E_contra, P_contra

from .entry import Entry
from .hosts import check_host
from .many import Accepted, Many, chunks
from .protocol import Counts, Store
from .relay import Relay
from .saying import Saying
from .stores import open_store

_log = logging.getLogger("ferryman")
Carrier: TypeAlias = Literal["thread", "external"]
_GRACE = 0.5
"""Seconds that a request on its way has left, however late it is."""
_OPEN: "weakref.WeakSet[Outbox[Any, Any]]" = weakref.WeakSet()
_CARRYING: "set[Any]" = set()
"""Those that accepted something: it must arrive although nobody holds the outbox any more."""


class Outbox(Saying[E_contra, P_contra]):
    """Accepts what the client says, keeps it, and delivers it in the background.

    *place* is ``"sqlite:///relative/file.db"``, ``"sqlite:////absolute/file.db"``, ``"memory:"``
    or a store of your own. Each write returns a :class:`Receipt` once the operation is as safe
    as the store promises: ``"power"`` (on disk) for SQLite, ``"memory"`` for memory.

    *workspace* names whose operations these are; *concurrency* is the most requests at
    once, *linger* the seconds a request waits to be filled. ``relay="external"`` starts no
    thread: another process on the same file, or ``ferryman relay run``, delivers.
    ``mode="off"`` checks, keeps and counts everything and sends nothing. *plan* is asked about
    what is tracked and identified: see :class:`TrackingPlan`.

    At the end of the process without :meth:`close`, what waits is delivered for up to
    *exit_timeout* seconds; what then is left stays on disk, or is lost in memory and said so.

    Raises ConfigurationError, and StoreError when the place cannot be used.
    """

    def __init__(
        self,
        place: str | Store,
        account: Account,
        *,
        http: Http | None = None,
        mode: Mode = "live",
        workspace: str = "default",
        relay: Carrier = "thread",
        concurrency: int = 8,
        linger: float = 0.05,
        exit_timeout: float = 2.0,
        observers: tuple[Observer, ...] = (log_exchange,),
        plan: TrackingPlan[E_contra, P_contra] | None = None,
    ) -> None:
        if "pipelines" not in account.apis:
            account.authorization("track")
        self.account = account
        self.apis = frozenset(account.apis)
        self.plan = watched(plan)
        self._store = open_store(place, workspace=workspace) if isinstance(place, str) else place
        if mode == "off" and (waiting := self._store.counts().pending):
            self._store.close()
            raise ConfigurationError(
                f"{waiting:,} operations wait here to be sent, and mode 'off' would only count"
                " them: use another place, or mode 'live'"
            )
        self._driver = SyncDriver(http or Http(), mode=mode, observers=observers)
        self.level: Level = self._store.level
        """How safe an accepted operation is: ``"power"``, ``"process"`` or ``"memory"``."""
        self._relay = Relay(
            self._store, account, self._driver, concurrency=concurrency, linger=linger
        )
        self._carries = relay == "thread"
        self._started = False
        self._closed = False
        self._exit_timeout = exit_timeout
        check_host()
        _OPEN.add(self)

    # -- accepting

    def accept(self, operation: Operation[Any]) -> Receipt:
        """Keep *operation*; raise OutboxFull, OutboxClosed or StoreError when it was not kept.

        The plan is asked whether it has the class of a typed event. What was said by name or as
        attributes is bytes by now, and nobody asks about it: :meth:`track` does.
        """
        return self.keep_one(self.entry_of(operation))

    def keep_said(self, operation: Operation[Any]) -> Receipt:
        """Keep an *operation* about which the plan was asked already."""
        self.admit(operation)
        return self.keep_one(Entry.of(operation, *stamp()))

    def admit(self, operation: Operation[Any]) -> None:
        """Raise InvalidOperation for a question, ConfigurationError where a key is missing."""
        endpoint = operation.endpoint
        if not endpoint.writes:
            raise InvalidOperation(f"{operation.name} only asks: say it to a client")
        if endpoint.api not in self.apis and endpoint.authenticated:
            self.account.authorization(endpoint.api)

    def accept_many(self, operations: Iterable[Operation[Any]]) -> Accepted:
        """Keep many *operations* in order, each by itself, as :meth:`track_many` keeps events.

        About each the plan is asked as by :meth:`accept`. Returns and raises what
        :meth:`track_many` does.
        """
        return self.accept_each(self.entry_of, operations)

    def entry_of(self, operation: Operation[Any]) -> Entry:
        """Return *operation* as an entry, stamped now; raises what the plan and admit() raise."""
        if not isinstance(operation, Operation):
            raise InvalidOperation(wrong_kind("an Operation", operation))
        endpoint = operation.endpoint
        if not endpoint.writes or endpoint.api not in self.apis:
            self.admit(operation)
        if operation.event is not None and self.plan is not None:
            self.plan.admit_class(operation.event)
        ident, at = stamp()
        return Entry.of(operation, ident, at)

    def accept_each(self, make: Callable[[Any], Entry], items: Iterable[Any]) -> Accepted:
        """Keep the entries that *make* makes of *items*: see :meth:`track_many`."""
        many = Many(make, self.keep, self.level)
        for chunk in chunks(items):
            many.take(chunk)
        return many.result()

    def keep_one(self, entry: Entry) -> Receipt:
        """Keep a new *entry* and return its receipt: :meth:`keep`, of the hottest call."""
        if self._closed:
            raise OutboxClosed("the outbox is closed")
        self._store.put((entry,))
        if self._carries:
            if not self._started:
                self.start()
            self._relay.wake(len(entry.body))
        return Receipt(entry.id, self.level)

    def keep(self, entries: Sequence[Entry]) -> None:
        """Keep new *entries*, all or none: what :meth:`accept` makes of operations."""
        if self._closed:
            raise OutboxClosed("the outbox is closed")
        self._store.put(entries)
        if self._carries:
            if not self._started:
                self.start()
            size = 0
            for entry in entries:
                size += len(entry.body)
            self._relay.wake(size)

    # -- asking and ending

    def start(self) -> None:
        """Start delivering what waits, of earlier processes too, before anything is accepted."""
        if self._carries and not self._closed:
            self._started = True
            _CARRYING.add(self)
            self._relay.start()

    def stats(self) -> Counts:
        """Return the accounts, of one moment: they always add up, see :meth:`Counts.adds_up`."""
        return self._store.counts()

    def flush(self, timeout: float | None = None) -> None:
        """Wait until everything accepted before the call is delivered or dead.

        Raises FlushTimeout, naming how much is left, after *timeout* seconds; nothing is lost
        by that. With ``relay="external"`` somebody else has to deliver.
        """
        if self._relay.is_own_thread():
            raise FerrymanError("flush() cannot be called by the relay itself")
        deadline = None if timeout is None else time.monotonic() + timeout
        upto = self._store.last()
        self.start()
        self._relay.hurry()
        try:
            while left := self._store.pending(upto):
                rest = 0.5 if deadline is None else min(0.5, deadline - time.monotonic())
                if rest <= 0:
                    raise FlushTimeout(
                        f"{left:,} operations still wait; they are kept", pending=left
                    )
                self._relay.await_change(rest)
        finally:
            self._relay.relax()

    def close(self, timeout: float = 5.0) -> None:
        """Deliver what waits for up to *timeout* seconds, then let go; closing twice is fine.

        What is left stays on disk for the next process. A memory outbox that cannot deliver
        everything raises FlushTimeout: those operations are lost with it.
        """
        if self._closed:
            return
        deadline = time.monotonic() + timeout
        left: FlushTimeout | None = None
        try:
            if self._carries:
                self.flush(timeout)
        except FlushTimeout as late:
            left = late
        finally:
            self._closed = True
            self._relay.stop(max(_GRACE, deadline - time.monotonic()))
            self._driver.close()
            self._store.close()
            _OPEN.discard(self)
            _CARRYING.discard(self)
        if left is not None and self._store.level == "memory":
            raise FlushTimeout(f"{left.pending:,} operations are lost", pending=left.pending)

    @staticmethod
    def at_exit() -> None:
        """Close what was not closed, each within its deadline; called by the interpreter."""
        for outbox in list(_OPEN):
            outbox._leave()

    @staticmethod
    def forked() -> None:
        """Begin anew in a forked child; called by the interpreter."""
        for outbox in list(_OPEN):
            outbox._begin_anew()

    def _leave(self) -> None:
        if self._carries and (self._started or self._store.level == "memory"):
            try:
                self.close(self._exit_timeout)
            except FlushTimeout as late:
                _log.error("ferryman.lost_at_exit", extra={"operations": late.pending})
            except FerrymanError as error:
                _log.error("ferryman.exit_failed", extra={"error": type(error).__name__})

    def _begin_anew(self) -> None:
        # The parent owns threads, connections and what it buffered; the child begins anew.
        self._started = False
        _CARRYING.discard(self)
        forked = getattr(self._store, "forked", None)
        if forked is not None:
            forked()
        self._relay.begin()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            warnings.warn(f"{self!r} was not closed", ResourceWarning, stacklevel=2)

    def __repr__(self) -> str:
        """Show how safe it is, and the account with its keys masked."""
        return f"<Outbox {self._store.level} {self.account!r}>"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


os.register_at_fork(after_in_child=Outbox.forked)
atexit.register(Outbox.at_exit)
