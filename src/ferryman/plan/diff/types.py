"""What becomes of the types of fields: unions, values, arrays, and classes inside classes.

Pure. A type is a list of members (a union of one is one), resolved through references. Here must
not live: bounds (bounds.py), what a class says about itself (marks.py), plans (plans.py).
"""

import json
from typing import Any, Final, NamedTuple

from ferryman.plan.diff.bounds import BOUNDS, compare_bounds
from ferryman.plan.diff.change import Changes, Place
from ferryman.plan.diff.fields import compare_defaults, compare_required, field_added, field_removed
from ferryman.plan.diff.marks import MARKS, compare_marks, compare_members
from ferryman.plan.jsonlike import array_at, is_object, object_at

_SHAPE: Final = frozenset(
    {
        "type",
        "format",
        "x-type",
        "const",
        "enum",
        "anyOf",
        "$ref",
        "items",
        "prefixItems",
        "properties",
        "required",
        "additionalProperties",
        "propertyNames",
        "x-tag",
        "default",
    }
)
_NARROWER: Final = "code that says a value of the old type is refused"
_WIDER: Final = "campaigns and templates meet a type they never met"


class _Member(NamedTuple):
    """One member of a union: its schema, and the name of its class where it has one."""

    schema: dict[str, Any]
    name: str
    kind: str


class Types:
    """Holds the types of two documents against each other, and notes what differs in *to*."""

    def __init__(self, old: dict[str, Any], new: dict[str, Any], to: Changes) -> None:
        self._defs = (object_at(old, "$defs"), object_at(new, "$defs"))
        self._to = to
        self._within: list[tuple[str, str]] = []
        self._same: set[tuple[str, str]] = set()
        self._cuts = 0

    def classes(self, old: str, new: str, where: Place) -> None:
        """Compare the classes *old* and *new*, keys of ``$defs``, with all they hold."""
        if (old, new) in self._same:
            return  # it is the same wherever it stands
        if (old, new) in self._within:
            self._cuts += 1
            return  # a class in itself: it is being compared already
        before = (len(self._to.found), self._cuts)
        self._within.append((old, new))
        was, is_now = object_at(self._defs[0], old), object_at(self._defs[1], new)
        if old != new:
            reason = f"code that names {old} no longer finds it, whatever is sent"
            self._to.breaking(where, f"class {old} renamed to {new}", reason)
        compare_marks(was, is_now, where, self._to)
        self._assertions(was, is_now, where)
        if "enum" in was or "enum" in is_now:
            compare_members(was, is_now, where, self._to)
        self._within.pop()
        if before == (len(self._to.found), self._cuts):
            self._same.add((old, new))

    def fields(self, old: Any, new: Any, where: Place) -> None:
        """Compare the types of two schemas, which stand in fields, items or values."""
        was, is_now = _schema(old), _schema(new)
        compare_marks(was, is_now, where, self._to)
        olds, news = self._members(was, 0), self._members(is_now, 1)
        if "anyOf" in was or "anyOf" in is_now:
            self._unknown(was, is_now, where)
        if len(olds) == len(news) == 1:
            self._one(olds[0], news[0], where)
            return
        for kind in ("null", "any"):
            had, has = (any(each.kind == kind for each in side) for side in (olds, news))
            if had and not has:
                what = "may no longer be null" if kind == "null" else "type narrowed from anything"
                self._to.breaking(where, what, _NARROWER)
            elif has and not had:
                what = "may be null" if kind == "null" else "type widened to anything"
                self._to.risky(where, what, "templates and filters that expect a value find none")
        rest = [[m for m in side if m.kind not in ("null", "any")] for side in (olds, news)]
        if any(m.kind == "any" for m in (*olds, *news)) and not (rest[0] and rest[1]):
            return  # all that can be told is told
        self._union(rest[0], rest[1], where)

    def _union(self, olds: list[_Member], news: list[_Member], where: Place) -> None:
        alone = len(olds) == len(news) == 1
        left: list[_Member] = []
        for was in olds:
            same = next((each for each in news if each.kind == was.kind), None)
            if same is None:
                left.append(was)
            else:
                news = [each for each in news if each is not same]
                self._one(was, same, where)
        classes = any(each.kind.startswith("class") for each in (*left, *news))
        if len(left) == len(news) == 1 and (alone or not classes):
            self._one(left[0], news[0], where)
            return
        for was in left:
            self._to.breaking(where, f"{_said(was)} is no longer one of the types", _NARROWER)
        for each in news:
            self._to.risky(where, f"{_said(each)} is one of the types now", _WIDER)

    def _members(self, schema: dict[str, Any], side: int) -> list[_Member]:
        if "anyOf" in schema:
            found: list[_Member] = []
            for each in array_at(schema, "anyOf"):
                found += self._members(_schema(each), side)
            return found
        if "$ref" in schema:
            name = str(schema["$ref"]).removeprefix("#/$defs/")
            target = object_at(self._defs[side], name)
            return [_Member(target, name, _kind(target, name))]
        if kinds := array_at(schema, "type"):
            each_of = [{**schema, "type": kind} for kind in kinds]
            return [_Member(each, "", _kind(each, "")) for each in each_of]
        return [_Member(schema, "", _kind(schema, ""))]

    def _one(self, old: _Member, new: _Member, where: Place) -> None:
        if old.name and new.name and _family(old) == _family(new):
            self.classes(old.name, new.name, where)
            return
        if _family(old) == "values" == _family(new) and old.name != new.name:
            reason = "code that gives an enum's member or its plain value gives the wrong one now"
            self._to.breaking(where, "enum and plain values exchanged", reason)
        if old.kind == new.kind or _family(old) == _family(new):
            self._assertions(old.schema, new.schema, where)
            return
        what = f"from {_said(old)} to {_said(new)}"
        if _admits(new, old):
            self._to.risky(where, f"type widened {what}", _WIDER)
        elif _admits(old, new):
            self._to.breaking(where, f"type narrowed {what}", _NARROWER)
        else:
            reason = "code that says the old type is refused, and filters compare another type"
            self._to.breaking(where, f"type changed {what}", reason)
        compare_bounds(old.schema, new.schema, where, self._to) if _numbers(old, new) else None
        self._unknown(old.schema, new.schema, where)

    def _assertions(self, old: dict[str, Any], new: dict[str, Any], where: Place) -> None:
        """Compare two schemas of one kind."""
        self._values(old, new, where)
        compare_bounds(old, new, where, self._to)
        self._properties(old, new, where)
        for word, mark in (("items", "[]"), ("additionalProperties", "{}"), ("propertyNames", "")):
            if word in old or word in new:
                self._held(word, old, new, where.inside(mark))
        befores, afters = array_at(old, "prefixItems"), array_at(new, "prefixItems")
        for at, (before, after) in enumerate(zip(befores, afters, strict=False)):
            self.fields(before, after, where.inside(f"[{at}]"))
        if old.get("x-tag") != new.get("x-tag"):
            reason = "templates and filters that tell the classes apart read a field that is gone"
            self._to.breaking(where, "tag of the union changed", reason)
        self._unknown(old, new, where)

    def _held(self, word: str, old: dict[str, Any], new: dict[str, Any], where: Place) -> None:
        before, after = old.get(word, True), new.get(word, True)
        if before == after and not is_object(before):
            return
        if after is False:
            self._to.breaking(where, "other keys or items are refused", _NARROWER)
        elif before is False:
            self._to.risky(where, "other keys or items are let through", _WIDER)
        else:
            self.fields(before, after, where)

    def _values(self, old: dict[str, Any], new: dict[str, Any], where: Place) -> None:
        before, after = _values(old), _values(new)
        for value in before:
            if value not in after:
                reason = "code that says it is refused, and campaigns that filter on it match none"
                self._to.breaking(where, f"value {value} removed", reason)
        for value in after:
            if value not in before:
                reason = "campaigns and templates that tell the values apart have no branch for it"
                self._to.risky(where, f"value {value} added", reason)

    def _properties(self, old: dict[str, Any], new: dict[str, Any], where: Place) -> None:
        before, after = object_at(old, "properties"), object_at(new, "properties")
        needed = [frozenset(array_at(schema, "required")) for schema in (old, new)]
        for name in sorted(before.keys() | after.keys()):
            place = where.field(name)
            if name not in after:
                field_removed(before[name], place, self._to)
            elif name not in before:
                field_added(after[name], place, self._to, required=name in needed[1])
            else:
                was, is_now = _schema(before[name]), _schema(after[name])
                ways = (name in needed[0], name in needed[1])
                compare_required(ways, is_now, place, self._to)
                if ways == (False, False):
                    compare_defaults(was, is_now, place, self._to)
                self.fields(was, is_now, place)

    def _unknown(self, old: dict[str, Any], new: dict[str, Any], where: Place) -> None:
        for word in sorted((old.keys() | new.keys()) - _SHAPE - BOUNDS - MARKS):
            if word not in old or word not in new or _text(old[word]) != _text(new[word]):
                reason = "what this word does to who says or reads it is not known here: look"
                self._to.risky(where, f"{word} changed", reason)


