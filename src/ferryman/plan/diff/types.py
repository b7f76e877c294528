"""What becomes of the types of fields: unions, values, arrays, and classes inside classes.

Pure. A type is a list of members (a union of one is one), resolved through references. Here must
not live: what one member is (members.py), bounds (bounds.py), what a class says about itself
(marks.py), plans (plans.py).
"""

import json
from typing import Any, Final

from ferryman.plan.diff.bounds import BOUNDS, allows, compare_bounds
from ferryman.plan.diff.change import Changes, Place
from ferryman.plan.diff.fields import (
    compare_defaults,
    compare_required,
    field_added,
    field_removed,
    successor_hint,
)
from ferryman.plan.diff.marks import MARKS, compare_marks, compare_members
from ferryman.plan.diff.members import (
    TYPED,
    Member,
    admits,
    are_numbers,
    family,
    kind_of,
    said,
    schema_of,
    split_null,
    text_of,
    values_of,
)
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

    def successor(self, old: str) -> str:
        """Return what the reason for the end of the class *old* says of its successor."""
        return successor_hint(object_at(self._defs[0], old))

    def fields(self, old: Any, new: Any, where: Place) -> None:
        """Compare the types of two schemas, which stand in fields, items or values."""
        was, is_now = schema_of(old), schema_of(new)
        compare_marks(was, is_now, where, self._to)
        olds, news = self._members(was, 0), self._members(is_now, 1)
        if "anyOf" in was or "anyOf" in is_now:
            self._unknown(was, is_now, where)
        if len(olds) == len(news) == 1:
            self._one(olds[0], news[0], where)
            return
        kinds = [{member.kind for member in side} for side in (olds, news)]
        if "any" in kinds[0] | kinds[1]:
            self._anything(kinds, where)
            return
        if "null" in kinds[0] - kinds[1]:
            self._to.breaking(where, "may no longer be null", _NARROWER)
        elif "null" in kinds[1] - kinds[0]:
            reason = "templates and filters that expect a value find none"
            self._to.risky(where, "may be null", reason)
        rest = [[member for member in side if member.kind != "null"] for side in (olds, news)]
        self._union(rest[0], rest[1], where)

    def _anything(self, kinds: list[set[str]], where: Place) -> None:
        """Compare where a member takes anything: what stands beside it says nothing."""
        if "any" not in kinds[1]:
            self._to.breaking(where, "type narrowed from anything", _NARROWER)
        elif "any" not in kinds[0]:
            self._to.risky(where, "type widened to anything", _WIDER)

    def _union(self, olds: list[Member], news: list[Member], where: Place) -> None:
        alone = len(olds) == len(news) == 1
        left: list[Member] = []
        for was in olds:
            alike = [each for each in news if each.kind == was.kind]
            named = [each for each in news if was.name and each.name == was.name]
            same = next(iter([*alike, *named]), None)
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
            self._to.breaking(where, f"{said(was)} is no longer one of the types", _NARROWER)
        for each in news:
            self._to.risky(where, f"{said(each)} is one of the types now", _WIDER)

    def _members(self, schema: dict[str, Any], side: int) -> list[Member]:
        if "anyOf" in schema:
            found: list[Member] = []
            for each in array_at(schema, "anyOf"):
                found += self._members(schema_of(each), side)
            return found
        if "$ref" in schema:
            name = str(schema["$ref"]).removeprefix("#/$defs/")
            target = object_at(self._defs[side], name)
            return [Member(target, name, kind_of(target, name))]
        if kinds := array_at(schema, "type"):
            each_of = [{**schema, "type": kind} for kind in kinds]
            return [Member(each, "", kind_of(each, "")) for each in each_of]
        return [Member(each, "", kind_of(each, "")) for each in split_null(schema)]

    def _one(self, old: Member, new: Member, where: Place) -> None:
        if old.name and new.name and family(old) == family(new):
            self.classes(old.name, new.name, where)
            return
        if family(old) == "values" == family(new) and old.name != new.name:
            reason = "code that gives an enum's member or its plain value gives the wrong one now"
            self._to.breaking(where, "enum and plain values exchanged", reason)
        if old.kind == new.kind or family(old) == family(new):
            self._assertions(old.schema, new.schema, where)
            return
        what = f"from {said(old)} to {said(new)}"
        if admits(new, old):
            self._to.risky(where, f"type widened {what}", _WIDER)
            self._left_out(old.schema, new.schema, where)
        elif admits(old, new):
            self._to.breaking(where, f"type narrowed {what}", _NARROWER)
        else:
            reason = "code that says the old type is refused, and filters compare another type"
            self._to.breaking(where, f"type changed {what}", reason)
        compare_bounds(old.schema, new.schema, where, self._to) if are_numbers(old, new) else None
        if "nothing" not in (old.kind, new.kind):
            self._unknown(old.schema, new.schema, where)

    def _left_out(self, old: dict[str, Any], new: dict[str, Any], where: Place) -> None:
        """Note which of the values of *old* the bounds of *new*, which has a type, refuse."""
        for value in values_of(old):
            if not allows(new, json.loads(value)):
                reason = "code that says it is refused: the bounds of the new type leave it out"
                self._to.breaking(where, f"value {value} removed", reason)

    def _assertions(self, old: dict[str, Any], new: dict[str, Any], where: Place) -> None:
        """Compare two schemas of one kind."""
        self._values(old, new, where)
        self._format(old.get("format"), new.get("format"), where)
        compare_bounds(old, new, where, self._to)
        self._properties(old, new, where)
        for word, mark in (
            ("items", "[]"),
            ("additionalProperties", "{}"),
            ("propertyNames", "{key}"),
        ):
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
        usual: Any = {"type": "string"} if word == "propertyNames" else True
        before, after = old.get(word, usual), new.get(word, usual)
        if before == after and not is_object(before):
            return
        if after is False:
            self._to.breaking(where, "other keys or items are refused", _NARROWER)
        elif before is False:
            self._to.risky(where, "other keys or items are let through", _WIDER)
        else:
            self.fields(before, after, where)

    def _values(self, old: dict[str, Any], new: dict[str, Any], where: Place) -> None:
        before, after = values_of(old), values_of(new)
        for value in before:
            if value not in after:
                reason = "code that says it is refused, and campaigns that filter on it match none"
                self._to.breaking(where, f"value {value} removed", reason)
        for value in after:
            if value not in before:
                reason = "campaigns and templates that tell the values apart have no branch for it"
                self._to.risky(where, f"value {value} added", reason)

    def _format(self, old: Any, new: Any, where: Place) -> None:
        if old == new or old in TYPED or new in TYPED:
            return
        how = "added" if old is None else "removed" if new is None else f"changed to {new}"
        reason = "the plan's own checks pass it over, but whoever validates or shows it may not"
        self._to.risky(where, f"format {old or new} {how}", reason)

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
                was, is_now = schema_of(before[name]), schema_of(after[name])
                ways = (name in needed[0], name in needed[1])
                compare_required(ways, is_now, place, self._to)
                if ways == (False, False):
                    compare_defaults(was, is_now, place, self._to)
                self.fields(was, is_now, place)

    def _unknown(self, old: dict[str, Any], new: dict[str, Any], where: Place) -> None:
        for word in sorted((old.keys() | new.keys()) - _SHAPE - BOUNDS - MARKS):
            if word not in old or word not in new or text_of(old[word]) != text_of(new[word]):
                reason = "what this word does to who says or reads it is not known here: look"
                self._to.risky(where, f"{word} changed", reason)
