"""A plan as one HTML file that loads nothing: to read, to search, to print.

Pure. Every text is escaped by :func:`element`, and a policy in the page lets no script run but
its own. Here must not live: what is said (page.py), or how it looks (style.py).
"""

import base64
import hashlib
from collections.abc import Iterable
from typing import Any

from ferryman.plan.docs.elements import Html, element, joined
from ferryman.plan.docs.page import SECTIONS, Entry, Page, Row, page
from ferryman.plan.docs.style import SCRIPT, STYLE


def html(document: dict[str, Any]) -> str:
    """Return *document*, a plan as :meth:`TrackingPlan.schema` gives it, as an HTML page.

    The same document gives the same text. Raises InvalidOperation for one of another form.
    """
    found = page(document)
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{found.title} · tracking plan"),
        element("style", Html(STYLE)),
    )
    sheet = element("div", _nav(found), element("main", *_main(found)), class_="sheet")
    made = "Written by ferryman plan docs: change the plan, and write it anew."
    body = element("body", sheet, element("footer", made), element("script", Html(SCRIPT)))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _nav(found: Page) -> Html:
    parts: list[Html] = []
    for kind, title in SECTIONS:
        if entries := found.of(kind):
            links = [element("li", _link(entry)) for entry in entries]
            parts += [element("h2", title), element("ul", *links)]
    return element("nav", *parts, aria_label="Contents")


def _main(found: Page) -> Iterable[Html]:
    yield element("h1", found.title)
    for each in found.description.split("\n\n"):
        if each.strip():
            yield element("p", each, class_="lead")
    counts = [
        element("div", element("dt", name), element("dd", f"{count:,}"))
        for count, name in found.counts()
    ]
    yield element("dl", *counts)
    search = element("input", type="search", id="search", autocomplete="off")
    label = element("label", "Search", for_="search")
    told = element("output", for_="search", aria_live="polite")
    yield Html(element("div", label, search, told, class_="search").replace(">", " hidden>", 1))
    yield _overview(found)
    yield _personal(found)
    for kind, title in SECTIONS:
        if entries := found.of(kind):
            parts = [_entry(entry, found) for entry in entries]
            yield element("section", element("h2", title), *parts, class_="kind")


def _overview(found: Page) -> Html:
    rows = [
        (
            joined(_link(entry), *_tags(entry.is_deprecated, "deprecated", "bad")),
            entry.summary,
            entry.owner,
            str(entry.version),
            str(len(entry.rows)),
        )
        for entry in found.entries
    ]
    heads = ("Name", "What it is", "Owner", "Version", "Fields")
    return element("section", element("h2", "Overview"), _table("All of the plan", heads, rows))


def _personal(found: Page) -> Html:
    rows = [
        (_link(entry), joined(*_listed([element("code", path) for path in entry.personal])))
        for entry in found.entries
        if entry.personal
    ]
    inside = element("p", "No field of the plan is marked as personal data.")
    if rows:
        inside = _table("Fields that are marked as personal data", ("Where", "Fields"), rows)
    return element("section", element("h2", "Personal data"), inside)


def _entry(entry: Entry, found: Page) -> Html:
    tags = _tags(entry.is_deprecated, "deprecated", "bad")
    parts = [element("header", element("h3", entry.title), *tags)]
    if entry.is_deprecated and entry.successor:
        parts.append(element("p", "Say ", _named(entry.successor, found), " instead."))
    parts += [element("p", each) for each in entry.description.split("\n\n") if each.strip()]
    owner = [f"Owner: {entry.owner}"] if entry.owner else []
    facts = " · ".join([*owner, f"Version {entry.version}", f"Class {entry.cls}"])
    parts.append(element("p", facts, class_="facts"))
    if entry.rows:
        parts.append(_fields(entry))
    else:
        parts.append(element("p", "It has no fields."))
    shown = (("In Python", entry.usage.python), ("On the wire", entry.usage.wire))
    pairs = [
        element("div", element("h4", title), element("pre", element("code", text), tabindex="0"))
        for title, text in shown
    ]
    parts.append(element("div", *pairs, class_="pair"))
    return element("article", *parts, class_="entry", id=entry.anchor)


def _fields(entry: Entry) -> Html:
    heads = ("Field", "Type", "Presence", "Description", "Example")
    head = element("tr", *(element("th", each, scope="col") for each in heads))
    rows = [_row(row) for row in entry.rows]
    caption = element("caption", f"Fields of {entry.title}")
    table = element("table", caption, element("thead", head), element("tbody", *rows),
                    class_="fields")  # fmt: skip
    return element("div", table, class_="wide")


def _row(row: Row) -> Html:
    tags = [
        *_tags(row.is_personal, "personal data", "mark"),
        *_tags(row.is_deprecated, "deprecated", "bad"),
    ]
    notes = [*row.rules]
    if row.successor:
        notes.append(f"use {row.successor} instead")
    if row.owner:
        notes.append(f"owner: {row.owner}")
    listed = [element("ul", *(element("li", note) for note in notes))] if notes else []
    about = [element("div", row.description)] if row.description else []
    presence = element("td", row.presence)
    return element(
        "tr",
        element("th", joined(element("code", row.path), *tags), scope="row"),
        element("td", row.kind),
        presence,
        element("td", *about, *listed),
        element("td", element("code", row.example), data_head="Example"),
    )


def _table(caption: str, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Html:
    head = element("tr", *(element("th", each, scope="col") for each in heads))
    body: list[Html] = []
    for first, *others in rows:
        cells = [element("td", each) for each in others]
        body.append(element("tr", element("th", first, scope="row"), *cells))
    parts = (element("caption", caption), element("thead", head), element("tbody", *body))
    return element("div", element("table", *parts), class_="wide")


def _tags(is_so: bool, word: str, style: str) -> list[Html]:
    return [Html(" "), element("span", word, class_=f"tag {style}")] if is_so else []


def _listed(parts: list[Html]) -> list[Html]:
    return [each for part in parts for each in (Html(", "), part)][1:]


def _link(entry: Entry) -> Html:
    return element("a", entry.title, href=f"#{entry.anchor}")


def _named(successor: str, found: Page) -> Html:
    anchor = found.anchor(successor)
    return element("a", successor, href=f"#{anchor}") if anchor else element("code", successor)
