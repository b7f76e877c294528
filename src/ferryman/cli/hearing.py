"""What the relay says while it works, for the progress line: a handler of the logger `ferryman`.

The library names its log lines and puts facts beside them; this turns them into sentences.
"""

import logging
import threading
import time
from typing import Final

from ferryman._io.say import event_of

_LOGGER: Final = logging.getLogger("ferryman")


class Hearing(logging.Handler):
    """Counts the waits and keeps the newest. *origin* is who answers, or does not."""

    def __init__(self, origin: str) -> None:
        super().__init__(logging.DEBUG)
        self._origin = origin
        self.waits = 0
        self._refused_key: tuple[int, int | None] = (0, None)
        self._delivered = 0
        self._newest = ""
        self._until = 0.0
        self._propagates, self._level = _LOGGER.propagate, _LOGGER.level
        self._counting = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Take one log line of the library."""
        status = getattr(record, "status", None)
        match event_of(record):
            case "ferryman.relay_waits":
                with self._counting:
                    self.waits += 1
                what = f"answered {status}" if status else "did not answer"
                newest = f"{self._origin} {what}; trying again"
            case "ferryman.relay_paused":
                self._refused_key = (self._refused_key[0] + 1, status)
                newest = f"{self._origin} refuses the key ({status})"
            case "ferryman.relay_store" | "ferryman.relay_failed":
                newest = f"the relay failed ({getattr(record, 'error', '')}); trying again"
            case _:
                return
        self._newest = newest
        self._until = time.monotonic() + (getattr(record, "seconds", None) or 0.0) + 1.0

    @property
    def paused(self) -> int | None:
        """The status that refused the key twice, with nothing delivered in between."""
        times, status = self._refused_key
        return status if times > 1 else None

    def progress(self, delivered: int) -> None:
        """Take note that so many were *delivered*: a key that delivers is not refused."""
        if delivered > self._delivered:
            self._delivered = delivered
            self._refused_key = (0, None)

    @property
    def remark(self) -> str:
        """What the relay waits for, while it does."""
        return self._newest if time.monotonic() < self._until else ""

    def __enter__(self) -> "Hearing":
        _LOGGER.addHandler(self)
        _LOGGER.propagate = False
        # What fails again and again is a line of level DEBUG after its first.
        _LOGGER.setLevel(logging.DEBUG)
        return self

    def __exit__(self, *exc: object) -> None:
        _LOGGER.setLevel(self._level)
        _LOGGER.propagate = self._propagates
        _LOGGER.removeHandler(self)
