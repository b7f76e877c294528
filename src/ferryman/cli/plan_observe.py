"""`ferryman plan observe`: what is really said, held against the plan, or made into one."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from cyclopts import Parameter
from rich.console import Console

from ferryman.cli import out
from ferryman.cli.app import DONE, INCOMPLETE
from ferryman.cli.observed import Columns, Count, count, lines
from ferryman.cli.plan_propose import lacking, write_proposal
from ferryman.cli.plans import document_of
from ferryman.cli.progress import progress
from ferryman.cli.rows import Format, broken_at
from ferryman.cli.stopping import Stop
from ferryman.errors import ConfigurationError
from ferryman.plan.jsonlike import object_at
from ferryman.plan.observing import Observed
from ferryman.plan.observing.comparing import Finding, FindingKind, compare
from ferryman.plan.observing.proposing import Lines
from ferryman.plan.observing.seen import Seen, Shape

_STYLES: Final[Mapping[FindingKind, str]] = {
    "undeclared": "bold red", "deviates": "bold red", "deprecated": "yellow", "unseen": "dim",
}  # fmt: skip
_FIGURES: Final[Mapping[FindingKind, tuple[str, str]]] = {
    "undeclared": ("undeclared", "undeclared"),
    "deviates": ("deviation", "deviations"),
    "deprecated": ("deprecated", "deprecated"),
    "unseen": ("never seen", "never seen"),
}
_FORMAT = Parameter(name="--format", help="csv or ndjson; by default what the file's ending says.")
_SOURCE: Final = (
    "A CSV or NDJSON export (- is stdin), a saved observed.json, the emulator's origin such as"
    " http://127.0.0.1:8282, or an outbox such as sqlite:///outbox.db."
)
_VALUES: Final = "Use short texts of fields that have few, to propose a Literal."
_PROPOSE: Final = (
    "Write the classes of what is not in the plan to this new file of Python; - is stdout."
)


def run_observe(
    source: Annotated[str, Parameter(help=_SOURCE, allow_leading_hyphen=True)],
    /,
    *,
    plan: Annotated[
        str | None, Parameter(help="The plan: a file, or MODULE:PLAN.", show_default=False)
    ] = None,
    event: Annotated[
        str | None, Parameter(help="The event that every row is.", show_default=False)
    ] = None,
    event_column: Annotated[
        str | None, Parameter(help="The column with the event's name.", show_default=False)
    ] = None,
    person: Annotated[
        str | None, Parameter(help="The column with the person: no data.", show_default=False)
    ] = None,
    at: Annotated[
        str | None, Parameter(help="The column with the time: no data.", show_default=False)
    ] = None,
    types: Annotated[
        str, Parameter(help="Types of CSV columns: a=int,b=float,...", show_default=False)
    ] = "",
    format_: Annotated[Format | None, _FORMAT] = None,
    propose_to: Annotated[
        str | None,
        Parameter(name="--propose", help=_PROPOSE, show_default=False, allow_leading_hyphen=True),
    ] = None,
    values: Annotated[bool, Parameter(help=_VALUES, show_default=False)] = False,
    strict: Annotated[
        bool,
        Parameter(help="Exit with 1 for what is never seen or deprecated.", show_default=False),
    ] = False,
    json: Annotated[bool, Parameter(help="Print one JSON document.", show_default=False)] = False,
) -> int:
    """Say what was seen and how it differs from the plan; propose the classes it lacks."""
    if json and propose_to == "-":
        raise ConfigurationError("--json and --propose - both write to stdout: choose one")
    if propose_to not in (None, "-"):
        _can_be_new(Path(propose_to))
    known = None if plan is None else document_of(plan)
    columns = Columns(
        event=event, event_column=event_column, person=person, at=at, types=types, format=format_
    )
    with Stop() as stop, progress() as shows:
        made = count(source, columns, stop, shows)
    if stop:
        out.note(f"Stopped when {out.counted(made.rows, 'row was', 'rows were')} read.")
        return stop.code
    findings = [] if known is None else compare(made.observed, known)
    fields = () if known is None else lacking(made, known, values=values)
    if json:
        out.emit(_document(made, known, findings, fields, values=values))
    else:
        _show(made, known, findings, fields, to_stderr=propose_to == "-")
    _tell_rows(made)
    if made.is_csv and (numbers := _numbers(made.observed)):
        have = ",".join(f"{name}={kind}" for name, kind in numbers.items())
        out.note(f"Cells are text; to read those that are always numbers: --types {have}")
    if propose_to is not None:
        write_proposal(made, known, propose_to, values=values)
    bad = sum(each.kind in ("undeclared", "deviates") for each in findings)
    return INCOMPLETE if bad or made.refused or (strict and findings) else DONE


def _can_be_new(file: Path) -> None:
    if file.exists():
        raise ConfigurationError(f"{file} is there already: name a new file")
    if not file.parent.is_dir():
        raise ConfigurationError(f"there is no folder {file.parent}")


# -- for programs


def _document(
    made: Count,
    known: Mapping[str, Any] | None,
    findings: Sequence[Finding],
    fields: Sequence[Lines],
    *,
    values: bool,
) -> dict[str, Any]:
    return {
        "counts": {kind: sum(each.kind == kind for each in findings) for kind in _STYLES},
        "findings": findings,
        "fields": fields,
        "events": [
            {"name": name, "seen": seen, "declared": declared}
            for name, seen, declared in _events(made.observed, known)
        ],
        "people": made.observed.person.count if made.observed.person else 0,
        "rows": {"read": made.rows, "refused": made.refused, "passed_over": made.passed_over},
        "observed": msgspec.Raw(made.observed.document(values=values)),
    }


def _events(observed: Observed, known: Mapping[str, Any] | None) -> list[tuple[str, int, bool]]:
    declared = object_at(known, "properties", "events", "properties")
    counts = {name: shape.count for name, shape in observed.events.items()}
    names = sorted(counts.keys() | declared.keys(), key=lambda name: (-counts.get(name, 0), name))
    return [(name, counts.get(name, 0), name in declared) for name in names]


# -- for people


def _show(
    made: Count,
    known: Mapping[str, Any] | None,
    findings: Sequence[Finding],
    fields: Sequence[Lines],
    *,
    to_stderr: bool,
) -> None:
    console = out.console(stderr=to_stderr)
    observed = made.observed
    rows = _table(observed, known, findings)
    for row in _aligned(rows) if len(rows) > 1 else ("Nothing was seen.",):
        console.print(row, soft_wrap=True)
    console.print()
    if observed.more:
        names = out.counted(observed.more, "event has", "events have")
        console.print(f"{names} a name beyond those kept apart, or one that is data.\n")
    for kind, style in _STYLES.items():
        for each in findings:
            if each.kind == kind and kind != "undeclared":
                _tell(console, each, style)
    for part in fields:
        head = f"To declare it, add to the class of {out.shown(part.where)}:"
        text = "\n".join(("", head, *part.lines))
        console.print(text, soft_wrap=True, markup=False, highlight=False)
    if fields:
        console.print()
    if known is not None:
        told = [
            out.counted(figure, *_FIGURES[kind])
            for kind in _STYLES
            if (figure := sum(each.kind == kind for each in findings))
        ]
        console.print(", ".join(told) or "All that was seen is as the plan says.", soft_wrap=True)


def _tell(console: Console, each: Finding, style: str) -> None:
    often = f" ({each.count:,} of {each.of:,})" if each.kind == "deviates" else ""
    line = f"{each.kind:10}  {each.where}: {each.what}{often}"
    console.print(out.shown(line), style=style, soft_wrap=True)


def _state(where: str, findings: Sequence[Finding]) -> str:
    mine = [each for each in findings if each.where == where]
    for each in mine:
        if each.kind == "undeclared":
            return each.what.removeprefix("is ")
        if each.kind == "unseen":
            return "never seen"
    deviations = sum(each.kind == "deviates" for each in mine)
    parts = [out.counted(deviations, "deviation", "deviations")] if deviations else []
    parts += ["deprecated"] if any(each.kind == "deprecated" for each in mine) else []
    return ", ".join(parts) or "as declared"


def _table(
    observed: Observed, known: Mapping[str, Any] | None, findings: Sequence[Finding]
) -> list[tuple[str, str, str]]:
    """Return what was seen, how often, and what the plan says of it; undeclared with its fields."""
    rows = [("", "seen", "" if known is None else "plan")]
    for name, seen, declared in _events(observed, known):
        where = f"event {name}"
        state = "" if known is None else _state(where, findings)
        rows.append((out.shown(where), f"{seen:,}", state))
        if not declared:
            rows += _fields(observed.events[name])
    if observed.person is not None:
        has_people = "person" in object_at(known, "properties")
        state = _state("people", findings) if has_people else "not in the plan"
        rows.append(("people", f"{observed.person.count:,}", "" if known is None else state))
        if not has_people:
            rows += _fields(observed.person)
    return rows


def _aligned(rows: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    wide, narrow = (max(len(row[place]) for row in rows) for place in (0, 1))
    for name, figure, remark in rows:
        yield f"{name:{wide}}  {figure:>{narrow}}  {remark}".rstrip()


def _fields(shape: Shape) -> Iterator[tuple[str, str, str]]:
    for name, seen in shape.fields.items():
        yield f"  {out.shown(name)}", f"{seen.present:,}", _types(seen)


def _types(seen: Seen) -> str:
    kinds = [
        kind if len(seen.types) == 1 else f"{kind} {count:,}" for kind, count in seen.types.items()
    ]
    formats = [
        written if count == seen.present else f"{written} {count:,}"
        for written, count in seen.formats.items()
    ]
    text = ", ".join(kinds) + (f" ({', '.join(formats)})" if formats else "")
    few = seen.distinct
    if few and not formats and not seen.private:
        text += f" of {out.counted(few, 'value', 'values')}"
    return text + (", personal?" if seen.private else "")


def _numbers(observed: Observed) -> dict[str, str]:
    """Return the columns whose texts are always numbers, with the type that they have."""
    found: dict[str, str] = {}
    texts: set[str] = set()
    for shape in observed.events.values():
        for name, seen in shape.fields.items():
            whole, broken = (seen.formats.get(written, 0) for written in ("integer", "number"))
            if seen.types.get("string", 0) != whole + broken:
                texts.add(name)
            elif whole + broken and found.get(name) != "float":
                found[name] = "float" if broken else "int"
    return {name: kind for name, kind in found.items() if name not in texts}


def _tell_rows(made: Count) -> None:
    if made.passed_over:
        rows = out.counted(made.passed_over, "row was", "rows were")
        out.note(f"{rows} neither an event nor attributes of a person, such as a page or a group.")
    if made.refused:
        out.complain(f"{out.counted(made.refused, 'row', 'rows')} could not be counted:")
        for line in lines(made):
            out.note(out.shown(line))
    if made.broken_at:
        out.complain(broken_at(made.broken_at))
