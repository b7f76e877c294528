"""A request of the relay on its way: its pace, its place in the window, rests between tries."""

import logging
import threading
import time
from collections.abc import Callable

from ferryman._core.message import Answer, Api, NoReply, Reply, Request
from ferryman._io.say import Trouble
from ferryman._io.sync import SyncDriver

from .destination import Destination
from .dispatch import NO_KEY, Held
from .pump import Rest

_PLACE = 0.1
"""Seconds between looks for a place in the window."""
_PROBE = 1.0
"""Seconds between tries while somebody waits for a flush."""


class Hall:
    """Where the workers of a relay wait for each other."""

    def __init__(self) -> None:
        # Its holder may take it again: an object collected meanwhile may accept, and wakes.
        lock = threading.RLock()
        self.room = threading.Condition(lock)
        self.changed = threading.Condition(lock)
        """Where others wait for something to be settled: workers are not woken for that."""
        self.placing = 0
        """How many wait for a place in a window."""
        self.stopping = False
        self.urgent = 0
        """How many wait for a flush."""


class Sending:
    """Sends with *driver*; *help* sees that somebody else looks for work, under the hall's lock."""

    def __init__(self, driver: SyncDriver, hall: Hall, help: Callable[[], None]) -> None:
        self._driver = driver
        self._hall = hall
        self._help = help
        self._troubles: dict[Api, Trouble] = {}

    def send(self, request: Request, held: Held) -> Answer:
        """Send *request* when its pace and the window allow it; return what came of it."""
        destination, throttle = held.destination, held.destination.throttle
        with self._hall.room:
            if not self._keep_pace(held):
                return NoReply(False, "stopping")
            while not throttle.free():
                if self._hall.stopping:
                    return NoReply(False, "stopping")
                self._hall.placing += 1
                try:
                    self._hall.room.wait(_PLACE)
                finally:
                    self._hall.placing -= 1
            throttle.enter()
        start = time.monotonic()
        answer: Answer = NoReply(None, "failed")
        try:
            # Without a key it is as if that were refused: one probe now and then, all is kept.
            answer = Reply(401) if request is NO_KEY else self._driver.send(request)
            return answer
        finally:
            end = time.monotonic()
            with self._hall.room:
                destination.leave(answer, seconds=end - start, now=end)
                if destination.well:
                    self._trouble(destination).well()
                # Each wake-up costs as much as dozens of events: one may claim, unless others
                # wait for just this.
                if self._hall.placing or throttle.resting:
                    self._hall.room.notify_all()
                else:
                    self._hall.room.notify()

    def _keep_pace(self, held: Held) -> bool:
        """Wait until the request may leave, as far as its endpoint's rate goes; False for a stop.

        It takes no place meanwhile: a broadcast may wait for seconds.
        """
        throttle = held.destination.throttle
        assert held.batch is not None
        now = time.monotonic()
        end = now + throttle.wait(held.batch.entries[0], now)
        if end > now:
            throttle.resting += 1
            self._help()
            try:
                while not self._hall.stopping and (left := end - time.monotonic()) > 0:
                    self._hall.room.wait(left)
            finally:
                throttle.resting -= 1
        return not self._hall.stopping

    def _trouble(self, destination: Destination) -> Trouble:
        api = destination.api
        trouble = self._troubles.get(api)
        if trouble is None:
            trouble = self._troubles[api] = Trouble("ferryman.relay_well", api=api)
        return trouble

    def rest(self, rest: Rest, destination: Destination) -> bool:
        """Wait before the next try of *destination*; return False when it is time to stop."""
        level, event = logging.WARNING, "ferryman.relay_waits"
        if rest.paused:
            level, event = logging.ERROR, "ferryman.relay_paused"
        throttle = destination.throttle
        with self._hall.room:
            trouble = self._trouble(destination)
        trouble.bad(level, event, status=rest.status, seconds=rest.seconds)
        with self._hall.room:
            destination.paused = rest.paused
            began, answered = time.monotonic(), destination.answered
            end = began + max(rest.seconds, throttle.retry(began))
            throttle.resting += 1
            self._help()
            try:
                while not self._hall.stopping:
                    now = time.monotonic()
                    # It answered others well meanwhile, or somebody flushes: ask it again.
                    well = destination.answered != answered
                    hurried = self._hall.urgent and now > began + _PROBE
                    early = not rest.asked and (well or hurried)
                    if now >= end or early:
                        return True
                    self._hall.room.wait(min(end - now, _PROBE if self._hall.urgent else end - now))
            finally:
                throttle.resting -= 1
        return False
