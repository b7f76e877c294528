"""Looking into a spool without touching it: what waits and what is dead, read-only."""

# pyright: reportUnknownMemberType=false
# (apsw's own type hints leave parameters open)

import contextlib
from collections.abc import Iterator
from pathlib import Path

import apsw

from ferryman.errors import OutboxSealed, StoreError

from ..entry import Entry
from .runs import unpacked, unpacked_alone
from .schema import APPLICATION_ID, FORMAT, as_store_error, one
from .unsealed import is_sealed
from .walk import sound


def entries_in(file: Path) -> Iterator[Entry]:
    """Yield what waits in the outbox *file* and what is dead; what is damaged is left out.

    Raises StoreError for what is no outbox of this version, and for what is encrypted.
    """
    try:
        with contextlib.closing(
            apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
        ) as spool:
            spool.set_busy_timeout(5_000)
            if spool.pragma("application_id") != APPLICATION_ID:
                raise StoreError("the file is another program's database")
            if one(spool, "SELECT format FROM header")[0] != FORMAT:
                raise StoreError(f"its format is one that this version does not know ({FORMAT})")
            for row in sound(spool, "entries"):
                yield from map(_readable, unpacked(row))
            for row in sound(spool, "dead"):
                yield _readable(unpacked_alone(*row[:3]))
    except apsw.Error as error:
        raise as_store_error(error) from None


def _readable(entry: Entry) -> Entry:
    if is_sealed(entry):
        raise OutboxSealed("it is encrypted; `ferryman relay run --observe` counts what it sends")
    return entry
