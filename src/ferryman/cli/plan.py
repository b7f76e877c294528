"""`ferryman plan ...`: compare plans, write them as JSON Schema, as Python and as TypeScript."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import Parameter

from ferryman.cli import out
from ferryman.cli.app import DONE, INCOMPLETE
from ferryman.cli.findings import annotate, one_output
from ferryman.cli.plans import document_of, import_plan, read_file
from ferryman.errors import ConfigurationError
from ferryman.plan.diff import Change, Verdict, diff

_STYLES: Final[dict[Verdict, str]] = {"breaking": "bold red", "risky": "yellow", "safe": "green"}
_ANNOTATIONS: Final[dict[Verdict, Literal["error", "warning"]]] = {
    "breaking": "error",
    "risky": "warning",
}


def run_diff(
    old: Annotated[str, Parameter(help="The plan as it was: a file, or MODULE:PLAN.")],
    new: Annotated[str, Parameter(help="The plan as it is: a file, or MODULE:PLAN.")],
    /,
    *,
    strict: Annotated[
        bool, Parameter(help="Exit with 1 for what is risky, too.", show_default=False)
    ] = False,
    json: Annotated[bool, Parameter(help="Print one JSON document.", show_default=False)] = False,
    github: Annotated[
        bool, Parameter(help="Print annotations for GitHub Actions.", show_default=False)
    ] = False,
) -> int:
    """Say what changed between two plans, whom it hurts, and why."""
    one_output(json=json, github=github)
    changes = diff(document_of(old), document_of(new))
    counts: dict[Verdict, int] = {verdict: _count(changes, verdict) for verdict in _STYLES}
    if json:
        out.emit({**counts, "changes": changes})
    elif github:
        _annotate(changes, new)
    else:
        _show(changes, counts)
    return INCOMPLETE if counts["breaking"] or (strict and counts["risky"]) else DONE


def run_schema(
    plan: Annotated[str, Parameter(help="The plan: MODULE:PLAN.")],
    /,
) -> int:
    """Write the plan as JSON Schema, the same bytes for the same plan."""
    _write(import_plan(plan).schema_bytes().decode())
    return DONE


def run_generate(
    file: Annotated[str, Parameter(help="Our document, JSON Schema, or Segment's plan.")],
    /,
    *,
    out: Annotated[
        Path | None, Parameter(help="Write to this file and not to stdout.", show_default=False)
    ] = None,
) -> int:
    """Write the Python module that declares the plan of a document."""
    from ferryman.plan.exchange.generate import generate

    source = generate(read_file(file))
    if out is None:
        _write(source)
        return DONE
    try:
        out.write_bytes(source.encode())
    except OSError as error:
        raise ConfigurationError(f"cannot write {out}: {error.strerror}") from None
    return DONE


def run_typescript(
    plan: Annotated[str, Parameter(help="The plan: a file, or MODULE:PLAN.")],
    /,
) -> int:
    """Write the plan as TypeScript types."""
    from ferryman.plan.exchange.typescript import typescript

    _write(typescript(document_of(plan)))
    return DONE


def _write(content: str) -> None:
    out.write(content)


def _count(changes: Sequence[Change], verdict: Verdict) -> int:
    return sum(change.verdict == verdict for change in changes)


def _show(changes: Sequence[Change], counts: dict[Verdict, int]) -> None:
    if not changes:
        out.say("The plans say the same.")
        return
    for verdict, style in _STYLES.items():
        for change in changes:
            if change.verdict == verdict:
                out.say(out.shown(f"{verdict:8}  {change.where}: {change.what}"), style=style)
                out.say(out.shown(f"          {change.reason}"), style="dim")
    out.say()
    out.say(", ".join(f"{count:,} {verdict}" for verdict, count in counts.items()))


def _annotate(changes: Sequence[Change], new: str) -> None:
    file = new if Path(new).is_file() else ""
    for change in changes:
        if kind := _ANNOTATIONS.get(change.verdict):
            title = f"{change.verdict}: {change.where}"
            annotate(kind, title, f"{change.what}: {change.reason}", file=file)
