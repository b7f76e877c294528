"""What a page says about a plan, before it is Markdown or HTML.

Pure: a document in, plain text in frozen values out; nothing is escaped here. A class that is
used in several places is written out once for each event, at the first.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from ferryman.errors import InvalidOperation
from ferryman.plan.docs.samples import Samples
from ferryman.plan.docs.usage import Usage, usage
from ferryman.plan.docs.wording import Schema, rules, shown, type_words
from ferryman.plan.exchange.words import FORMAT
from ferryman.plan.jsonlike import array_at, object_at

SECTIONS: Final = (
    ("event", "Events"),
    ("person", "People"),
    ("object", "Objects"),
    ("message", "Message data"),
)


class Row(msgspec.Struct, frozen=True):
    """One field, by its path: ``lines[].sku``."""

    path: str
    kind: str
    presence: str
    description: str
    rules: tuple[str, ...]
    example: str
    owner: str
    is_personal: bool
    is_deprecated: bool
    successor: str


class Entry(msgspec.Struct, frozen=True):
    """One class of the plan: an event, people, an object or a message."""

    kind: str
    name: str
    anchor: str
    cls: str
    description: str
    owner: str
    version: int
    is_deprecated: bool
    successor: str
    rows: tuple[Row, ...]
    usage: Usage

    @property
    def title(self) -> str:
        """What people call it: an object's type is a number or a short name."""
        return f"{self.cls} (type {self.name})" if self.kind == "object" else self.name

    @property
    def summary(self) -> str:
        """The first paragraph of the description, on one line."""
        return " ".join(self.description.split("\n\n")[0].split())

    @property
    def personal(self) -> list[str]:
        """The paths of the fields that hold personal data."""
        return [row.path for row in self.rows if row.is_personal]


class Page(msgspec.Struct, frozen=True):
    """A whole plan."""

    title: str
    description: str
    mode: str
    entries: tuple[Entry, ...]

    def of(self, kind: str) -> list[Entry]:
        """Return the entries of *kind*, in the order of their names."""
        return [entry for entry in self.entries if entry.kind == kind]

    def anchor(self, name: str) -> str:
        """Return the anchor of the event *name*, or "" where the plan has none."""
        found = [entry.anchor for entry in self.of("event") if entry.name == name]
        return found[0] if found else ""

    def counts(self) -> list[tuple[int, str]]:
        """Return the figures of the overview, each with the words that fit it."""
        events, rows = self.of("event"), [row for entry in self.entries for row in entry.rows]
        figures = [
            (len(events), "event", "events"),
            (sum(entry.is_deprecated for entry in events), "deprecated event", "deprecated events"),
            (sum(len(entry.rows) for entry in self.of("person")),
             "attribute of people", "attributes of people"),
            (len(self.of("object")), "type of objects", "types of objects"),
            (len(self.of("message")), "message", "messages"),
            (len(rows), "field", "fields"),
            (sum(row.is_personal for row in rows), "personal field", "personal fields"),
            (len({entry.owner for entry in self.entries if entry.owner}), "owner", "owners"),
        ]  # fmt: skip
        return [(count, one if count == 1 else many) for count, one, many in figures if count]


def page(document: dict[str, Any]) -> Page:
    """Return what a page says of *document*, a plan as :meth:`TrackingPlan.schema` gives it.

    Raises InvalidOperation for a document of another form.
    """
    about = object_at(document, "x-ferryman")
    if about.get("format") != FORMAT:
        raise InvalidOperation("is no plan of this version: read it first", field="document")
    defs: dict[str, Schema] = object_at(document, "$defs")
    groups = object_at(document, "properties")
    found: list[tuple[str, str, str]] = []
    for kind, group in (("event", "events"), ("object", "objects"), ("message", "messages")):
        for name, said in sorted(object_at(groups, group, "properties").items()):
            found.append((kind, name, _key(said)))
    if "person" in groups:
        found.append(("person", "", _key(groups["person"])))
    taken: set[str] = set()
    entries = [_entry(kind, name, key, defs, taken) for kind, name, key in found]
    order = [kind for kind, _ in SECTIONS]
    return Page(
        title=" ".join(str(document.get("title", "")).split()) or "Tracking plan",
        description=str(document.get("description", "")),
        mode=str(about.get("mode", "enforce")),
        entries=tuple(sorted(entries, key=lambda entry: order.index(entry.kind))),
    )


