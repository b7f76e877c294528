"""Entries as rows: those of one commit share a row, a run; a dead one has its own. Pure.

A row for each event would cost more than the event: SQLite's insert, read and delete are paid
once a run. Each row has a checksum that is verified whenever it is read, since SQLite notices a
damaged page only where the damage breaks its structure, never where it changes what is said.
Each entry in a run has one too, looked at only when that of the run is wrong, so that a bit that
flips costs one entry and not its neighbours.
"""

from array import array
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias
from zlib import adler32

import msgspec

from ferryman.errors import StoreError

from ..entry import Entry

PAGE = 7_990
"""Bytes of a run: one that fits on a page of the file is all that a lost page costs."""
MOST = 128
"""Entries of a run."""
DAMAGED = "the outbox file is damaged, or is not an outbox"

Row: TypeAlias = tuple[Any, ...]
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Entry).decode
_unpack_all = msgspec.msgpack.Decoder(list[Entry]).decode


class Damaged(StoreError):
    """A row cannot be what was accepted."""


def rows(entries: Sequence[Entry]) -> Iterator[Row]:
    """Yield *entries*, which have their places and are in order, as rows of `entries`.

    The columns are the first and the last place, how many, their encoded bytes, the moment of
    the first, the entries, what can save them one by one, and the checksum. One after another,
    so that the next is built in the memory of the one before.
    """
    parts: list[bytes] = []
    start = size = 0
    for place, part in enumerate(map(_pack, entries)):
        size += len(part) + 8
        if parts and (size > PAGE or len(parts) == MOST):
            yield _row(entries[start:place], parts)
            start, size, parts = place, len(part) + 8, []
        parts.append(part)
    if parts:
        yield _row(entries[start:], parts)


def _row(entries: Sequence[Entry], parts: list[bytes]) -> Row:
    marks = array("I", map(len, parts))
    marks.extend(map(adler32, parts))
    packed = b"".join([_head(len(parts)), *parts])
    size = sum([len(entry.body) for entry in entries])
    facts = entries[0].seq, entries[-1].seq, len(parts), size, entries[0].at
    return (*facts, packed, marks.tobytes(), _total(facts, packed))


def _head(count: int) -> bytes:
    return b"\xdc" + count.to_bytes(2, "big")


def _total(facts: tuple[int, ...], packed: bytes) -> int:
    return adler32(b"%d %d %d %d %d" % facts, adler32(packed))


def unpacked(row: Row) -> list[Entry]:
    """Return the entries of a *row* of `entries`; raise Damaged where it is not as it was put."""
    try:
        *facts, packed, _marks, total = row
        if _total(tuple(facts), packed) != total:
            raise Damaged(DAMAGED)
        return _unpack_all(packed)
    except (TypeError, ValueError, msgspec.MsgspecError):
        raise Damaged(DAMAGED) from None


def saved(row: Row) -> tuple[list[Entry], list[bytes]]:
    """Return what is sound in a damaged *row* of `entries`, and the parts that are not."""
    packed, marks = row[5], row[6]
    if not (isinstance(packed, bytes) and isinstance(marks, bytes)):
        return [], [packed if isinstance(packed, bytes) else b""]
    sound: list[Entry] = []
    broken: list[bytes] = []
    place = 3
    for size, total in _marked(marks):
        part = packed[place : place + size]
        place += size
        entry = _sound(part, total)
        if entry is None or (sound and entry.seq <= sound[-1].seq):
            broken.append(part)
        else:
            sound.append(entry)
    return sound, broken


def _marked(marks: bytes) -> Iterator[tuple[int, int]]:
    words = array("I")
    words.frombytes(marks[: len(marks) // 8 * 8])
    half = len(words) // 2
    return zip(words[:half], words[half:], strict=True)


def _sound(part: bytes, total: int) -> Entry | None:
    if adler32(part) != total:
        return None
    try:
        return _unpack(part)
    except msgspec.MsgspecError:
        return None


def alone(entry: Entry) -> tuple[bytes, int]:
    """Return *entry* packed by itself, as a row of `dead` has it, and the checksum."""
    packed = _pack(entry)
    return packed, adler32(packed) + entry.seq


def unpacked_alone(seq: Any, packed: Any, total: Any) -> Entry:
    """Return the entry of a row of `dead`; raise Damaged where it is not as it was put."""
    try:
        if adler32(packed) + seq != total:
            raise Damaged(DAMAGED)
        return _unpack(packed)
    except (TypeError, ValueError, msgspec.MsgspecError):
        raise Damaged(DAMAGED) from None
