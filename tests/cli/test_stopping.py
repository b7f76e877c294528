"""Signals: obeyed at a safe point, and a second one at once."""

import os
import select
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ferryman.cli.stopping import Stop, Stopped


@pytest.fixture(autouse=True)
def usual_handler() -> Iterator[None]:
    """Ctrl-C means KeyboardInterrupt, as it does in a program."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_the_first_signal_interrupts_nothing() -> None:
    """A signal while something is done sets a flag, and waiting ends early."""
    with Stop() as stop:
        signal.raise_signal(signal.SIGINT)
        stop.wait(3600)

    assert (bool(stop), stop.code) == (True, 130)


def test_a_second_signal_ends_the_program() -> None:
    """Whoever presses Ctrl-C twice does not want to wait."""
    with Stop():
        signal.raise_signal(signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_waiting_for_input_ends_with_a_signal() -> None:
    """Input may never come: a signal ends the wait for it, before it began and during it."""
    reads, writes = os.pipe()
    with Stop() as stop:
        timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(Stopped):
            stop.readable(reads)
        with pytest.raises(Stopped):
            stop.readable(reads)
    timer.join()
    os.close(reads)
    os.close(writes)


def test_a_signal_that_python_has_not_heard_of_ends_the_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that comes between the last look and the wait is not waited out."""
    reads, writes = os.pipe()
    select_ = select.select

    def late(*files: Any) -> Any:
        # As a signal in C code does: the byte is written, its handler runs later.
        os.write(stop._tells, bytes([signal.SIGINT]))
        stop.signal = signal.SIGINT
        return select_(*files)

    with Stop() as stop:
        monkeypatch.setattr(select, "select", late)
        with pytest.raises(Stopped):
            stop.readable(reads)
    os.close(reads)
    os.close(writes)


def test_input_that_is_there_is_read() -> None:
    """Waiting ends at once where something can be read, and the pipe of signals is given back."""
    reads, writes = os.pipe()
    os.write(writes, b"x")
    with Stop() as stop:
        stop.readable(reads)
    os.close(reads)
    os.close(writes)

    assert signal.set_wakeup_fd(-1) == -1
