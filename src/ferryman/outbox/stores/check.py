"""`outbox check`: what a spool holds against what it says, and a new one made of what is sound.

Nothing is thrown away: a repair writes a new file beside the old one, takes its place in one
step, and keeps the old one. It needs the file for itself; looking does not.
"""

# pyright: reportUnknownMemberType=false
# (apsw's own type hints leave parameters open)

import contextlib
import fcntl
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import apsw
import msgspec

from ferryman.errors import StoreError

from ..protocol import Counts
from .mend import PUT_ASIDE, copy, put_aside, recount
from .moves import accounts
from .schema import APPLICATION_ID, BUSY_MS, FORMAT, TABLES, as_store_error, one
from .walk import walk

REPLACED_ID = 0x46455244
"""The application id of a file that was replaced: whoever waited for it must not write it."""
_NOBODY_WRITES = "the header lets nobody write"
_MOST = 20
"""Findings of SQLite's own check that are told."""


class Report(msgspec.Struct, frozen=True):
    """What was found in an outbox file; with ``kept_as``, what became of it.

    ``stored`` are the accounts as the file states them; ``waiting``, ``dead`` and ``aside`` (in
    quarantine) were counted. ``damaged`` rows can be read and not trusted; ``missing`` ones the
    accounts know of and nobody finds; ``surplus`` ones are there and in no account.
    """

    format: int
    workspace: str
    stored: Counts
    waiting: int = 0
    dead: int = 0
    aside: int = 0
    damaged: int = 0
    gaps: int = 0
    missing: int = 0
    surplus: int = 0
    integrity: tuple[str, ...] = ()
    kept_as: Path | None = None

    @property
    def sound(self) -> bool:
        """Whether everything accepted is where the accounts say."""
        wrong = self.damaged or self.gaps or self.missing or self.surplus or self.integrity
        return not wrong and self.stored.adds_up()


def check(path: str | os.PathLike[str], *, repair: bool = False) -> Report:
    """Compare what the outbox file *path* holds with its accounts, beside a running application.

    With *repair*, and where something is wrong, all that is sound is written into a new file in
    its place; the old one is kept, as the report says. That takes nobody else using the file.

    Raises StoreError when it is no outbox file, cannot be read at all, or is in use.
    """
    place = Path(path).absolute()
    if not place.is_file():
        raise StoreError("there is no outbox file of that name")
    try:
        with contextlib.closing(_open(place)) as connection:
            report = msgspec.structs.replace(_look(connection), integrity=_integrity(place))
        if report.sound or not repair:
            return report
        with _leading(place):
            if _NOBODY_WRITES in report.integrity:
                _let_write(place)
            with contextlib.closing(_open(place)) as connection:
                _reserve(connection)
                return _repair(place, connection, report.integrity)
    except (apsw.Error, OSError) as error:
        raise as_store_error(error) from None


