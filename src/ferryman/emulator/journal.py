"""The journal: what was applied, in one SQLite file, so that a world survives its process.

One row holds the acts of one request; it is committed before the request is answered. Replaying
the rows in order gives the same world again.
"""

import os
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import apsw
import msgspec

from ferryman.emulator.acts import AnyAct

APPLICATION_ID: Final = 0x6665_7279  # "fery": `file` and we know whose database it is
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS said (
    seq INTEGER PRIMARY KEY,
    workspace TEXT NOT NULL,
    at REAL NOT NULL,
    acts BLOB NOT NULL
) STRICT
"""

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode
_decode: Final = msgspec.json.Decoder(tuple[AnyAct, ...], float_hook=Decimal).decode


class SqliteJournal:
    """Keep acts in the SQLite file at *path*, readable by its owner only.

    Raises OSError when the file cannot be opened, is in use by another emulator, or is a
    database of something else.
    """

    def __init__(self, path: str | Path) -> None:
        self._path: Final = Path(path)
        # Made before SQLite would, with its mode; SQLite gives it to the files beside it, too.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        self._db: Final = apsw.Connection(str(self._path))
        try:
            self._open()
        except apsw.Error as error:
            self._db.close()
            raise OSError(f"Cannot keep the emulator's data in this file: {error}") from error
        except OSError:
            self._db.close()
            raise

    def _open(self) -> None:
        run = self._run
        # One emulator a file: a second one fails here rather than mixing two worlds.
        run("PRAGMA locking_mode = EXCLUSIVE")
        mark = run("PRAGMA application_id").get
        tables = run("SELECT count(*) FROM sqlite_schema").get
        if mark != APPLICATION_ID and tables:
            raise OSError("Cannot keep the emulator's data in this file: it is another database")
        run("PRAGMA journal_mode = WAL")
        # A commit survives the death of the process (not of the machine) in WAL mode.
        run("PRAGMA synchronous = NORMAL")
        run(f"PRAGMA application_id = {APPLICATION_ID}")
        run(_SCHEMA)

    def _run(self, sql: str, values: tuple[str | float | bytes, ...] = ()) -> Any:
        return self._db.execute(sql, values)  # pyright: ignore[reportUnknownMemberType]  # apsw's stubs name collections.abc.Buffer

    def append(self, workspace: str, at: float, acts: Sequence[AnyAct]) -> None:
        """Keep *acts* for good before returning."""
        row = (workspace, at, _encode(acts))
        self._run("INSERT INTO said (workspace, at, acts) VALUES (?, ?, ?)", row)

    def replay(self) -> Iterator[tuple[str, float, Sequence[AnyAct]]]:
        """Yield everything kept, in order: workspace, moment, acts."""
        for workspace, at, acts in self._run("SELECT workspace, at, acts FROM said ORDER BY seq"):
            yield workspace, at, _decode(acts)

    def forget(self, workspace: str) -> None:
        """Forget what was kept of *workspace*."""
        self._run("DELETE FROM said WHERE workspace = ?", (workspace,))

    def close(self) -> None:
        """Let go of the file; twice is fine."""
        self._db.close()
