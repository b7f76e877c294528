"""How the library speaks: lines of the logger ``ferryman``, an event's name and its facts.

The facts stand in the line, for who reads it, and in ``extra``, for who collects it. They are
numbers, statuses and names of ours: never a payload, an id of a person or a key.
"""

import logging
import re
import threading
import time
from collections.abc import Callable
from typing import Final

_log = logging.getLogger("ferryman")
Fact = str | int | float | None
_WORD = re.compile(r"[\w./:-]+")
EVERY: Final = 60.0
"""Seconds after which what is still not well is said again."""


def say(level: int, event: str, /, **facts: Fact) -> None:
    """Log *event*, such as ``ferryman.relay_waits``, with *facts*; None and "" are unknown."""
    if _log.isEnabledFor(level):
        # The template is the same for each event, so that who groups lines by it can.
        known = {name: value for name, value in facts.items() if value not in (None, "")}
        template = event + "".join(f" {name}=%s" for name in known)
        _log.log(level, template, *map(_shown, known.values()), extra=facts)


def _shown(value: Fact) -> Fact:
    if isinstance(value, float):
        return round(value, 3)
    # In quotation marks where it is not one word: a name of the application's can hold anything.
    return value if not isinstance(value, str) or _WORD.fullmatch(value) else repr(value)


def event_of(record: logging.LogRecord) -> str:
    """Return the event's name in *record*, a line of :func:`say`."""
    return str(record.msg).partition(" ")[0]


class Trouble:
    """What goes wrong again and again, said when it changes: as it begins, then once a minute.

    All tries in between are lines of level DEBUG. When it is well again that is one line of
    level INFO, *over*, with how often it failed and for how many seconds. Safe to share between
    threads; *common* facts stand in every line.
    """

    def __init__(
        self, over: str, /, *, now: Callable[[], float] = time.monotonic, **common: Fact
    ) -> None:
        self._over = over
        self._now = now
        self._common = common
        self._lock = threading.Lock()
        self._event = ""
        self._failures = 0
        self._began = self._said = 0.0

    def bad(self, level: int, event: str, /, **facts: Fact) -> None:
        """Say that it failed: as *level* where that is news, otherwise as DEBUG."""
        with self._lock:
            now = self._now()
            if not self._failures:
                self._began = now
            self._failures += 1
            is_news = event != self._event or now - self._said >= EVERY
            if is_news:
                self._event, self._said = event, now
            failures = self._failures
        level = level if is_news else logging.DEBUG
        say(level, event, **self._common, **facts, failures=failures)

    def well(self) -> None:
        """Say that it is well, where it was not."""
        if not self._failures:  # asked after each success, so without the lock
            return
        with self._lock:
            failures, self._failures, self._event = self._failures, 0, ""
            lasted = self._now() - self._began
        if failures:
            say(logging.INFO, self._over, **self._common, failures=failures, seconds=lasted)
