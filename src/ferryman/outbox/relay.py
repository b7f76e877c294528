"""The relay's shell: threads that perform the pump's effects over a store and the network.

It reads the store, keeps the line, and carries out what the pump decides. One relay delivers
for a store; the others wait to take over. Nothing of Customer.io is decided here.
"""

import logging
import random
import threading
import time
from typing import Any, assert_never

from ferryman._core.account import Account
from ferryman._core.flow import Send
from ferryman._core.message import Api
from ferryman._core.retry import Retry
from ferryman._io.say import Trouble, say
from ferryman._io.sync import SyncDriver, run
from ferryman.errors import FerrymanError

from .batching import Batch, Limits
from .dispatch import Dispatch, Held, addressed
from .protocol import Health, Store
from .pump import PATIENCE, Claim, Effect, Note, Release, Rest, Settle, pump
from .sending import Hall, Sending
from .settling import Settling

_POLL = 0.1
"""Seconds between looks for entries of other processes."""
_TAKEOVER = 0.5
"""Seconds between tries to become the one relay."""
_NEVER = 1 << 62
"""More bytes than will ever be accepted at once: nobody wants to be woken."""


class Relay:
    """Delivers what is in *store* with up to *concurrency* requests at once.

    A request leaves when it is full, or *linger* seconds after its first entry was seen.
    """

    def __init__(
        self,
        store: Store,
        account: Account,
        driver: SyncDriver,
        *,
        concurrency: int = 8,
        linger: float = 0.05,
        limits: Limits | None = None,
        retry: Retry = PATIENCE,
    ) -> None:
        self._store = store
        self._account = account
        self._driver = driver
        self._concurrency = concurrency
        self._linger = linger
        self._limits = limits or Limits()
        self._retry = retry
        # More than requests at once, since those that wait for their next try hold one each.
        self._workers = 2 * concurrency
        self.begin()

    def begin(self) -> None:
        """Set up from nothing: at the start, and in a forked child."""
        self._hall = Hall()
        self._room = self._hall.room
        self._dispatch = Dispatch(
            self._store, ceiling=self._concurrency, linger=self._linger, limits=self._limits
        )
        self._settling = Settling(self._store, self._dispatch, lambda: self._hall.stopping)
        self._sending = Sending(self._driver, self._hall, self._help)
        self._failing = Trouble("ferryman.relay_works")
        self._threads: list[threading.Thread] = []
        self.replaced = 0
        """How many workers something unforeseen ended; another took over what each held."""
        self._idle = 0
        self._polling = False
        self._fresh = 0
        self._alarm = _NEVER

    def health(self) -> dict[Api, Health]:
        """Return how each API that was sent anything is."""
        with self._room:
            return {
                api: "paused" if each.paused else "well" if each.well else "away"
                for api, each in self._dispatch.destinations.items()
            }

    def parked_upto(self, upto: int) -> int:
        """Return how many wait behind a failed barrier, where nobody else up to *upto* waits."""
        with self._room:
            return self._dispatch.parked_upto(upto)

    @property
    def retries(self) -> int:
        """How many requests were repeated since the start."""
        return sum(each.throttle.retried for each in self._dispatch.destinations.values())

    # -- what the outbox asks of it

    def start(self) -> None:
        """Start the first worker, unless there is one; the others follow when there is work."""
        with self._room:
            if not self._threads and not self._hall.stopping:
                self._hire()

    def wake(self, size: int) -> None:
        """Say that *size* bytes were accepted.

        Whoever accepts must not wait for a relay that is busy reading: the lock is taken only
        when somebody sleeps for just this. A lost addition is made good by the next look.
        """
        self._fresh += size
        if self._fresh >= self._alarm:
            self._alarm = _NEVER
            with self._room:
                self._room.notify()

    def hurry(self) -> None:
        """Let nobody linger until :meth:`relax`."""
        with self._room:
            self._hall.urgent += 1
            self._room.notify_all()

    def relax(self) -> None:
        """Linger again."""
        with self._room:
            self._hall.urgent -= 1

    def look(self) -> None:
        """Look into the store now: something waits anew."""
        with self._room:
            self._room.notify()

    def await_change(self, seconds: float) -> None:
        """Wait until something was settled, or *seconds* at the most."""
        with self._hall.changed:
            self._hall.changed.wait(seconds)

    def is_own_thread(self) -> bool:
        """Whether the caller is one of the workers."""
        return threading.current_thread() in self._threads

    def stop(self, timeout: float) -> None:
        """Claim nothing more and wait up to *timeout* seconds for requests on their way."""
        with self._room:
            self._hall.stopping = True
            self._room.notify_all()
            self._hall.changed.notify_all()
        deadline = time.monotonic() + timeout
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    # -- workers

    def _hire(self, held: Held | None = None) -> None:
        number = len(self._threads) + 1
        thread = threading.Thread(
            target=self._work,
            args=(held or Held(),),
            name=f"ferryman-relay-{number}",
            daemon=True,
        )
        try:
            thread.start()
        except RuntimeError:  # the interpreter ends, and starts no more threads
            return
        self._threads.append(thread)

    def _work(self, held: Held) -> None:
        try:
            self._carry(held)
        except BaseException as error:
            # Raised by somebody's callback, such as SystemExit: nobody else has what it held.
            say(logging.CRITICAL, "ferryman.relay_replaced", error=type(error).__name__)
            with self._room:
                self._threads.remove(threading.current_thread())
                self.replaced += 1
                if not self._hall.stopping:
                    self._hire(held)

    def _carry(self, held: Held) -> None:
        while not self._hall.stopping:
            flow = pump(
                lambda batch: addressed(batch, self._account),
                retry=self._retry,
                chance=random.random,
                now=time.time,
                first=held.batch,
                begun=held.begun,
            )
            try:
                run(flow, lambda effect: self._perform(effect, held))
            except FerrymanError as error:
                # A full disk or a locked file ends some day: nothing is lost by waiting.
                name = type(error).__name__
                self._failing.bad(logging.ERROR, "ferryman.relay_store", error=name)
            except Exception as error:
                name = type(error).__name__
                self._failing.bad(logging.ERROR, "ferryman.relay_failed", error=name)
            with self._room:
                if not self._hall.stopping:
                    self._room.wait(1.0)

    def _perform(self, effect: Effect, held: Held) -> Any:
        match effect:
            case Send(request):
                return self._sending.send(request, held)
            case Claim():
                return self._claim(held)
            case Settle(verdicts):
                self._settling.settle(verdicts)
            case Note(places, sent):
                held.begun -= set(places)  # never sent, or not yet
                self._store.begin(places, sent=sent)
                if sent:
                    held.begun |= set(places)
            case Release(batch):
                held.batch, held.begun = None, frozenset()
                with self._room:
                    held.destination.release(batch)  # who goes now, this worker finds out next
                    self._hall.changed.notify_all()
            case Rest():
                return self._sending.rest(effect, held.destination)
            case _:
                assert_never(effect)
        return None

    # -- who goes next

    def _claim(self, held: Held) -> Batch | None:
        with self._room:
            self._idle += 1
            try:
                while not self._hall.stopping:
                    if not self._store.lead():
                        self._room.wait(_TAKEOVER)
                        continue
                    now = time.monotonic()
                    self._fresh = 0
                    self._dispatch.fill(now)
                    chosen = self._dispatch.choose(now, urgent=self._hall.urgent > 0)
                    if isinstance(chosen, tuple):
                        held.batch, held.destination = chosen
                    self._settling.decide(self._room)
                    if isinstance(chosen, tuple):
                        if self._dispatch.more(now):
                            self._help()
                        return held.batch
                    self._pause(min(chosen, _POLL))
            finally:
                self._idle -= 1
        return None

    def _pause(self, seconds: float) -> None:
        # One of those who wait looks for entries of other processes; the rest sleep longer.
        if self._polling:
            self._room.wait(5.0)
            return
        self._polling = True
        self._alarm = self._dispatch.news()
        try:
            self._room.wait(seconds)
        finally:
            self._alarm = _NEVER
            self._polling = False

    def _help(self) -> None:
        """See that somebody else looks for work."""
        if self._idle > 1:
            self._room.notify()
        elif len(self._threads) < self._workers and not self._hall.stopping:
            self._hire()
