"""The SQLite store: one spool file for the processes of a host.

Accepted means on disk: WAL with synchronous=FULL, one commit for all who wait (delivery rules
13 to 19). Here each promise of the Store is one transaction; what moves is in moves.py and
graves.py, how the file is opened and shared in connections.py.
"""

# pyright: reportUnknownMemberType=false
# (apsw's own type hints leave parameters open)

import contextlib
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import apsw
import msgspec

from ferryman._core.message import Level
from ferryman.errors import OutboxClosed, StoreError

from ..entry import Dead, Entry, Verdict
from ..protocol import Bounds, Counts, Replayed, Where
from . import forks, graves, moves, taking
from .connections import Connections
from .group import GroupCommit
from .recent import Recent
from .runs import DAMAGED
from .schema import PENDING, one

MAX_BYTES = 8 * 1024**3
MAX_ENTRIES = 100_000_000
MAX_DEAD_BYTES = 1024**3
_TIDY_BYTES = 16 * 1024**2
"""Settled bytes after which the relay moves the log into the file."""
_LOG_BYTES = 64 * 1024**2
"""Accepted bytes after which, without a relay in this process, an acceptance does so."""
_SYNCHRONOUS: dict[str, str] = {"power": "FULL", "process": "NORMAL"}


class SqliteStore:
    """Keeps entries in the SQLite file *path*.

    Up to *max_bytes* of encoded operations that wait, *max_entries* of them, and
    *max_dead_bytes* of dead letters.

    *workspace* is written into a new file and must be that of an old one. *level* is
    ``"power"`` (survives a power cut) or ``"process"`` (survives kill -9). *vfs* names another
    layer below SQLite than the system's. Raises StoreError when the file cannot be used: it
    says why and what to do.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        workspace: str = "default",
        level: Level = "power",
        max_bytes: int = MAX_BYTES,
        max_entries: int = MAX_ENTRIES,
        max_dead_bytes: int = MAX_DEAD_BYTES,
        vfs: str | None = None,
    ) -> None:
        if level not in _SYNCHRONOUS:
            raise StoreError("a SQLite outbox is safe at level 'power' or 'process'")
        self.path = Path(path).absolute()
        self.level: Level = level
        self._bounds = Bounds(max_bytes, max_entries, max_dead_bytes)
        self._file = Connections(
            self.path, workspace=workspace, synchronous=_SYNCHRONOUS[level], vfs=vfs
        )
        self._begin()
        forks.watch(self)

    def _begin(self) -> None:
        self._group = GroupCommit(self._insert)
        self._recent = Recent()
        self._settled_bytes = 0
        self._accepted_bytes = 0

    def before_fork(self) -> None:
        """Let nobody be inside SQLite, and have nothing open, until the fork is done."""
        self._file.before_fork()

    def after_fork(self) -> None:
        """Go on in the parent."""
        self._file.after_fork()

    def forked(self) -> None:
        """Begin anew in a forked child: own connections, no leadership."""
        self._file.forked()
        self._begin()

    # -- accepting

    def put(self, entries: Sequence[Entry]) -> None:
        """Keep *entries*; the first of those who wait commits for all of them."""
        if self._file.is_inherited:
            self.forked()
        if self._file.closed:
            raise OutboxClosed("the outbox is closed")
        self._file.write_lock.refuse_holder()  # it would wait for a group whose head waits for it
        self._group.join(entries)

    def _insert(self, shares: list[Sequence[Entry]]) -> None:
        size = sum([len(entry.body) for entries in shares for entry in entries])

        def act(connection: apsw.Connection) -> int:
            return moves.insert(connection, shares, size, self._bounds)

        epoch = self._file.accept(act)
        self._accepted_bytes += size
        if self._file.leads:
            self._recent.add([entry for entries in shares for entry in entries], size, epoch)
        if self._accepted_bytes > _LOG_BYTES:
            self._accepted_bytes = 0
            if not self._file.leads:
                self._file.tidy_writing()

    def evict(self, names: Collection[str], entries: int, size: int) -> int:
        """Throw away the oldest of those *names*, a little more than it takes."""
        return self._file.write(lambda file: moves.evict(file, names, self._bounds, entries, size))

    # -- carrying

    def read(self, after: int, *, limit: int, size: int) -> list[Entry]:
        """Return the entries behind *after*, in the order of their commits."""
        if self._recent.follow(after) and self._recent.is_of(self.epoch()):
            found = self._recent.take(after, limit=limit, size=size)
            if found:
                return found
        found = self._file.read(lambda file: moves.page(file, after, limit=limit, size=size))
        if found:
            self._recent.passed(found[-1].seq)
        return found

    def settle(self, verdicts: Sequence[Verdict], now: int) -> None:
        """Carry out *verdicts* in one transaction; what was settled before changes nothing."""
        self._settled_bytes += self._file.write(
            lambda file: moves.carry_out(file, verdicts, now, self._bounds)
        )
        if self._settled_bytes > _TIDY_BYTES:
            self._settled_bytes = 0
            self._file.tidy()

    def begin(self, places: Sequence[int], *, sent: bool) -> None:
        """Note that *places* are being sent, as safe as an acceptance is."""
        act = taking.note_begun if sent else taking.forget_begun
        self._file.write(lambda file: act(file, places), synced=sent)

    def begun(self) -> set[int]:
        """Return the places that were being sent when they were last heard of."""
        return self._file.read(
            lambda file: {seq for (seq,) in file.execute("SELECT seq FROM begun")}
        )

    def lead(self) -> bool:
        """Hold the advisory lock beside the file, taking it when its holder is gone."""
        return self._file.lead()

    def epoch(self) -> int:
        """Return the number that replays, skips, purges and parking raise."""
        return self._ask("SELECT epoch FROM accounts")[0]

    def parked(self) -> set[str]:
        """Return the keys behind a dead barrier."""
        return self._file.read(graves.parked)

    # -- asking

    def last(self) -> int:
        """Return the number accepted so far by all processes."""
        return self._ask("SELECT accepted FROM accounts")[0]

    def pending(self, upto: int) -> int:
        """Return how many entries up to *upto* may still wait, 0 when none does."""
        oldest, waiting = self._ask(
            f"SELECT ifnull((SELECT min(seq) FROM entries), 0), {PENDING} FROM accounts"  # noqa: S608 - ours
        )
        if not oldest or oldest > upto:
            return 0
        return min(waiting, upto - oldest + 1)

    def counts(self) -> Counts:
        """Return the accounts, all of one moment."""
        counts = Counts(*_whole(self._file.read(moves.accounts)))
        if counts.oldest_pending_at == -1:
            return msgspec.structs.replace(counts, oldest_pending_at=None)
        return counts

    def _ask(self, sql: str) -> tuple[int, ...]:
        return _whole(self._file.read(lambda file: one(file, sql)))

    # -- dead letters

    def dead(self, where: Where, *, after: int, limit: int) -> list[Dead]:
        """Return dead letters behind *after*, in order of acceptance."""
        return self._file.read(lambda file: graves.letters(file, where, after, limit))

    def reasons(self) -> dict[str, int]:
        """Return how many dead letters there are of each reason."""
        return self._file.read(graves.reasons)

    def replay(self, places: Sequence[int]) -> Replayed:
        """Let dead letters wait again, each in its old place, unless its person was removed."""
        return self._file.write(lambda file: graves.replay(file, places), synced=True)

    def skip(self, places: Sequence[int]) -> int:
        """Throw dead letters away, so that what was parked goes on."""
        return self._file.write(
            lambda file: graves.throw_away(file, places, "skipped"), synced=True
        )

    def purge(self, places: Sequence[int]) -> int:
        """Throw dead letters away, and nothing of them stays in the file."""
        count = self._file.write(
            graves.erasing(lambda file: graves.throw_away(file, places, "purged")), synced=True
        )
        self._file.read(_empty_log)
        return count

    def purge_key(self, key: str) -> int:
        """Throw away everything of *key*, and nothing of it stays in the file."""
        sought = self._file.read(lambda file: graves.seek(file, key))
        count = self._file.write(
            graves.erasing(lambda file: graves.purge_key(file, key, sought)), synced=True
        )
        self._file.read(_empty_log)
        return count

    def close(self) -> None:
        """Close the file and let another process lead; closing twice is fine."""
        self._file.close()


def _empty_log(file: apsw.Connection) -> None:
    with contextlib.suppress(apsw.BusyError):  # readers keep the log; the next checkpoint will do
        file.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)


def _whole(row: tuple[Any, ...]) -> tuple[int, ...]:
    if not all(type(each) is int for each in row):
        raise StoreError(DAMAGED)
    return row
