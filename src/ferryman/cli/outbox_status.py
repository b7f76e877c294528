"""`ferryman outbox status`: the accounts of an outbox, and whether somebody must do something."""

import contextlib
import fcntl
import os
import time
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from cyclopts import Parameter
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from ferryman.cli import out
from ferryman.cli.app import DONE, INCOMPLETE
from ferryman.cli.outbox import Json, Place, age, file_of, size
from ferryman.cli.stopping import Stop
from ferryman.outbox.protocol import Counts
from ferryman.outbox.stores.schema import FORMAT
from ferryman.outbox.stores.sqlite import SqliteStore

_EVERY: Final = 1.0
"""Seconds between looks of --watch."""
_REASONS: Final = 5
"""Reasons that are told one by one."""
_SETTLED: Final = ("cancelled", "skipped", "purged", "evicted", "quarantined")
_WHY: Final = {
    "cancelled": "made way for a newer delete or suppress",
    "skipped": "by a person",
    "purged": "by a person",
    "evicted": "by the policy for a full outbox",
    "quarantined": "damaged where they were kept",
}


class Status(msgspec.Struct, frozen=True):
    """What an outbox file says of itself at one moment."""

    file: str
    format: int
    workspace: str
    delivering: bool
    """Whether a relay holds the outbox, in whichever process."""
    accounts: Counts
    reasons: dict[str, int]
    parked_keys: int
    oldest_pending_seconds: float

    @property
    def difference(self) -> int:
        """Operations that were accepted and are in no account: 0 when it adds up."""
        counts = self.accounts
        thrown = sum(getattr(counts, name) for name in _SETTLED)
        settled = counts.delivered + counts.pending + counts.dead
        return int(counts.accepted - settled - thrown)

    @property
    def well(self) -> bool:
        """Whether nothing needs a person."""
        counts = self.accounts
        adds_up = counts.adds_up() and self.difference == 0
        return bool(adds_up) and not (counts.dead or counts.quarantined or self.parked_keys)


def run_status(
    *,
    outbox: Place = None,
    watch: Annotated[
        bool, Parameter(help="Look again each second, until stopped.", show_default=False)
    ] = False,
    json: Json = False,
) -> int:
    """Show the accounts of the outbox; 1 when something needs a person."""
    path, settings = file_of(outbox)
    # Accounts are not encrypted: whoever watches needs no key.
    store = SqliteStore(path, workspace=settings.workspace)
    try:
        status = look(store, settings.workspace)
        if watch:
            status = _watch(store, settings.workspace, status, json=json)
        elif json:
            out.emit(_document(status))
        else:
            out.console().print(_shown(status))
    finally:
        store.close()
    return DONE if status.well else INCOMPLETE


def look(store: SqliteStore, workspace: str) -> Status:
    """Return what *store* says of itself now."""
    counts = store.counts()
    oldest = counts.oldest_pending_at
    return Status(
        str(store.path),
        FORMAT,
        workspace,
        is_delivering(store.path),
        counts,
        store.reasons() if counts.dead else {},
        len(store.parked()) if counts.parked else 0,
        0.0 if oldest is None else max(0.0, time.time() - oldest),
    )


def is_delivering(path: Path) -> bool:
    """Whether somebody holds the lock beside the outbox file *path*.

    A shared lock is asked for: it is refused while a relay leads, and a relay that looks in the
    same instant comes again half a second later. A file that is not there is not made.
    """
    try:
        handle = os.open(f"{path}.lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _watch(store: SqliteStore, workspace: str, status: Status, *, json: bool) -> Status:
    console = out.console()
    shows = not json and console.is_terminal
    with Stop() as stop, contextlib.ExitStack() as open_:
        live = open_.enter_context(Live(console=console, auto_refresh=False)) if shows else None
        while True:
            if live is not None:
                live.update(_shown(status), refresh=True)
            elif json:
                out.emit(_document(status))
            else:
                out.say(_line(status))
            stop.wait(_EVERY)
            if stop:
                return status
            status = look(store, workspace)


# -- for programs


def _document(status: Status) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(status)
    del document["accounts"]["oldest_pending_at"]
    document |= {
        "oldest_pending_seconds": round(status.oldest_pending_seconds, 1),
        "adds_up": status.difference == 0 and status.accounts.adds_up(),
        "well": status.well,
    }
    return document


# -- for people


def _line(status: Status) -> str:
    counts = status.accounts
    return (
        f"delivered {counts.delivered:,} · pending {counts.pending:,} · dead {counts.dead:,}"
        f" · {'a relay delivers' if status.delivering else 'no relay'}"
    )


def _shown(status: Status) -> RenderableType:
    counts = status.accounts
    waiting = f"{size(counts.pending_bytes)}, the oldest for {age(status.oldest_pending_seconds)}"
    rows: list[tuple[str, int | str, str]] = [
        ("accepted", counts.accepted, _sum(status)),
        ("  delivered", counts.delivered, ""),
        ("  pending", counts.pending, waiting if counts.pending else ""),
        ("  dead", counts.dead, size(counts.dead_bytes) if counts.dead else ""),
    ]
    reasons = list(status.reasons.items())
    rows += [(f"    {reason}", count, "") for reason, count in reasons[:_REASONS]]
    if more := sum(count for _, count in reasons[_REASONS:]):
        rows.append(("    other reasons", more, ""))
    rows += [(f"  {name}", n, _WHY[name]) for name in _SETTLED if (n := getattr(counts, name))]
    if status.parked_keys:
        rows.append(("parked", status.parked_keys, "people or objects that wait for a decision"))
    head = f"{status.file}\nworkspace {status.workspace}, format {status.format}; "
    head += "a relay delivers from it" if status.delivering else "no relay delivers from it now"
    return Group(Text(head), out.table(rows), *_advice(status))


def _sum(status: Status) -> str:
    if status.difference == 0 and status.accounts.adds_up():
        return "and it adds up"
    return f"IT DOES NOT ADD UP: {abs(status.difference):,} are in no account or in two"


def _advice(status: Status) -> list[Text]:
    counts = status.accounts
    lines: list[str] = []
    if status.difference or counts.quarantined or not counts.adds_up():
        lines.append("`ferryman outbox check` says what is damaged or missing in the file.")
    if counts.dead:
        lines.append("`ferryman outbox dead` lists what died; replay, skip or purge it.")
    if status.parked_keys:
        lines.append("`ferryman outbox dead --parks` lists those behind which others wait.")
    if counts.pending and not status.delivering:
        lines.append("`ferryman relay run` delivers what waits, as a running application does.")
    return [Text(line, style="yellow") for line in lines]
