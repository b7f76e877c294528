"""Counting people exactly without holding them all in memory: a set that spills to disk."""

import sqlite3
from collections.abc import Iterable


class People:
    """Counts distinct names. The file is temporary, has no name, and goes with the process."""

    def __init__(self) -> None:
        self._seen = sqlite3.connect("", isolation_level=None)
        self._seen.execute("PRAGMA journal_mode=OFF")
        self._seen.execute("CREATE TABLE people(name TEXT PRIMARY KEY) WITHOUT ROWID")

    def add(self, names: Iterable[str]) -> None:
        """Add *names*, known ones or new."""
        self._seen.execute("BEGIN")
        self._seen.executemany(
            "INSERT OR IGNORE INTO people VALUES(?)", [(name,) for name in sorted(set(names))]
        )
        self._seen.execute("COMMIT")

    def __len__(self) -> int:
        return int(self._seen.execute("SELECT count(*) FROM people").fetchone()[0])

    def close(self) -> None:
        """Forget them."""
        self._seen.close()
