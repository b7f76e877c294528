"""Accepts operations, keeps them safe, returns at once: Outbox and AsyncOutbox.

Acceptance is checked and encoded in the caller's frame; a relay thread delivers. Exit, fork and
close are here, because this is what an application holds.
"""

import atexit
import logging
import time
import warnings
import weakref
from collections.abc import Sequence
from typing import Any, Literal, Self, TypeAlias

import msgspec

from ferryman._core.account import Account
from ferryman._core.message import Level
from ferryman._core.outbox_keys import secret_keys
from ferryman._io import process
from ferryman._io.options import Http, Mode
from ferryman._io.say import say
from ferryman._io.sync import SyncDriver
from ferryman._io.watch import Observer, log_exchange, watched
from ferryman.errors import (
    ConfigurationError,
    FerrymanError,
    FlushTimeout,
)
from ferryman.plan import TrackingPlan
from ferryman.plan.tracking import E_contra, P_contra

from .accepting import Accepting
from .hosts import check_host
from .letters import DeadLetters
from .overflow import Block, Overflow, Yielding
from .protocol import Stats, Store
from .relay import Relay
from .stores import open_store

Carrier: TypeAlias = Literal["thread", "external"]
_GRACE = 0.5
"""Seconds that a request on its way has left, however late it is."""
_OPEN: "weakref.WeakSet[Outbox[Any, Any]]" = weakref.WeakSet()
_CARRYING: "set[Any]" = set()
"""Those that accepted something: it must arrive although nobody holds the outbox any more."""


