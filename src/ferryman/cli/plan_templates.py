"""`ferryman plan templates`: message templates held against a plan.

Here live files: which are templates, and how they are read. Here must not live: what is wrong
with them (ferryman.plan.templates).
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from ferryman.cli import out
from ferryman.cli.app import DONE, INCOMPLETE
from ferryman.cli.findings import annotate, one_output
from ferryman.cli.plans import document_of
from ferryman.errors import ConfigurationError
from ferryman.plan.jsonlike import object_at
from ferryman.plan.templates import Finding, Level, Template, check

SUFFIXES: Final = (".liquid", ".html", ".htm", ".mjml", ".txt", ".md", ".json")
_MAX_BYTES: Final = 4_000_000
"""Of one file; what it may hold in characters is the plan's to say."""
_MAX_FILES: Final = 10_000
_STYLES: Final[dict[Level, str]] = {"error": "bold red", "warning": "yellow"}


def run_templates(
    plan: Annotated[str, Parameter(help="The plan: a file, or MODULE:PLAN.")],
    first: Annotated[Path, Parameter(name="PATH", help="A folder of templates, or one template.")],
    /,
    *more: Annotated[Path, Parameter(name="PATH", help="Further ones.")],
    event: Annotated[
        str,
        Parameter(help="The event they are for, where a file does not say.", show_default=False),
    ] = "",
    message: Annotated[
        str,
        Parameter(help="The message they are for, where a file does not say.", show_default=False),
    ] = "",
    suffix: Annotated[
        tuple[str, ...], Parameter(help="How names of templates in a folder end.")
    ] = SUFFIXES,
    ignore_unused: Annotated[
        bool, Parameter(help="Leave out fields that no template reads.", show_default=False)
    ] = False,
    strict: Annotated[
        bool, Parameter(help="Exit with 1 for warnings, too.", show_default=False)
    ] = False,
    json: Annotated[bool, Parameter(help="Print one JSON document.", show_default=False)] = False,
    github: Annotated[
        bool, Parameter(help="Print annotations for GitHub Actions.", show_default=False)
    ] = False,
) -> int:
    """Say what templates read that the plan does not have, and what they leave unread."""
    one_output(json=json, github=github)
    document = document_of(plan)
    _check_given(document, event, message)
    templates, unread = _read(_files([first, *more], suffix), event, message)
    checked = check(document, templates)
    findings = [*unread, *checked.findings]
    if ignore_unused:
        findings = [each for each in findings if each.rule != "unused"]
    counts: dict[Level, int] = {
        level: sum(each.level == level for each in findings) for level in _STYLES
    }
    if json:
        about = {f"{level}s": count for level, count in counts.items()}
        read = {"read": len(templates), "undecided": checked.undecided, "for": checked.templates}
        out.emit({**about, **read, "findings": findings})
    elif github:
        for each in _together(findings):
            _annotate(each)
    else:
        figures = [out.counted(len(templates), "template", "templates")]
        figures += [out.counted(counts[level], level, f"{level}s") for level in _STYLES]
        _show(_together(findings), figures, checked.undecided)
    return INCOMPLETE if counts["error"] or (strict and counts["warning"]) else DONE


def _check_given(document: dict[str, Any], event: str, message: str) -> None:
    if event and message:
        raise ConfigurationError("--event and --message are two things to be for: choose one")
    for group, option, name in (("events", "event", event), ("messages", "message", message)):
        if name and name not in object_at(document, "properties", group, "properties"):
            raise ConfigurationError(f"--{option}: the plan has no {option} {name}")


def _files(given: Sequence[Path], suffixes: Sequence[str]) -> list[tuple[Path, str]]:
    """Return each template with its name below the folder that was given."""
    found: dict[Path, str] = {}
    for path in given:
        if path.is_dir():
            for file in _inside(path, suffixes):
                found.setdefault(file, file.relative_to(path.parent).as_posix())
        elif path.exists():
            found.setdefault(path, path.name)
        else:
            raise ConfigurationError(f"there is no file or folder {path}")
        if len(found) > _MAX_FILES:
            raise ConfigurationError(f"{path} has more than {_MAX_FILES:,} templates")
    if not found:
        ends = ", ".join(suffixes)
        raise ConfigurationError(f"no file in {', '.join(map(str, given))} ends with {ends}")
    return list(found.items())


def _inside(folder: Path, suffixes: Sequence[str]) -> Iterator[Path]:
    """Yield the templates of *folder* in order; what is hidden and what links lead to is left."""
    for at, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.endswith(tuple(suffixes)) and not name.startswith("."):
                yield Path(at, name)


def _read(
    files: Sequence[tuple[Path, str]], event: str, message: str
) -> tuple[list[Template], list[Finding]]:
    templates: list[Template] = []
    unread: list[Finding] = []
    for path, name in files:
        try:
            with path.open("rb") as opened:
                content = opened.read(_MAX_BYTES + 1)
            if len(content) > _MAX_BYTES:
                wrong = f"is larger than {_MAX_BYTES:,} bytes"
            else:
                source = content.decode("utf-8-sig")
                templates.append(Template(str(path), source, event, message, name))
                continue
        except OSError as error:
            wrong = f"cannot be read: {error.strerror}"
        except UnicodeDecodeError:
            wrong = "is not UTF-8"
        unread.append(Finding(str(path), 1, 1, "error", "unreadable", wrong))
    return templates, unread


def _together(findings: Sequence[Finding]) -> list[Finding]:
    """Return *findings* with what is unread of one class as one, for people to read."""
    told = [each for each in findings if each.rule != "unused"]
    fields: dict[str, list[str]] = {}
    for each in findings:
        if each.rule == "unused":
            owner, _, path = each.where.partition(": ")
            fields.setdefault(owner, []).append(path)
    for owner, paths in fields.items():
        what = f"no template reads {', '.join(paths)}"
        told.append(Finding(owner, 0, 0, "warning", "unused", what))
    return told


def _show(findings: Sequence[Finding], figures: Sequence[str], undecided: int) -> None:
    for each in findings:
        place = f"{each.where}:{each.line}:{each.column}" if each.line else each.where
        line = f"{each.level:7}  {place}: {_sentence(each)}"
        out.say(out.shown(line), style=_STYLES[each.level])
    if findings:
        out.say()
    out.say(", ".join(figures))
    if undecided:
        several = out.counted(undecided, "template may be for", "templates may be for")
        out.note(
            f"{several} several events or messages, and may read what any of them has. Write "
            "{% comment %}ferryman: event=NAME{% endcomment %} into it, or name its folder so."
        )


def _annotate(each: Finding) -> None:
    title = each.rule if each.line else f"{each.rule}: {each.where}"
    file = each.where if each.line else ""
    annotate(each.level, title, _sentence(each), file=file, line=each.line, column=each.column)


def _sentence(each: Finding) -> str:
    if not each.hint:
        return each.what
    is_advice = each.hint.startswith("add ")
    return f"{each.what}: {each.hint}" if is_advice else f"{each.what}: did you mean {each.hint}?"
