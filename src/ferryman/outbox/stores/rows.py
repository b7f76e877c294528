"""An entry as a row: its checksum, and what makes a row one that can be trusted. Pure.

Each row carries a checksum over all of its columns, verified whenever it is read: SQLite notices
a damaged page only where the damage breaks its structure, never where it changes what is said.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from zlib import adler32

from ferryman.errors import StoreError
from ferryman.operations import CATALOGUE

from ..entry import Entry

_ITEMS = {name: row.batches for name, row in CATALOGUE.items()}
"""The operations known here, and whether each is an item of a batch: then its body is an object."""
_BRACE = ord("{")
_TEXTS = (1, 2, 3, 5, 7)


DAMAGED = "the outbox file is damaged, or is not an outbox"


class Damaged(StoreError):
    """A row cannot be what was accepted."""


def checksum(
    ident: str, name: str, key: str, body: bytes, other: object, barrier: object, path: object
) -> int:
    """Return the checksum of an entry; its row holds this plus ``at`` plus ``seq``.

    Adler-32 finds every error of one or two bits, and costs two thirds of zlib's CRC-32.
    """
    if other or barrier or path:
        head = f"{ident}\n{name}\n{key}\n{other or ''}\n{bool(barrier)}\n{path or ''}"
    else:
        head = f"{ident}\n{name}\n{key}"
    return adler32(body, adler32(head.encode()))


def row(entry: Entry) -> tuple[Any, ...]:
    """Return the columns of a new *entry* behind its place, the checksum last."""
    ident, name, key, body = entry.id, entry.name, entry.key, entry.body
    other, barrier, path, at = entry.other, entry.barrier, entry.path, entry.at
    if other or barrier or path:
        total = at + checksum(ident, name, key, body, other, barrier, path)
        return ident, name, key, body, other or None, barrier or None, path or None, at, total
    # checksum() again, in line: this is every accepted entry.
    total = at + adler32(body, adler32(f"{ident}\n{name}\n{key}".encode()))
    return ident, name, key, body, None, None, None, at, total


def sound(rows: Iterable[Sequence[Any]]) -> Iterator[Entry]:
    """Yield the entries that *rows* are; raise Damaged at one that cannot be what was accepted."""
    try:
        for seq, ident, name, key, body, other, barrier, path, at, total in rows:
            # checksum() again, in line: this is the relay's every entry.
            if other or barrier or path:
                kept = checksum(ident, name, key, body, other, barrier, path)
            else:
                kept = adler32(body, adler32(f"{ident}\n{name}\n{key}".encode()))
            if kept + at + seq != total or (_ITEMS[name] and body[0] != _BRACE):
                raise Damaged(DAMAGED)
            yield Entry(seq, ident, name, key, body, other or "", bool(barrier), path or "", at)
    except (TypeError, ValueError, LookupError):  # another type, broken text, no known name
        raise Damaged(DAMAGED) from None


def decoded(raw: Sequence[Any]) -> tuple[Any, ...]:
    """Return *raw*, whose texts were read as bytes, as a row; raise Damaged for broken text."""
    row = list(raw)
    try:
        for place in _TEXTS:
            if row[place] is not None:
                row[place] = row[place].decode()
    except (AttributeError, ValueError):
        raise Damaged(DAMAGED) from None
    return tuple(row)