def _open(place: Path) -> apsw.Connection:
    connection = apsw.Connection(str(place), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(BUSY_MS)
    # Recovery mode: a file that was cut short can be read as far as it goes.
    connection.execute("PRAGMA writable_schema = ON")
    if connection.pragma("application_id") not in (APPLICATION_ID, REPLACED_ID):
        connection.close()
        raise StoreError("the file is another program's database, or too damaged to be read")
    return connection


def _look(connection: apsw.Connection) -> Report:
    connection.execute("BEGIN")  # one moment for all that is counted
    try:
        return _count(connection)
    finally:
        if connection.in_transaction:  # it cannot be committed once a damaged page was met
            connection.execute("ROLLBACK")


def _count(connection: apsw.Connection) -> Report:
    form, workspace = _header(connection)
    stored = _stored(connection)
    counted, damaged, gaps, missing, odd = {"entries": 0, "dead": 0}, 0, 0, 0, 0
    for table, accounted in (("entries", stored.pending), ("dead", stored.dead)):
        bad = 0
        for seen in walk(connection, table):
            if seen is None:
                gaps += 1
            else:
                counted[table] += seen.count
                bad += len(seen.broken)
                odd += not (seen.whole or seen.broken)
        damaged += bad
        missing += accounted - counted[table] - bad
    return Report(
        form,
        workspace,
        stored,
        waiting=counted["entries"],
        dead=counted["dead"],
        aside=len(_aside(connection)),
        damaged=damaged + odd,
        gaps=gaps,
        missing=max(0, missing),
        surplus=max(0, -missing),
    )


def _header(connection: apsw.Connection) -> tuple[int, str]:
    try:
        form, workspace = one(connection, "SELECT format, workspace FROM header")
    except (apsw.Error, StoreError, UnicodeDecodeError):
        return 0, ""
    if form != FORMAT:
        raise StoreError(f"the outbox file has a format this version does not know ({FORMAT})")
    return int(form), str(workspace)


def _stored(connection: apsw.Connection) -> Counts:
    try:
        *row, _oldest = accounts(connection)
    except (apsw.Error, StoreError, UnicodeDecodeError):
        return Counts()
    if not all(type(each) is int and 0 <= each < 1 << 50 for each in row):
        return Counts()
    return Counts(*row)


def _aside(connection: apsw.Connection) -> list[tuple[Any, ...]]:
    try:
        rows = connection.execute("SELECT * FROM quarantine ORDER BY place")
        return [tuple(row) for row in rows]
    except (apsw.Error, UnicodeDecodeError):
        return []


def _integrity(place: Path) -> tuple[str, ...]:
    """Return what SQLite itself finds wrong, opening the file as an outbox does."""
    try:
        with contextlib.closing(
            apsw.Connection(str(place), flags=apsw.SQLITE_OPEN_READWRITE)
        ) as connection:
            connection.set_busy_timeout(BUSY_MS)
            rows = connection.execute(f"PRAGMA integrity_check({_MOST})")
            found = [str(text) for (text,) in rows]
            # A header that asks for a newer SQLite lets nobody write, and is sound to this one.
            if connection.readonly("main") and os.access(place, os.W_OK):
                return (_NOBODY_WRITES,)
    except apsw.Error as error:
        return (type(error).__name__,)
    return () if found == ["ok"] else tuple(found)


@contextlib.contextmanager
def _leading(place: Path) -> Generator[None]:
    handle = os.open(f"{place}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreError("a relay delivers from this outbox file: stop it first") from None
        yield
    finally:
        os.close(handle)


def _let_write(place: Path) -> None:
    """Put back which version of SQLite may write: what the log holds has to go into the file."""
    with place.open("r+b") as file:
        file.seek(18)
        file.write(b"\x02")  # that with a write-ahead log


def _reserve(connection: apsw.Connection) -> None:
    """Take the file for ourselves: nobody may write what is about to be replaced."""
    connection.set_busy_timeout(0)
    connection.pragma("locking_mode", "exclusive")
    try:
        # The log goes into the file; nothing of it may lie beside the new one.
        mode = connection.pragma("journal_mode", "delete")
    except (apsw.BusyError, apsw.LockedError):
        mode = ""
    if mode != "delete":
        raise StoreError("the outbox file is in use: stop the processes that use it first")


def _repair(place: Path, old: apsw.Connection, integrity: tuple[str, ...]) -> Report:
    report = _look(old)
    fresh = place.with_name(f".{place.name}.mending")
    for name in (fresh, Path(f"{fresh}-journal")):
        name.unlink(missing_ok=True)
    os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        with contextlib.closing(apsw.Connection(str(fresh))) as new:
            new.pragma("synchronous", "EXTRA")
            with new:
                _fill(new, old, report)
        kept = _kept(place)
        # From here on whoever waits for the old file is refused, and opens the new one.
        with contextlib.suppress(apsw.Error):
            old.pragma("application_id", REPLACED_ID)
        os.link(place, kept)
        fresh.replace(place)
    finally:
        fresh.unlink(missing_ok=True)
    folder = os.open(place.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return msgspec.structs.replace(report, integrity=integrity, kept_as=kept)


def _fill(new: apsw.Connection, old: apsw.Connection, report: Report) -> None:
    stored = report.stored
    new.execute(TABLES)
    new.execute("INSERT INTO header VALUES(?, ?)", (FORMAT, report.workspace or "default"))
    for table in ("entries", "dead"):
        copy(old, table, new, table)
    new.executemany(PUT_ASIDE, [row[1:] for row in _aside(old)])
    for table in ("entries", "dead"):
        for seen in walk(old, table):
            if seen is not None:
                put_aside(new, seen.broken, table)
    aside = int(one(new, "SELECT count(*) FROM quarantine")[0])
    for table in ("removed", "begun"):
        _copy_plain(old, new, table)
    delivered = stored.delivered
    if not stored.accepted:  # the accounts are lost: what is not here was delivered, or so we say
        highest = one(
            new,
            "SELECT max(ifnull((SELECT max(last) FROM entries), 0),"
            " ifnull((SELECT max(seq) FROM dead), 0))",
        )[0]
        delivered = max(0, highest - report.waiting - report.dead - aside)
    new.execute(
        "UPDATE accounts SET accepted = ?, delivered = ?, cancelled = ?, skipped = ?,"
        " purged = ?, evicted = ?, quarantined = ?",
        (
            stored.accepted,
            delivered,
            stored.cancelled,
            stored.skipped,
            stored.purged,
            stored.evicted,
            stored.quarantined,
        ),
    )
    recount(new)


def _copy_plain(old: apsw.Connection, new: apsw.Connection, table: str) -> None:
    """Copy what can be read of *table*, which has no checksums; losing it loses no operation."""
    with contextlib.suppress(apsw.Error, UnicodeDecodeError):
        for row in old.execute(f"SELECT * FROM {table}"):  # noqa: S608 - ours
            places = ",".join("?" * len(row))
            new.execute(f"INSERT OR IGNORE INTO {table} VALUES({places})", row)


def _kept(place: Path) -> Path:
    number = 1
    while (kept := place.with_name(f"{place.name}.damaged-{number}")).exists():
        number += 1
    return kept
