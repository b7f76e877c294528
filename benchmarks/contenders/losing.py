"""What every contender of the losses shares: it says all, then ends as it is told.

`end=close` ends by the client's own good-bye; `exit` returns from main without one; `SIGTERM` and
`kill -9` are sent to itself; with `fork` the first half is said by a parent, the second by the
child that it forks then, and both return from main. Standard library only.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from meter import Job, event

SIGNALS = {"SIGTERM": signal.SIGTERM, "kill -9": signal.SIGKILL}
LATER_S = 30


def lose(
    job: Job,
    say: Callable[[int, dict[str, Any]], object],
    close: Callable[[], object],
    many: Callable[[int, int], object] | None = None,
) -> None:
    """Say all events through *say* and end; a burst through *many*, where a client has it."""

    def said(first: int, last: int) -> None:
        if many is not None and job.options["end"] == "close" and not job.pace:
            many(first, last)
            return
        for i in job.paced(first, last):
            say(i, event(i))

    end, half = job.options["end"], job.n // 2
    if end == "fork":
        said(0, half)
        sys.stdout.flush()
        if child := os.fork():
            os.waitpid(child, 0)
        else:
            said(half, job.n)
        return
    said(0, job.n)
    if end == "close":
        close()
    elif end in SIGNALS:
        os.kill(os.getpid(), SIGNALS[end])
        # Whoever handles the signal decides when to leave.
        time.sleep(LATER_S)
