"""`ferryman outbox check`: what the file holds against what it says, and a repair."""

from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from ferryman.cli import out
from ferryman.cli.app import DONE, INCOMPLETE
from ferryman.cli.outbox import Json, Place, file_of
from ferryman.outbox.stores.check import Report, check


def run_check(
    *,
    repair: Annotated[
        bool,
        Parameter(
            help="Write what is sound into a new file in its place; the old one is kept.",
            show_default=False,
        ),
    ] = False,
    outbox: Place = None,
    json: Json = False,
) -> int:
    """Compare an outbox file with its accounts; 1 when something is, or was, wrong."""
    path, _ = file_of(outbox)
    report = check(path, repair=repair)
    if json:
        document = msgspec.to_builtins(report, enc_hook=str)
        out.emit({**document, "sound": report.sound})
    else:
        _show(path, report)
    return DONE if report.sound else INCOMPLETE


def _show(path: Path, report: Report) -> None:
    rows: list[tuple[str, int | str, str]] = [
        ("waiting", report.waiting, ""),
        ("dead", report.dead, ""),
        ("quarantined", report.aside, "put aside before: damaged where they were kept"),
    ]
    wrong: list[tuple[str, int | str, str]] = [
        ("damaged", report.damaged, "can be read and not trusted"),
        ("gaps", report.gaps, "places that cannot be read"),
        ("missing", report.missing, "in the accounts, and nowhere to be found"),
        ("surplus", report.surplus, "there, and in no account"),
    ]
    rows += [row for row in wrong if row[1]]
    out.say(f"{path}\nworkspace {report.workspace}, format {report.format}")
    out.console().print(out.table(rows))
    for finding in report.integrity:
        out.complain(f"SQLite: {finding}")
    if report.kept_as is not None:
        out.say(f"Repaired: what is sound is in the file, the old one is {report.kept_as.name}.")
    elif report.sound:
        out.say("Everything accepted is where the accounts say.")
    else:
        out.complain("something is wrong: `ferryman outbox check --repair` saves what is sound")
