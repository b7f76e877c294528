"""What the relay says while it works, for the progress line: a handler of the logger `ferryman`.

The library names its log lines and puts facts beside them; this turns them into sentences.
"""

import logging
import threading
import time
from typing import Final

_LOGGER: Final = logging.getLogger("ferryman")


class Hearing(logging.Handler):
    """Counts the waits and keeps the newest. *origin* is who answers, or does not."""

    def __init__(self, origin: str) -> None:
        super().__init__(logging.WARNING)
        self._origin = origin
        self.waits = 0
        self._refused_key: tuple[int, int | None] = (0, None)
        self._delivered = 0
        self._newest = ""
        self._until = 0.0
        self._propagates = _LOGGER.propagate
        self._counting = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Take one log line of the library."""
        status = getattr(record, "status", None)
        self._until = time.monotonic() + getattr(record, "seconds", 0.0) + 1.0
        match record.getMessage():
            case "ferryman.relay_waits":
                with self._counting:
                    self.waits += 1
                what = f"answered {status}" if status else "did not answer"
                self._newest = f"{self._origin} {what}; trying again"
            case "ferryman.relay_paused":
                self._refused_key = (self._refused_key[0] + 1, status)
                self._newest = f"{self._origin} refuses the key ({status})"
            case "ferryman.relay_store" | "ferryman.relay_failed":
                self._newest = f"the relay failed ({getattr(record, 'error', '')}); trying again"
            case _:
                pass

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
        return self

    def __exit__(self, *exc: object) -> None:
        _LOGGER.propagate = self._propagates
        _LOGGER.removeHandler(self)