def _schema(given: Any) -> dict[str, Any]:
    return given if is_object(given) else ({"not": {}} if given is False else {})


def _values(schema: dict[str, Any]) -> list[str]:
    if "const" in schema:
        return [_text(schema["const"])]
    return [_text(each) for each in array_at(schema, "enum")]


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _kind(schema: dict[str, Any], name: str) -> str:
    if "const" in schema or "enum" in schema:
        return "values"
    kind = str(schema.get("type", "any"))
    if kind == "object" and "properties" in schema:
        tag = schema.get("x-tag")
        return f"class {_text(schema['properties'][tag]) if tag else name}"
    row = "row" if "prefixItems" in schema else ""
    size = f"{len(schema['prefixItems'])}" if row else ""
    words = (kind, schema.get("format"), schema.get("x-type"), row, size)
    return " ".join(str(word) for word in words if word)


def _family(member: _Member) -> str:
    return member.kind.partition(" ")[0] if member.kind.startswith("class") else member.kind


def _said(member: _Member) -> str:
    if member.name:
        return member.name
    return ", ".join(_values(member.schema)) if member.kind == "values" else member.kind


def _admits(wide: _Member, narrow: _Member) -> bool:
    """Whether every value of *narrow* is one of *wide*, as far as their types say."""
    if wide.kind == "any" or (wide.kind, narrow.kind) == ("number", "integer"):
        return True
    if narrow.kind != "values" or narrow.name:
        return False
    kinds = {"string": str, "integer": int, "number": (int, float), "boolean": bool}
    values: list[Any] = [json.loads(each) for each in _values(narrow.schema)]
    wanted: Any = kinds.get(wide.kind, ())
    return all(
        isinstance(each, wanted) and (wide.kind == "boolean" or not isinstance(each, bool))
        for each in values
    )


def _numbers(old: _Member, new: _Member) -> bool:
    return {old.kind, new.kind} == {"integer", "number"}
