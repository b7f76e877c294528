"""Signals: obeyed at a safe point, and a second one at once."""

import signal
from collections.abc import Iterator

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


def test_reading_is_interrupted() -> None:
    """Reading may block for ever, so a signal breaks it off; so does one that came before."""
    with Stop() as stop:
        with pytest.raises(Stopped), stop.interrupting():
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(Stopped), stop.interrupting():
            pytest.fail("reading began after a signal")
