"""What a command observed, kept in a file that it goes on from: read once, written at times."""

import time
from pathlib import Path
from typing import Final

from ferryman import Observing
from ferryman.cli import out
from ferryman.errors import ConfigurationError, InvalidOperation

_EVERY: Final = 10.0
"""Seconds between two writings: what a killed process loses."""


class Saving:
    """Counts into *file*; raises ConfigurationError where it cannot, or holds something else."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.observing = Observing()
        try:
            if file.exists():
                self.observing.merge(file.read_bytes())
            self.observing.save(file)
        except InvalidOperation as wrong:
            raise ConfigurationError(f"{file} {wrong.rule}") from None
        except OSError as error:
            raise ConfigurationError(f"cannot write {file}: {error.strerror}") from None
        self._next = time.monotonic() + _EVERY

    def save_at_times(self) -> None:
        """Write the counts when it is time to."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _EVERY
            self.save()

    def save(self) -> None:
        """Write the counts; a file that cannot be written is told, and stops nothing."""
        try:
            self.observing.save(self._file)
        except OSError as error:
            out.complain(f"cannot write {self._file}: {error.strerror}")
