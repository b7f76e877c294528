"""A plan as Markdown, for a repository or a wiki.

Pure. Names and descriptions are the plan's, and nothing in them is markup. Here must not live:
what is said (page.py).
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from ferryman.plan.docs.page import SECTIONS, Entry, Page, Row, page

_SIGNS: Final = re.compile(r"[\\`*_{}\[\]|~$]")
_BEGINS: Final = re.compile(r"(?=[-+#=>]|\d+[.)])(\d*)")
_BLANK: Final = re.compile(r"\s+")


def markdown(document: dict[str, Any]) -> str:
    """Return *document*, a plan as :meth:`TrackingPlan.schema` gives it, as Markdown.

    The same document gives the same text. Raises InvalidOperation for one of another form.
    """
    found = page(document)
    parts = [f"# {_plain(found.title)}"]
    parts += _paragraphs(found.description)
    parts += [_figures(found), *_overview(found), *_personal(found)]
    for kind, title in SECTIONS:
        if entries := found.of(kind):
            parts.append(f"## {title}")
            for entry in entries:
                parts += _entry(entry, found)
    parts.append("Written by `ferryman plan docs`: change the plan, and write it anew.")
    return "\n\n".join(parts) + "\n"


def _figures(found: Page) -> str:
    return ", ".join(f"{count:,} {name}" for count, name in found.counts()) + "."


def _overview(found: Page) -> list[str]:
    rows = [
        (
            _link(entry) + (" (deprecated)" if entry.is_deprecated else ""),
            _plain(entry.summary),
            _plain(entry.owner),
            str(entry.version),
            str(len(entry.rows)),
        )
        for entry in found.entries
    ]
    return ["## Overview", _table(("Name", "What it is", "Owner", "Version", "Fields"), rows)]


def _personal(found: Page) -> list[str]:
    rows = [
        (_link(entry), ", ".join(map(_code, entry.personal)))
        for entry in found.entries
        if entry.personal
    ]
    if not rows:
        return ["## Personal data", "No field of the plan is marked as personal data."]
    return ["## Personal data", _table(("Where", "Fields"), rows)]


def _entry(entry: Entry, found: Page) -> list[str]:
    parts = [f'<a id="{entry.anchor}"></a>\n\n### {_code(entry.title)}']
    if entry.is_deprecated:
        parts.append(f"**Deprecated.**{_instead(entry.successor, found)}")
    parts += _paragraphs(entry.description)
    facts = [f"Version {entry.version}", f"class {_code(entry.cls)}"]
    if entry.owner:
        facts.insert(0, f"Owner: {_plain(entry.owner)}")
    parts.append("; ".join(facts) + ".")
    if entry.rows:
        heads = ("Field", "Type", "Presence", "Description", "Example")
        parts.append(_table(heads, map(_row, entry.rows)))
    else:
        parts.append("It has no fields.")
    parts += [_block(entry.usage.python, "python"), _block(entry.usage.wire, "json")]
    return parts


def _row(row: Row) -> tuple[str, ...]:
    notes = [_plain(row.description)] if row.description else []
    notes += [_plain(rule) for rule in row.rules]
    if row.is_personal:
        notes.append("**personal data**")
    if row.is_deprecated:
        notes.append("**deprecated**" + (f": {_code(row.successor)}" if row.successor else ""))
    if row.owner:
        notes.append(f"owner: {_plain(row.owner)}")
    presence = _plain(row.presence)
    return _code(row.path), _plain(row.kind), presence, "; ".join(notes), _code(row.example)


def _instead(successor: str, found: Page) -> str:
    if not successor:
        return ""
    anchor = found.anchor(successor)
    named = f"[{_code(successor)}](#{anchor})" if anchor else _code(successor)
    return f" Say {named} instead."


def _link(entry: Entry) -> str:
    return f"[{_code(entry.title)}](#{entry.anchor})"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _paragraphs(text: str) -> list[str]:
    return [_plain(each) for each in text.split("\n\n") if each.strip()]


def _plain(text: str) -> str:
    """Return *text* as Markdown that shows it as it is, on one line."""
    flat = _SIGNS.sub(r"\\\g<0>", _BLANK.sub(" ", text).strip())
    safe = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _BEGINS.sub(r"\1\\", safe, count=1) if _BEGINS.match(safe) else safe


def _code(text: str) -> str:
    """Return *text* as code, also between the bars of a table."""
    flat = _BLANK.sub(" ", text).strip() or " "
    if "|" in flat:
        # A table ends a cell at each bar, even in code, and shows the backslash outside of one.
        return f"<code>{_entities(flat)}</code>"
    ticks = max((len(run) for run in re.findall(r"`+", flat)), default=0)
    fence = "`" * (ticks + 1)
    pad = " " if flat[0] == "`" or flat[-1] == "`" else ""
    return f"{fence}{pad}{flat}{pad}{fence}"


def _entities(text: str) -> str:
    return "".join(c if c.isalnum() or c in " ._-" else f"&#{ord(c)};" for c in text)


def _block(text: str, language: str) -> str:
    # No line of Python or JSON made here is a fence: line breaks in a text are escaped.
    return f"```{language}\n{text}\n```"