def _key(said: Any) -> str:
    return str(object_at(said).get("$ref", "")).removeprefix("#/$defs/")


def _entry(kind: str, name: str, key: str, defs: dict[str, Schema], taken: set[str]) -> Entry:
    schema = object_at(defs, key)
    plain = re.sub(r"[^\w-]+", "-", f"{kind}-{name or key}").strip("-").lower()
    anchor, n = plain, 2
    while anchor in taken:
        anchor, n = f"{plain}-{n}", n + 1
    taken.add(anchor)
    return Entry(
        kind=kind,
        name=name or key,
        anchor=anchor,
        cls=key,
        description=str(schema.get("description", "")),
        owner=str(schema.get("x-owner", "")),
        version=int(schema.get("x-version", 1)),
        is_deprecated=bool(schema.get("deprecated")),
        successor=str(schema.get("x-successor", "")),
        rows=tuple(_Rows(defs).of(key)),
        usage=usage(kind, name, key, defs),
    )


class _Rows:
    """Writes the fields of one class, and of what it is made of."""

    def __init__(self, defs: dict[str, Schema]) -> None:
        self._defs = defs
        self._samples = Samples(defs)
        self._written: dict[str, str] = {}

    def of(self, key: str, at: str = "", when: str = "") -> Iterator[Row]:
        """Yield the rows of the class *key*, whose fields stand under *at*."""
        self._written[key] = at
        schema = object_at(self._defs, key)
        required = array_at(schema, "required")
        for name, field in object_at(schema, "properties").items():
            said = object_at(field)
            path = f"{at}.{name}" if at else name
            inner = list(_inside(said, self._defs))
            again = [
                f"{cls} as in {self._written[cls] or 'the class itself'}"
                for cls, _ in inner
                if cls in self._written
            ]
            notes = (*again, *([when] if when else []))
            yield self._row(path, name, self._described(said, inner), name in required, notes)
            for cls, mark in inner:
                if cls not in self._written:
                    several = len(inner) > 1
                    yield from self.of(cls, path + mark, f"in {cls}" if several else "")

    def _described(self, said: Schema, inner: list[tuple[str, str]]) -> Schema:
        """Return *said* with what its only class says of itself, where the field says nothing."""
        about = str(object_at(self._defs, inner[0][0]).get("description", "")) if inner else ""
        if len(inner) != 1 or said.get("description") or not about:
            return said
        return {**said, "description": " ".join(about.split("\n\n")[0].split())}

    def _row(
        self, path: str, name: str, said: Schema, is_required: bool, notes: tuple[str, ...]
    ) -> Row:
        presence = "required" if is_required else "optional"
        if not is_required and said.get("default") not in (None, [], {}):
            presence = f"default {shown(said['default'])}"
        return Row(
            path=path,
            kind=type_words(said, self._defs),
            presence=presence,
            description=str(said.get("description", "")),
            rules=(*rules(said), *notes),
            example=shown(self._samples.of(said, name)),
            owner=str(said.get("x-owner", "")),
            is_personal=bool(said.get("x-personal")),
            is_deprecated=bool(said.get("deprecated")),
            successor=str(said.get("x-successor", "")),
        )


def _inside(schema: Schema, defs: dict[str, Schema], mark: str = "") -> Iterator[tuple[str, str]]:
    """Yield the classes that a value of *schema* holds, and how a path goes on to each."""
    if "$ref" in schema:
        key = _key(schema)
        if "enum" not in object_at(defs, key):
            yield key, mark
    for each in (*array_at(schema, "anyOf"), *array_at(schema, "prefixItems")):
        inside = f"{mark}[]" if "prefixItems" in schema else mark
        yield from _inside(object_at(each), defs, inside)
    if schema.get("type") == "array":
        yield from _inside(object_at(schema, "items"), defs, f"{mark}[]")
    elif schema.get("type") == "object":
        yield from _inside(object_at(schema, "additionalProperties"), defs, f"{mark}{{}}")
