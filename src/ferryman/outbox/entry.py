"""What waits in an outbox, and what may become of it. Pure."""

from typing import Any, TypeAlias

import msgspec

from ferryman._core.message import Operation
from ferryman.operations import CATALOGUE

_REMOVE = frozenset({"delete", "suppress", "delete_object"})
REMOVALS = _REMOVE | {f"pipelines.{name}" for name in _REMOVE}
"""What removes somebody: older operations of theirs that wait are cancelled (rule 11)."""
_KEPT = REMOVALS | {"unsuppress", "pipelines.unsuppress"}


class Entry(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An accepted operation in its place: ``seq`` is the order of acceptance in its store.

    It is 0 until a store gives it its place, once. ``at`` is the moment of acceptance in Unix
    seconds.
    """

    seq: int
    id: str
    name: str
    key: str
    body: bytes
    other: str = ""
    barrier: bool = False
    path: str = ""
    at: int = 0

    @staticmethod
    def of(operation: Operation[Any], ident: str, at: int) -> "Entry":
        """Return *operation* as an entry, stamped with *ident* and *at* (Unix seconds)."""
        return Entry(
            0,
            operation.id or ident,
            operation.endpoint.name,
            operation.key,
            operation.completed(ident, at),
            operation.other,
            operation.barrier,
            operation.path,
            at,
        )

    def operation(self) -> Operation[Any]:
        """Return the operation again, complete as it was accepted."""
        return Operation(
            CATALOGUE[self.name],
            self.key,
            self.body,
            self.path,
            self.other,
            self.barrier,
            self.id,
            self.at,
        )

    def __repr__(self) -> str:
        """Show place and name: the key is a person."""
        return f"<Entry {self.seq} {self.name}>"


class Done(msgspec.Struct, frozen=True, gc=False):
    """Customer.io took it."""

    entry: Entry


class Cancelled(msgspec.Struct, frozen=True, gc=False):
    """A newer removal of the same person made it pointless before it was sent (rule 11)."""

    entry: Entry


class Dead(msgspec.Struct, frozen=True):
    """It cannot be delivered as it is: kept aside with the reason, for a person to decide.

    ``maybe_delivered`` says that it may have arrived all the same: it was sent, no answer came,
    and a second one might do a second thing. ``died_at`` (Unix seconds) is what a store fills in.
    """

    entry: Entry
    reason: str
    field: str = ""
    message: str = ""
    status: int = 0
    attempts: int = 1
    maybe_delivered: bool = False
    died_at: int = 0

    @property
    def parks(self) -> bool:
        """Whether what comes behind it waits for a person: it was a barrier (rule 10)."""
        return parks(self.entry)

    def __repr__(self) -> str:
        """Show place, name and reason: the rest is a customer's."""
        return f"<Dead {self.entry.seq} {self.entry.name}: {self.reason}>"


Verdict: TypeAlias = Done | Cancelled | Dead


def parks(entry: Entry) -> bool:
    """Whether the failure of *entry* stops its keys: what follows relies on it."""
    return entry.barrier or entry.other != ""


def cancels(entry: Entry) -> bool:
    """Whether *entry* makes what waits for its key from before pointless."""
    return entry.name in REMOVALS


def can_cancel(entry: Entry) -> bool:
    """Whether a newer removal of its key makes *entry* pointless.

    Not a merge, which is about somebody else too, nor what says whether a person may come back.
    """
    return not entry.other and entry.name not in _KEPT
