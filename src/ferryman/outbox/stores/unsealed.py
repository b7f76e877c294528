"""A store without a key: sees that nothing that is sealed is taken for what it is not.

What is sealed says so in the path, where else a path stands or nothing. Knows no cryptography.
"""

from ferryman.errors import ConfigurationError, OutboxSealed

from ..entry import Dead, Entry
from ..protocol import Store, Where
from .around import Around

_LACKING = (
    "what waits in the outbox is encrypted: set CUSTOMERIO_OUTBOX_KEYS (keys=... in Python) to the"
    " keys that it was written with"
)


def is_sealed(entry: Entry) -> bool:
    """Whether *entry* is as seal.py left it."""
    return entry.path[:1] not in ("", "/")


def look(store: Store) -> None:
    """Read the oldest and the newest of what waits, and the oldest dead letter.

    Raises ConfigurationError where *store* lacks the key of one: at the start, when somebody is
    there to see it. What lies between is looked at when it is read.
    """
    try:
        store.read(0, limit=1, size=1)
        store.read(max(0, store.last() - 1), limit=1, size=1)
        store.dead(Where(), after=0, limit=1)
    except OutboxSealed as error:
        raise ConfigurationError(str(error)) from None


class Unsealed(Around):
    """Passes everything on to *store*, and raises OutboxSealed where what is read is sealed."""

    def read(self, after: int, *, limit: int, size: int) -> list[Entry]:
        """Return entries behind *after*."""
        found = self._store.read(after, limit=limit, size=size)
        if any(is_sealed(entry) for entry in found):
            raise OutboxSealed(_LACKING)
        return found

    def dead(self, where: Where, *, after: int, limit: int) -> list[Dead]:
        """Return dead letters."""
        found = self._store.dead(where, after=after, limit=limit)
        if any(is_sealed(dead.entry) for dead in found):
            raise OutboxSealed(_LACKING)
        return found
