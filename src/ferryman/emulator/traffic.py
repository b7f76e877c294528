"""Traffic: what was asked of the emulator, counted and, for the last thousand, listed. Pure."""

from collections import deque
from typing import Final

import msgspec

KEPT: Final = 1_000


class Entry(msgspec.Struct, frozen=True):
    """One request; status 0 means that the connection was dropped."""

    at: float
    method: str
    path: str
    status: int
    bytes: int
    items: int
    fault: str = ""


class Traffic:
    """Counts and the last requests of one workspace."""

    def __init__(self) -> None:
        self.requests = 0
        self.batches = 0
        self.items = 0
        self.rejected = 0
        self.faults = 0
        self.last: deque[Entry] = deque(maxlen=KEPT)

    def note(self, entry: Entry, *, batch: bool, rejected: int) -> None:
        """Count a request and keep it among the last."""
        self.requests += 1
        self.batches += batch
        self.items += entry.items
        self.rejected += rejected
        self.faults += bool(entry.fault)
        self.last.append(entry)
