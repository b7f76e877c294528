"""Entries that travel in one request, and how one is filled. Pure."""

from collections.abc import Sequence

import msgspec

from ferryman._core.batch import ENVELOPE
from ferryman._core.encode import MAX_BATCH

from .entry import Entry


class Limits(msgspec.Struct, frozen=True):
    """What one request may hold: encoded bytes with the envelope, and items."""

    bytes: int = MAX_BATCH
    items: int = 4_000


class Batch(msgspec.Struct, frozen=True):
    """Entries that travel in one request; ``together`` is False for one that goes by itself."""

    entries: tuple[Entry, ...]
    together: bool

    def keys(self) -> set[str]:
        """Return the keys that are muted while it travels."""
        return {entry.key for entry in self.entries} | {e.other for e in self.entries if e.other}


class Choice:
    """The batch being put together."""

    __slots__ = ("closed", "entries", "keys", "limits", "size")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.entries: list[Entry] = []
        self.keys: set[str] = set()
        self.closed: set[str] = set()  # keys with a barrier in it: nothing of them may follow
        self.size = ENVELOPE

    def add(self, entry: Entry) -> bool:
        """Add *entry*, or return False when it is one too many."""
        size = self.size + len(entry.body) + 1
        limits = self.limits
        if self.entries and (size > limits.bytes or len(self.entries) >= limits.items):
            return False
        self.entries.append(entry)
        self.size = size
        self.keys.add(entry.key)
        if entry.barrier or entry.other:
            self.closed.add(entry.key)
            if entry.other:
                self.keys.add(entry.other)
                self.closed.add(entry.other)
        return True

    def extend(self, entries: Sequence[Entry], keys: Sequence[str], size: int) -> None:
        """Add *entries* of *keys*, none of them a barrier, which make it *size* bytes long."""
        self.entries += entries
        self.keys.update(keys)
        self.size = size

    def excludes(self, entry: Entry, apart: bool) -> bool:
        """Whether *entry* may not share a request with what is in it already."""
        keys = self.keys if apart else self.closed
        return entry.key in keys or (entry.other != "" and entry.other in keys)
