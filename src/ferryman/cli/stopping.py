"""Ctrl-C and SIGTERM: asked for politely, obeyed at a safe point.

A KeyboardInterrupt could strike in the middle of an acceptance. So the first signal sets a flag,
which loops look at; a second one ends the process as it always would.

Input that may never come is waited for beside a pipe that the signal writes to: a handler that
raises would not do, since a signal that comes just before a read begins does not end that read.
"""

import os
import select
import signal
import time
from types import FrameType
from typing import Any, Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Stopped(Exception):
    """A signal came while nothing was being done but waiting for input."""


class Stop:
    """Whether a signal asked to stop, as ``signal`` (0 for none); a context manager."""

    def __init__(self) -> None:
        self.signal = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Stop":
        self._hears, self._tells = os.pipe()
        os.set_blocking(self._tells, False)
        self._told = signal.set_wakeup_fd(self._tells, warn_on_full_buffer=False)
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *exc: object) -> None:
        self._restore()
        signal.set_wakeup_fd(self._told)
        os.close(self._hears)
        os.close(self._tells)

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.signal = number
        self._restore()

    def __bool__(self) -> bool:
        return self.signal != 0

    @property
    def code(self) -> int:
        """The exit code of a process that was stopped so."""
        return 128 + self.signal

    def readable(self, file: int) -> None:
        """Wait until the descriptor *file* can be read; raises Stopped when a signal comes first.

        A signal that came before counts too, whenever it came.
        """
        while not self:
            if file in select.select([file, self._hears], [], [])[0]:
                return
        raise Stopped

    def wait(self, seconds: float) -> None:
        """Sleep for *seconds*, or until a signal asks to stop."""
        # Not an Event: its lock may be held by the very frame that the handler interrupts.
        end = time.monotonic() + seconds
        while not self and (left := end - time.monotonic()) > 0:
            time.sleep(min(0.05, left))
