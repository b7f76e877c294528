"""`ferryman outbox check`: whether an outbox file holds what its accounts say; and its repair."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from ferryman.cli import out
from ferryman.cli.app import DONE, INCOMPLETE
from ferryman.cli.outbox import Json, Place, file_of
from ferryman.outbox.stores.check import Report, check

_REPAIR = (
    "Write all that is sound into a new file in its place, and keep the old one. Takes that nobody"
    " else uses the file."
)


def run_check(
    *,
    repair: Annotated[bool, Parameter(help=_REPAIR, show_default=False)] = False,
    outbox: Place = None,
    json: Json = False,
) -> int:
    """Compare what the outbox file holds with its accounts."""
    path, _ = file_of(outbox)
    with _working(f"Reading {path}"):
        report = check(path, repair=repair)
    if json:
        out.emit(_document(report))
    else:
        _print(report, repair=repair)
    return DONE if report.sound else INCOMPLETE


@contextmanager
def _working(sentence: str) -> Iterator[None]:
    if not sys.stderr.isatty():
        yield
        return
    with out.console(stderr=True).status(sentence):
        yield


def _document(report: Report) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(report, enc_hook=str)
    del document["stored"]["oldest_pending_at"]
    kept = None if report.kept_as is None else str(report.kept_as)
    return document | {"sound": report.sound, "kept_as": kept}


def _print(report: Report, *, repair: bool) -> None:
    rows: list[tuple[str, int | str, str]] = [
        ("waiting", report.waiting, f"of {report.stored.pending:,} in the accounts"),
        ("dead", report.dead, f"of {report.stored.dead:,} in the accounts"),
    ]
    found = {
        "in quarantine": (report.aside, "put aside before, and delivered by nobody"),
        "damaged": (report.damaged, "can be read and not trusted"),
        "gaps": (report.gaps, "where pages of the file cannot be read"),
        "missing": (report.missing, "in the accounts, and nowhere in the file"),
        "surplus": (report.surplus, "in the file, and in no account"),
    }
    rows += [(name, count, remark) for name, (count, remark) in found.items() if count]
    out.console().print(out.table(rows))
    for finding in report.integrity:
        out.complain(f"SQLite: {' '.join(finding.split())}")
    if report.sound:
        out.say("The file is sound: everything accepted is where the accounts say.")
        return
    if not report.stored.adds_up():
        out.complain("the accounts do not add up")
    if report.kept_as is not None:
        out.say("Repaired: a new file with all that is sound is in its place.")
        out.say(f"The old one is kept as {report.kept_as}")
    else:
        out.complain("the file is not sound")
        if not repair:
            out.note(
                "A relay mends what it meets by itself. To have all of it mended now, stop whoever"
                " uses the file, and say: ferryman outbox check --repair"
            )