class Outbox(Accepting[E_contra, P_contra]):
    """Accepts what the client says, keeps it, and delivers it in the background.

    *place* is ``"sqlite:///relative/file.db"``, ``"sqlite:////absolute/file.db"``, ``"memory:"``
    or a store of your own. Each write returns a :class:`Receipt` once the operation is as safe
    as the store promises: ``"power"`` (on disk) for SQLite, ``"memory"`` for memory.

    *workspace* names whose operations these are; *concurrency* is the most requests at
    once, *linger* the seconds a request waits to be filled. ``relay="external"`` starts no
    thread: another process on the same file, or ``ferryman relay run``, delivers.
    *level*, *max_bytes*, *max_entries* and *max_dead_bytes* are those of the store that *place*
    names: :class:`SqliteStore` and :class:`MemoryStore` tell what they are otherwise. *overflow*
    says what becomes of a call that finds it full: ``"reject"`` (OutboxFull), :class:`Block` or
    :class:`Evict`. *keys*, of ``ferryman outbox key``, encrypt what is on disk: the first of them
    does, all decrypt.

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
        overflow: Overflow = "reject",
        keys: str | Sequence[str] | None = None,
        level: Level | None = None,
        max_bytes: int | None = None,
        max_entries: int | None = None,
        max_dead_bytes: int | None = None,
    ) -> None:
        keys = None if keys is None else secret_keys(keys)  # first: no traceback shows one
        if "pipelines" not in account.apis:
            account.authorization("track")
        self.account = account
        self.apis = frozenset(account.apis)
        self.plan = watched(plan)
        bounds = {
            "max_bytes": max_bytes,
            "max_entries": max_entries,
            "max_dead_bytes": max_dead_bytes,
        }
        self._store = open_store(place, workspace=workspace, level=level, keys=keys, **bounds)
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
        self.dead = DeadLetters(self._store, self._relay.look)
        """What could not be delivered: look at it, replay, skip or purge it."""
        self.patience = overflow.seconds if isinstance(overflow, Block) else 0.0
        """Seconds that a call may wait for room."""
        self._put = self._put_now = self._store.put
        if overflow != "reject":
            self._put = Yielding(self._store, overflow, self._relay.await_change).put
        self._carries = relay == "thread"
        self._started = self._closed = False
        self._exit_timeout = exit_timeout
        check_host()
        _OPEN.add(self)

    # -- asking and ending

    def start(self) -> None:
        """Start delivering what waits, of earlier processes too, before anything is accepted."""
        process.look()
        if self._carries and not self._closed:
            self._started = True
            _CARRYING.add(self)
            self._relay.start()

    def stats(self) -> Stats:
        """Return the accounts, of one moment, and how the relay is doing.

        They always add up: see :meth:`Counts.adds_up`.
        """
        process.look()
        counts = self._store.counts()
        oldest = counts.oldest_pending_at
        return Stats(
            **msgspec.structs.asdict(counts),
            reasons=self._store.reasons() if counts.dead else {},
            retries=self._relay.retries,
            relay=self._relay.health(),
            oldest_pending_seconds=0.0 if oldest is None else max(0.0, time.time() - oldest),
        )

    def flush(self, timeout: float | None = None) -> None:
        """Wait until everything accepted before the call is delivered or dead.

        Raises FlushTimeout, naming how much is left, after *timeout* seconds, and at once when
        all that is left waits for a person to decide about a dead merge, delete or suppress, or to
        make room for what died; nothing is lost by that. With ``relay="external"`` somebody
        else has to deliver.
        """
        process.look()
        if self._relay.is_own_thread():
            raise FerrymanError("flush() cannot be called by the relay itself")
        self.start()
        self._await_delivery(None if timeout is None else time.monotonic() + timeout)

    def _await_delivery(self, deadline: float | None) -> None:
        upto = self._store.last()
        self._relay.hurry()
        try:
            while left := self._store.pending(upto):
                rest = 0.5 if deadline is None else min(0.5, deadline - time.monotonic())
                if rest <= 0:
                    raise FlushTimeout(f"{_operations(left)} to be delivered", pending=left)
                # Asked again after that: others went since it was counted, perhaps the last.
                parked = self._relay.parked_upto(upto)
                if parked and (left := min(self._store.pending(upto), parked)):
                    raise FlushTimeout(
                        f"{_operations(left)} for a person: replay, skip or purge what is dead",
                        pending=left,
                    )
                self._relay.await_change(rest)
        finally:
            self._relay.relax()

    def close(self, timeout: float = 5.0) -> None:
        """Deliver what waits for up to *timeout* seconds, then let go; closing twice is fine.

        What is left stays on disk for the next process. A memory outbox that cannot deliver
        everything raises FlushTimeout: those operations are lost with it.
        """
        process.look()
        if self._closed:
            return
        self.start()
        self._closed = True  # what came later would be neither awaited nor told
        deadline = time.monotonic() + timeout
        try:
            if self._carries:
                self._await_delivery(deadline)
        except FlushTimeout:
            pass  # what is left stays in the store
        finally:
            self._relay.stop(max(_GRACE, deadline - time.monotonic()))
            self._driver.close()
            self._store.close()
            _OPEN.discard(self)
            _CARRYING.discard(self)
        if self._carries and self.level == "memory" and (lost := self._store.counts().pending):
            raise FlushTimeout(
                f"closed in memory, and lost: {_operations(lost)} to be delivered", pending=lost
            )

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
                say(logging.ERROR, "ferryman.lost_at_exit", operations=late.pending)
            except FerrymanError as error:
                say(logging.ERROR, "ferryman.exit_failed", error=type(error).__name__)

    def _begin_anew(self) -> None:
        # The parent owns threads, connections and what it buffered; the child begins anew.
        self._started = False
        _CARRYING.discard(self)
        forked = getattr(self._store, "forked", None)
        if forked is not None:
            forked()
        self._relay.begin()

    def __del__(self) -> None:
        if not self._closed:
            warnings.warn(f"{self!r} was not closed", ResourceWarning, stacklevel=2)

    def __repr__(self) -> str:
        """Show how safe it is, and the account with its keys masked."""
        return f"<Outbox {self._store.level} {self.account!r}>"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _operations(count: int) -> str:
    return f"{count:,} operations wait" if count != 1 else "1 operation waits"


process.on_fork(Outbox.forked)
atexit.register(Outbox.at_exit)
