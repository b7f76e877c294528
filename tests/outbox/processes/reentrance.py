"""Scenes in which an acceptance is interrupted, in its own thread, by another one (rule 31)."""

import faulthandler
import gc
import logging
import signal
import sys

from saying import main, tell

from ferryman import FerrymanError, get_outbox

COUNT = 200
HUNG = 5.0
"""Seconds without any acceptance after which the process is hung, and ends."""


class Counted:
    """Accepts within, counts what was kept or refused with a typed error."""

    def __init__(self):
        self.outbox = get_outbox()
        self.answered = 0

    def say(self, *_):
        self.answered += 1
        try:
            receipt = self.outbox.track("within", "said")
        except FerrymanError:
            return
        tell(receipt.id, "within")


class Garbage:
    """A ring of one, which the collector ends whenever it likes; then *act* is called."""

    def __init__(self, act):
        self.act = act
        self.ring = self

    def __del__(self):
        self.act()


def _watch():
    faulthandler.dump_traceback_later(HUNG, exit=True, file=sys.stderr)


def _accept_with(act):
    outbox = get_outbox()
    for number in range(COUNT):
        _watch()
        Garbage(act)
        receipt = outbox.track("without", "said", data={"n": [number]})
        tell(receipt.id, "without")


def collected():
    """Have a garbage-collected object accept, wherever the collector strikes."""
    within = Counted()
    gc.set_threshold(5, 10_000, 10_000)  # young objects only, but all the time
    _accept_with(within.say)
    gc.set_threshold(700, 10, 10)
    assert within.answered


def logged():
    """The same through logging: a handler of the application's tells Customer.io."""
    within = Counted()
    handler = logging.Handler()
    handler.emit = within.say
    logging.getLogger("app").addHandler(handler)
    gc.set_threshold(5, 10_000, 10_000)  # young objects only, but all the time
    _accept_with(lambda: logging.getLogger("app").warning("gone"))
    gc.set_threshold(700, 10, 10)
    assert within.answered


def signalled():
    """Have a signal handler accept, as one of SIGTERM may that says goodbye."""
    within = Counted()
    signal.signal(signal.SIGALRM, within.say)
    outbox = get_outbox()
    for number in range(COUNT):
        _watch()
        if number % 10 == 0:
            signal.setitimer(signal.ITIMER_REAL, 0.0001)
        receipt = outbox.track("without", "said", data={"n": number})
        tell(receipt.id, "without")
    assert within.answered


if __name__ == "__main__":
    main(globals())
    faulthandler.cancel_dump_traceback_later()
