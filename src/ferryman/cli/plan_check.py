"""`ferryman plan check`: what is wrong with a plan and with its use, told as CI and people want it.

Here must not live: what is wrong (ferryman.plan.review), or which files are read (sources.py).
"""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import Parameter

from ferryman.cli import out
from ferryman.cli.app import DONE, INCOMPLETE
from ferryman.cli.findings import annotate, one_output
from ferryman.cli.plans import import_plan, is_file, read_json, read_plan
from ferryman.cli.sources import places_of, python_files, read_source, shown_path
from ferryman.errors import ConfigurationError
from ferryman.plan.jsonlike import object_at
from ferryman.plan.review import ON, RULES, Finding, Plan, Severity, Source, Tally, review

_STYLES: Final[dict[Severity, str]] = {"error": "bold red", "warning": "yellow", "note": "cyan"}
_ANNOTATIONS: Final[dict[Severity, Literal["error", "warning", "notice"]]] = {
    "error": "error",
    "warning": "warning",
    "note": "notice",
}
_TOPICS: Final = {"plan": "The plan itself", "code": "Its use in the code"}


def run_check(
    plan: Annotated[
        str | None, Parameter(help="The plan: MODULE:PLAN, or a file.", show_default=False)
    ] = None,
    /,
    *paths: Annotated[
        Path, Parameter(help="Python files and folders that say events; this folder if none.")
    ],
    exclude: Annotated[
        tuple[str, ...],
        Parameter(
            help="Leave out files and folders of this name or path; * is any.", show_default=False
        ),
    ] = (),
    select: Annotated[
        tuple[str, ...],
        Parameter(
            help='Ask these rules only; "plan" and "code" are all of a kind.', show_default=False
        ),
    ] = (),
    ignore: Annotated[
        tuple[str, ...], Parameter(help="Do not ask these rules.", show_default=False)
    ] = (),
    strict: Annotated[
        bool, Parameter(help="Exit with 1 for warnings, too.", show_default=False)
    ] = False,
    json: Annotated[bool, Parameter(help="Print one JSON document.", show_default=False)] = False,
    github: Annotated[
        bool, Parameter(help="Print annotations for GitHub Actions.", show_default=False)
    ] = False,
    rules: Annotated[
        bool, Parameter(help="List every rule with its reason.", show_default=False)
    ] = False,
) -> int:
    """Say what is wrong with a plan, and with its use in a code base."""
    one_output(json=json, github=github)
    if rules:
        _list(json=json)
        return DONE
    if plan is None:
        raise ConfigurationError("PLAN is missing: give MODULE:PLAN, such as shop.events:plan")
    asked = _asked(select, ignore)
    described, declaring = _described(plan)
    files = python_files(paths or (Path(),), exclude)
    sources = [read_source(file) for file in files]
    findings, tally = review(described, sources, declaring, asked=asked)
    counts: dict[Severity, int] = {
        severity: sum(each.severity == severity for each in findings) for severity in _STYLES
    }
    if json:
        out.emit({f"{name}s": count for name, count in counts.items()} | _summary(tally, findings))
    elif github:
        for each in findings:
            _annotate(each)
    else:
        _show(findings)
        _figures(counts, tally)
    return INCOMPLETE if counts["error"] or (strict and counts["warning"]) else DONE


def _described(given: str) -> tuple[Plan, list[Source]]:
    """Return the plan *given*, and the files in which its classes stand."""
    if is_file(given):
        found = read_json(given)
        is_foreign = not object_at(found, "x-ferryman")
        document = read_plan(given, found)
        return Plan(document, file=shown_path(Path(given)), is_foreign=is_foreign), []
    plan = import_plan(given)
    places = places_of(plan)
    files = sorted({place.file for place in places.values()})
    return Plan(plan.schema(), places), [read_source(Path(file)) for file in files]


def _asked(select: Sequence[str], ignore: Sequence[str]) -> set[str]:
    """Return the rules that the options leave; raises ConfigurationError for one there is not."""
    return (_named("--select", select) if select else set(ON)) - _named("--ignore", ignore)


def _named(option: str, given: Sequence[str]) -> set[str]:
    names: set[str] = set()
    for name in ",".join(given).replace(",", " ").split():
        if name in _TOPICS:
            names |= {each for each, rule in RULES.items() if rule.topic == name} & ON
        elif name in RULES:
            names.add(name)
        else:
            near = get_close_matches(name, RULES, n=1)
            hint = f"is {near[0]} meant?" if near else "--rules lists them"
            raise ConfigurationError(f"{option}: there is no rule {name}; {hint}")
    return names


def _list(*, json: bool) -> None:
    if json:
        out.emit([{"rule": name} | rule._asdict() for name, rule in RULES.items()])
        return
    for topic, title in _TOPICS.items():
        out.say(f"{title} ({topic})", style="bold")
        for name, rule in RULES.items():
            if rule.topic == topic:
                off = "" if rule.on else ", asked only when selected"
                out.say()
                out.say(f"  {name} ({rule.severity}{off})", style=_STYLES[rule.severity])
                out.say(f"      finds {rule.finds}")
                out.say(f"      why:  {rule.why}", style="dim")
                out.say(f"      do:   {rule.advice}", style="dim")
        out.say()


def _summary(tally: Tally, findings: Sequence[Finding]) -> dict[str, object]:
    return {
        "files": tally.files,
        "calls": tally.calls,
        "unreadable": tally.unreadable,
        "findings": findings,
    }


def _place(each: Finding) -> str:
    if not each.file:
        return ""
    return f"{each.file}:{each.line}: " if each.line else f"{each.file}: "


def _show(findings: Sequence[Finding]) -> None:
    explained: set[str] = set()
    for each in findings:
        head = f"{_place(each)}{each.severity} [{each.rule}] {each.where}: {each.what}"
        out.say(out.shown(head), style=_STYLES[each.severity])
        # The reason is the rule's, and is said once; --json has it with each.
        why = "" if each.rule in explained else f" (why: {each.why})"
        explained.add(each.rule)
        out.say(out.shown(f"    {each.advice}{why}"), style="dim")
    if findings:
        out.say()


def _figures(counts: dict[Severity, int], tally: Tally) -> None:
    read = (
        f"{out.counted(tally.files, 'file', 'files')}, {out.counted(tally.calls, 'call', 'calls')}"
    )
    dark = (
        f", {tally.unreadable:,} with an event that could not be read" if tally.unreadable else ""
    )
    out.say(f"Read {read}{dark}.")
    if not tally.calls:
        out.say("No call that tracks or identifies was found: unused events cannot be told.")
    words = [out.counted(count, name, f"{name}s") for name, count in counts.items()]
    out.say(", ".join(words) if any(counts.values()) else "Nothing is wrong.")


def _annotate(each: Finding) -> None:
    title = f"{each.rule}: {each.where}"
    message = f"{each.what}: {each.advice} (why: {each.why})"
    annotate(_ANNOTATIONS[each.severity], title, message, file=each.file, line=each.line)
