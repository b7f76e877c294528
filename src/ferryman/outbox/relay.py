"""The relay's shell: threads that perform the pump's effects over a store and the network.

It reads the store, keeps the line, and carries out what the pump decides. One relay delivers
for a store; the others wait to take over. Nothing of Customer.io is decided here.
"""

import logging
import random
import threading
import time
from collections.abc import Sequence
from typing import Any, assert_never

from ferryman._core.account import Account
from ferryman._core.flow import Send
from ferryman._core.message import Answer, Api, NoReply, Request
from ferryman._core.retry import Retry
from ferryman._io.sync import SyncDriver, run
from ferryman.errors import DeadLettersFull, FerrymanError

from .batching import Batch, Limits
from .destination import Destination
from .dispatch import Dispatch, Held, addressed
from .entry import Dead, Verdict
from .protocol import Store
from .pump import PATIENCE, Claim, Effect, Note, Release, Rest, Settle, pump

_log = logging.getLogger("ferryman")
_POLL = 0.1
"""Seconds between looks for entries of other processes."""
_TAKEOVER = 0.5
"""Seconds between tries to become the one relay."""
_PROBE = 1.0
"""Seconds between tries while somebody waits for a flush."""
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
        self._room = threading.Condition(threading.Lock())
        self._dispatch = Dispatch(
            self._store, ceiling=self._concurrency, linger=self._linger, limits=self._limits
        )
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._polling = False
        self._stopping = False
        self._urgent = 0
        self._fresh = 0
        self._alarm = _NEVER

    def health(self) -> dict[Api, str]:
        """Return how each API that was sent anything is: ``well``, ``away`` or ``paused``."""
        with self._room:
            return {
                api: "paused" if each.paused else "well" if each.well else "away"
                for api, each in self._dispatch.destinations.items()
            }

    @property
    def parked_entries(self) -> int:
        """How many entries wait behind a failed barrier, as far as was read."""
        with self._room:
            return self._dispatch.parked_entries

    @property
    def retries(self) -> int:
        """How many requests were repeated since the start."""
        return sum(each.throttle.retried for each in self._dispatch.destinations.values())

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
        try:
            thread.start()
        except RuntimeError:  # the interpreter ends, and starts no more threads
            return
        self._threads.append(thread)

    def _work(self) -> None:
        held = Held()
        while not self._stopping:
            flow = pump(
                lambda batch: addressed(batch, self._account),
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
            with self._room:
                if not self._stopping:
                    self._room.wait(1.0)

    def _perform(self, effect: Effect, held: Held) -> Any:
        match effect:
            case Send(request):
                return self._send(request, held.destination)
            case Claim():
                return self._claim(held)
            case Settle(verdicts):
                self._settle(verdicts)
            case Note(places, sent):
                self._store.begin(places, sent=sent)
            case Release(batch):
                held.batch = None
                with self._room:
                    held.destination.release(batch)
                    self._room.notify_all()
            case Rest():
                return self._rest(effect, held.destination)
            case _:
                assert_never(effect)
        return None

    def _settle(self, verdicts: Sequence[Verdict]) -> None:
        # What was answered is not asked again because of a disk: settling is tried until it is.
        while True:
            try:
                return self._store.settle(verdicts, int(time.time()))
            except FerrymanError as error:
                if isinstance(error, DeadLettersFull):  # those that live are not held up by it
                    self._store.settle([v for v in verdicts if not isinstance(v, Dead)], 0)
                    verdicts = [verdict for verdict in verdicts if isinstance(verdict, Dead)]
                if self._stopping:
                    raise
                _log.error("ferryman.relay_store", extra={"error": type(error).__name__})
                time.sleep(_POLL)

    def _send(self, request: Request, destination: Destination) -> Answer:
        throttle = destination.throttle
        with self._room:
            while not throttle.free():
                if self._stopping:
                    return NoReply(False, "stopping")
                self._room.wait(_POLL)
            wait = throttle.enter(time.monotonic())
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
                destination.leave(answer, seconds=end - start, now=end)
                self._room.notify()

    def _rest(self, rest: Rest, destination: Destination) -> bool:
        _log.log(
            logging.ERROR if rest.paused else logging.WARNING,
            "ferryman.relay_paused" if rest.paused else "ferryman.relay_waits",
            extra={"status": rest.status, "seconds": rest.seconds, "api": destination.api},
        )
        throttle = destination.throttle
        with self._room:
            destination.paused = rest.paused
            began, answered = time.monotonic(), destination.answered
            end = began + max(rest.seconds, throttle.retry(began))
            throttle.resting += 1
            self._help()
            try:
                while not self._stopping:
                    now = time.monotonic()
                    # It answered others well meanwhile, or somebody flushes: ask it again.
                    well = destination.answered != answered
                    early = not rest.asked and (well or (self._urgent and now > began + _PROBE))
                    if now >= end or early:
                        return True
                    self._room.wait(min(end - now, _PROBE if self._urgent else end - now))
            finally:
                throttle.resting -= 1
        return False

    # -- who goes next

    def _claim(self, held: Held) -> Batch | None:
        with self._room:
            self._idle += 1
            try:
                while not self._stopping:
                    if not self._store.lead():
                        self._room.wait(_TAKEOVER)
                        continue
                    now = time.monotonic()
                    self._fresh = 0
                    self._dispatch.fill(now)
                    chosen = self._dispatch.choose(now, urgent=self._urgent > 0)
                    if isinstance(chosen, tuple):
                        batch, held.destination = chosen
                        held.batch = batch
                    self._decide()
                    if isinstance(chosen, tuple):
                        if self._dispatch.more(now):
                            self._help()
                        return batch
                    self._pause(min(chosen, _POLL))
            finally:
                self._idle -= 1
        return None

    def _decide(self) -> None:
        """Settle what needs no answer: a removal leaves only after what it cancelled is gone."""
        while verdicts := self._dispatch.verdicts:
            try:
                self._store.settle(verdicts, int(time.time()))
            except FerrymanError as error:
                if self._stopping:
                    raise
                _log.error("ferryman.relay_store", extra={"error": type(error).__name__})
                self._room.wait(_POLL)
            else:
                self._dispatch.verdicts = self._dispatch.verdicts[len(verdicts) :]

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
        elif len(self._threads) < self._workers and not self._stopping:
            self._hire()
