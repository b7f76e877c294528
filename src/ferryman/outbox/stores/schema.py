"""The spool file's format: tables, header, and how a file is opened, made or refused.

The header names the format and the workspace: a staging spool is never delivered to production,
and a file of another format is refused with a sentence that says what to do.
"""

import apsw

from ferryman.errors import StoreError

APPLICATION_ID = 0x46455252  # "FERR"
FORMAT = 1
COLUMNS = ("seq", "id", "name", "key", "body", "other", "barrier", "path", "at")

_TABLES = f"""
CREATE TABLE header(format INTEGER NOT NULL, workspace TEXT NOT NULL);
CREATE TABLE accounts(
    accepted INTEGER NOT NULL, delivered INTEGER NOT NULL, dead INTEGER NOT NULL,
    bytes INTEGER NOT NULL);
CREATE TABLE entries(
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, name TEXT NOT NULL, key TEXT NOT NULL,
    body BLOB, other TEXT, barrier INTEGER, path TEXT, at INTEGER NOT NULL);
CREATE TABLE dead(
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, name TEXT NOT NULL, key TEXT NOT NULL,
    body BLOB, other TEXT, barrier INTEGER, path TEXT, at INTEGER NOT NULL,
    reason TEXT NOT NULL, field TEXT NOT NULL, message TEXT NOT NULL, status INTEGER NOT NULL,
    attempts INTEGER NOT NULL, maybe_delivered INTEGER NOT NULL, died_at INTEGER NOT NULL);
INSERT INTO accounts VALUES(0, 0, 0, 0);
PRAGMA application_id = {APPLICATION_ID};
"""


def prepare(connection: apsw.Connection, *, workspace: str) -> None:
    """Make *connection*'s file an outbox, or check that it is one of *workspace*.

    Raises StoreError for a file that is something else, of another format or workspace.
    """
    if _value(connection, "PRAGMA journal_mode=WAL") != "wal":
        raise StoreError("the outbox file cannot be used here: its file system has no WAL")
    connection.execute("PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-4000;")
    connection.execute("PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=67108864;")
    if _value(connection, "PRAGMA application_id") != APPLICATION_ID:
        _make(connection, workspace)
    found = connection.execute("SELECT format, workspace FROM header").fetchone()
    if found is None or found[0] != FORMAT:
        raise StoreError(
            f"the outbox file has a format this version does not know (this is {FORMAT});"
            " use the version that made it, or a newer one"
        )
    if found[1] != workspace:
        raise StoreError(
            "the outbox file belongs to another workspace than this one;"
            " set CUSTOMERIO_WORKSPACE, or use another file"
        )


def _make(connection: apsw.Connection, workspace: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _value(connection, "PRAGMA application_id") != APPLICATION_ID:
            if _value(connection, "SELECT count(*) FROM sqlite_master"):
                raise StoreError("the outbox file is another program's database")
            connection.execute(_TABLES)
            connection.execute("INSERT INTO header VALUES(?, ?)", (FORMAT, workspace))
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _value(connection: apsw.Connection, sql: str) -> object:
    row = connection.execute(sql).fetchone()
    return None if row is None else row[0]
