"""What was observed, held against a plan: what is not in it, what differs from it, and how often.

Pure. Judged are names, presence, types, formats and, where texts were kept, the values of a
Literal; bounds and patterns are not, since no values are kept. Here must not live: what is said
at the moment (tracking/plan.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec

from ferryman.plan.jsonlike import is_array, is_object, object_at
from ferryman.plan.names.nearest import nearest
from ferryman.plan.observing.observed import Observed
from ferryman.plan.observing.recognising import format_of, is_data
from ferryman.plan.observing.seen import MAX_DISTINCT, Seen, Shape

FindingKind: TypeAlias = Literal["undeclared", "deviates", "deprecated", "unseen"]
Schema = Mapping[str, Any]
_TYPED: Final = ("type", "const", "enum")


class Finding(msgspec.Struct, frozen=True):
    """One way in which what was observed is not the plan: *count* times of *of*, at least."""

    kind: FindingKind
    where: str
    what: str
    count: int = 0
    of: int = 0


def compare(observed: Observed, plan: Mapping[str, Any]) -> list[Finding]:
    """Return what *plan*, a document, does not say of what was *observed*, and the reverse.

    People are judged only where the plan has a class for them; they may lack attributes, since
    an identify call says what changes.
    """
    judge = _Judge(plan.get("$defs", {}))
    events = object_at(plan, "properties", "events", "properties")
    found: list[Finding] = []
    for name, shape in sorted(observed.events.items()):
        where = f"event {name}"
        if name not in events:
            what = "is not in the plan" + _meant(name, events)
            found.append(Finding("undeclared", where, what, shape.count, shape.count))
            continue
        schema = judge.resolved(events[name])
        if schema.get("deprecated"):
            successor = schema.get("x-successor")
            what = f"is deprecated: say {successor}" if successor else "is deprecated"
            found.append(Finding("deprecated", where, what, shape.count, shape.count))
        found += _told(where, shape.count, judge.fields(schema, shape, ""))
    person = object_at(plan, "properties").get("person")
    if observed.person is not None and person is not None:
        told = judge.fields(judge.resolved(person), observed.person, "", partial=True)
        found += _told("people", observed.person.count, told)
    for name in sorted(events.keys() - observed.events.keys()):
        can_go = judge.resolved(events[name]).get("deprecated")
        what = "is deprecated, and never seen" if can_go else "was never seen"
        found.append(Finding("unseen", f"event {name}", what))
    if person is not None and observed.person is None:
        found.append(Finding("unseen", "people", "were never seen"))
    return found


def _meant(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return f"; is {near} meant?" if near else ""


_Told: TypeAlias = Iterator[tuple[str, str, int]]


def _told(where: str, of: int, told: _Told) -> Iterator[Finding]:
    for field, rule, count in told:
        yield Finding("deviates", where, f"{field}: {rule}" if field else rule, count, of)


class _Judge:
    """Holds counts against schemas; yields the field, the rule and how often it was broken."""

    def __init__(self, defs: Mapping[str, Schema]) -> None:
        self._defs = defs

    def resolved(self, schema: Schema) -> Schema:
        """Return what *schema* refers to, or itself."""
        if "$ref" not in schema:
            return schema
        return self._defs.get(schema["$ref"].removeprefix("#/$defs/"), {})

    def fields(self, schema: Schema, shape: Shape, path: str, *, partial: bool = False) -> _Told:
        """Hold the fields of *shape* against those of the class *schema*."""
        properties = object_at(schema, "properties")
        for name, seen in shape.fields.items():
            if name in properties:
                yield from self._value(properties[name], seen, f"{path}{name}")
            else:
                always = {each for each, s in shape.fields.items() if s.present == shape.count}
                rule = "is not declared" + _meant(name, properties.keys() - always)
                yield f"{path}{name}", rule, seen.present
        if shape.entries is not None and not any(map(is_data, properties)):
            yield path.rstrip("."), "has fields named by data", shape.entries.present
        if shape.more:
            yield path.rstrip("."), "has more fields than are kept apart", shape.more
        for name in schema.get("required", ()):
            if partial or shape.more or is_data(name):
                continue
            given = shape.fields.get(name)
            if lacking := shape.count - (0 if given is None else given.present):
                yield f"{path}{name}", "is missing", lacking

    def _value(self, schema: Schema, seen: Seen, path: str) -> _Told:
        members = list(self._members(schema))
        if any(not {*_TYPED, "properties"} & each.keys() for each in members):
            return  # anything
        for kind, count in seen.types.items():
            taking = [each for each in members if _takes(each, kind)]
            if not taking:
                yield path, f"expected {_named(members)}, got {kind}", count
            elif kind == "string":
                if wrong := _wrong_texts(taking, seen):
                    yield path, f"expected {_named(members)}", wrong
            elif len(taking) == 1 and kind == "object" and seen.shape is not None:
                yield from self._object(taking[0], seen.shape, f"{path}.")
            elif len(taking) == 1 and kind == "array" and seen.items is not None:
                items = taking[0].get("items", {})
                if is_object(items):  # a tuple says each of its items, which are not kept apart
                    yield from self._value(items, seen.items, f"{path}[]")

    def _object(self, schema: Schema, shape: Shape, path: str) -> _Told:
        if "properties" in schema:
            yield from self.fields(schema, shape, path)
            return
        values = schema.get("additionalProperties")
        if not is_object(values):
            return
        for name, seen in shape.fields.items():
            yield from self._value(values, seen, f"{path}{name}")
        if shape.entries is not None:
            yield from self._value(values, shape.entries, f"{path}*")

    def _members(self, schema: Schema) -> Iterator[Schema]:
        schema = self.resolved(schema)
        if is_array(schema.get("anyOf")):
            for each in schema["anyOf"]:
                yield from self._members(each)
        else:
            yield schema


def _takes(schema: Schema, kind: str) -> bool:
    values: list[Any] = [schema["const"]] if "const" in schema else schema.get("enum", [])
    if values:
        kinds = {
            "null" if v is None else "boolean" if isinstance(v, bool) else "string"
            if isinstance(v, str) else "integer" if isinstance(v, int) else "number" for v in values
        }  # fmt: skip
        return kind in kinds
    wanted = schema.get("type", "object")
    if kind == "integer":  # Track carries a moment as a number
        return wanted in ("integer", "number") or schema.get("format") == "date-time"
    return bool(wanted == kind)


def _wrong_texts(members: list[Schema], seen: Seen) -> int:
    """Return how many texts, at least, none of *members* takes."""
    allowed: set[str] = set()
    formats: set[str] = set()
    for each in members:
        values = [each["const"]] if "const" in each else each.get("enum")
        if values is not None:
            allowed |= {value for value in values if isinstance(value, str)}
        elif each.get("format") in ("date-time", "uuid"):
            formats |= {each["format"], *(["date"] if each.get("x-type") == "date" else [])}
        else:
            return 0
    formats |= {written for written in map(format_of, allowed) if written is not None}
    wrong = sum(
        n for written, n in seen.formats.items() if written not in formats and _text(written)
    )
    plain = seen.types["string"] - sum(n for written, n in seen.formats.items() if _text(written))
    if not allowed:
        return wrong + plain
    if (values := seen.values) is not None:
        return wrong + sum(n for text, n in values.items() if text not in allowed)
    if seen.private or not plain:
        return wrong
    distinct = MAX_DISTINCT + 1 if seen.distinct is None else seen.distinct
    return wrong + max(0, distinct - len(allowed))


def _text(written: str) -> bool:
    return not written.startswith("unix-")


def _named(members: list[Schema]) -> str:
    names: list[str] = []
    for each in members:
        values = [each["const"]] if "const" in each else each.get("enum")
        if values is not None:
            names += [f'"{value}"' if isinstance(value, str) else str(value) for value in values]
        elif each.get("format") in ("date-time", "uuid"):
            names.append(each["format"])
        else:
            names.append(str(each.get("type", "object")))
    return " or ".join(names)
