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
from ferryman._core.message import Answer, NoReply, Request
from ferryman._core.retry import Retry
from ferryman._io.sync import SyncDriver, run
from ferryman.errors import FerrymanError

from .entry import Store
from .order import Batch, Limits, Line
from .pump import PATIENCE, Claim, Effect, Release, Rest, Settle, pump
from .throttle import Throttle

_log = logging.getLogger("ferryman")
_POLL = 0.1
"""Seconds between looks for entries of other processes."""
_TAKEOVER = 0.5
"""Seconds between tries to become the one relay."""
_READ = 2_000
_NEVER = 1 << 62
"""More bytes than will ever be accepted at once: nobody wants to be woken."""
_HELD = 8 * 1024 * 1024
"""Bytes that may wait behind muted keys before nothing more is read."""


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
        self.begin()

    def begin(self) -> None:
        """Set up from nothing: at the start, and in a forked child."""
        self._room = threading.Condition(threading.Lock())
        self._line = Line()
        self._throttle = Throttle(ceiling=self._concurrency)
        self._seen = 0
        self._since: float | None = None
        self._threads: list[threading.Thread] = []
        self._busy = 0
        self._polling = False
        self._stopping = False
        self._urgent = 0
        self._fresh = 0
        self._alarm = _NEVER
        self.paused = False

    # -- what the outbox asks of it

    def start(self) -> None:
        """Start the first worker, unless there is one; the others follow when there is work."""
        with self._room:
            if not self._threads and not self._stopping:
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
            self._urgent += 1
            self._room.notify_all()

    def relax(self) -> None:
        """Linger again."""
        with self._room:
            self._urgent -= 1

    def await_change(self, seconds: float) -> None:
        """Wait until something was settled, or *seconds* at the most."""
        with self._room:
            self._room.wait(seconds)

    def is_own_thread(self) -> bool:
        """Whether the caller is one of the workers."""
        return threading.current_thread() in self._threads

    def stop(self, timeout: float) -> None:
        """Claim nothing more and wait up to *timeout* seconds for requests on their way."""
        with self._room:
            self._stopping = True
            self._room.notify_all()
        deadline = time.monotonic() + timeout
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    # -- workers

    def _hire(self) -> None:
        number = len(self._threads) + 1
        thread = threading.Thread(target=self._work, name=f"ferryman-relay-{number}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        held = _Held()
        while not self._stopping:
            flow = pump(
                self._address,
                retry=self._retry,
                chance=random.random,
                now=time.time,
                first=held.batch,
            )
            try:
                run(flow, lambda effect: self._perform(effect, held))
            except FerrymanError as error:
                # A full disk or a locked file ends some day: nothing is lost by waiting.
                _log.error("ferryman.relay_store", extra={"error": type(error).__name__})
            except Exception as error:
                _log.error("ferryman.relay_failed", extra={"error": type(error).__name__})
            if not self._stopping:
                with self._room:
                    self._room.wait(1.0)

    def _address(self, batch: Batch) -> Request:
        if batch.together:
            return self._account.address_batch([entry.body for entry in batch.entries])
        return self._account.address(batch.entries[0].operation())

    def _perform(self, effect: Effect, held: "_Held") -> Any:
        match effect:
            case Send(request):
                return self._send(request)
            case Claim():
                held.batch = self._claim()
                return held.batch
            case Settle(verdicts):
                self._store.settle(verdicts, int(time.time()))
            case Release(batch):
                held.batch = None
                with self._room:
                    self._busy -= 1
                    self.paused = False
                    self._line.release(batch)
                    self._room.notify_all()
            case Rest(seconds, status, paused):
                return self._rest(seconds, status, paused)
            case _:
                assert_never(effect)
        return None

    def _send(self, request: Request) -> Answer:
        with self._room:
            while not self._throttle.free():
                if self._stopping:
                    return NoReply(False, "stopping")
                self._room.wait(_POLL)
            wait = self._throttle.enter(time.monotonic())
        if wait:
            time.sleep(wait)
        start = time.monotonic()
        answer: Answer = NoReply(None, "failed")
        try:
            answer = self._driver.send(request)
            return answer
        finally:
            end = time.monotonic()
            with self._room:
                self._throttle.leave(answer, seconds=end - start, now=end)
                self._room.notify()

    def _rest(self, seconds: float, status: int | None, paused: bool) -> bool:
        level = logging.ERROR if paused else logging.WARNING
        _log.log(
            level,
            "ferryman.relay_paused" if paused else "ferryman.relay_waits",
            extra={"status": status, "seconds": round(seconds, 3)},
        )
        with self._room:
            self.paused = paused
            now = time.monotonic()
            end = now + max(seconds, self._throttle.retry(now))
            while not self._stopping:
                left = end - time.monotonic()
                if left <= 0:
                    return True
                self._room.wait(left)
        return False

    def _claim(self) -> Batch | None:
        with self._room:
            while not self._stopping:
                if not self._store.lead():
                    self._room.wait(_TAKEOVER)
                    continue
                self._fill()
                wait = self._patience()
                if wait <= 0:
                    free = self._busy < self._throttle.window.places
                    batch = self._line.take(self._limits) if free else None
                    if batch is not None:
                        self._busy += 1
                        self._since = time.monotonic() if len(self._line) else None
                        if self._line.bytes >= self._limits.bytes:
                            self._help()
                        return batch
                    wait = _POLL
                self._pause(wait)
        return None

    def _fill(self) -> None:
        line = self._line
        self._fresh = 0
        while line.bytes < 2 * self._limits.bytes and line.held_bytes < _HELD:
            entries = self._store.read(self._seen, limit=_READ, size=2 * self._limits.bytes)
            if not entries:
                break
            self._seen = entries[-1].seq
            line.join(entries)
        if self._since is None and len(line):
            self._since = time.monotonic()

    def _patience(self) -> float:
        """Return how long the next request may still wait for company."""
        if not len(self._line):
            return _POLL
        if self._urgent or self._since is None or self._line.bytes >= self._limits.bytes:
            return 0.0
        return self._since + self._linger - time.monotonic()

    def _pause(self, seconds: float) -> None:
        # One of those who wait looks for entries of other processes; the rest sleep longer.
        if self._polling:
            self._room.wait(5.0)
            return
        self._polling = True
        self._alarm = self._limits.bytes - self._line.bytes if len(self._line) else 1
        try:
            self._room.wait(min(seconds, _POLL))
        finally:
            self._alarm = _NEVER
            self._polling = False

    def _help(self) -> None:
        places = min(self._concurrency, self._throttle.window.places)
        if self._busy >= len(self._threads) < places:
            self._hire()
        else:
            self._room.notify()


class _Held:
    """What a worker has claimed and not released: it carries this again after a failure."""

    __slots__ = ("batch",)

    def __init__(self) -> None:
        self.batch: Batch | None = None
