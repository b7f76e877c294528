"""Classes held against each other: names twice or nearly, shapes twice, types that differ.

Pure. What is on its way out takes no part: a deprecated event looks like its successor on
purpose. Here must not live: what is wrong with one class alone.
"""

import json
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from itertools import combinations
from typing import Any, Final, TypeVar

from ferryman.plan.jsonlike import object_at
from ferryman.plan.names.conventions import words_of
from ferryman.plan.review.declared import Declared, Plan, Schema
from ferryman.plan.review.finding import Findings

T = TypeVar("T")
_SHARED: Final = 3
"""Fields from which the same shape is no accident: many events have just an id."""
_SAID_OF_TYPES: Final = frozenset(
    {"x-type", "type", "format", "items", "prefixItems", "additionalProperties", "anyOf", "enum",
     "const", "$ref"}
)  # fmt: skip
_KINDS: Final = {
    "string": "text",
    "integer": "a number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
}


def check_pairs(plan: Plan, to: Findings) -> None:
    """Find classes of *plan* that get in each other's way."""
    _duplicates(plan, to)
    for kind in ("event", "object", "message"):
        _similar([each for each in plan.classes if each.kind == kind], to)
    for each in plan.classes:
        _similar_fields(each, to)
    current = [each for each in plan.events if not each.deprecated]
    _shapes(current, to)
    _types(current, to)


def _grouped(items: Iterable[tuple[Hashable, T]]) -> Iterator[list[T]]:
    """Yield what has a key in common with another."""
    groups: defaultdict[Hashable, list[T]] = defaultdict(list)
    for key, item in items:
        groups[key].append(item)
    yield from (group for group in groups.values() if len(group) > 1)


def _duplicates(plan: Plan, to: Findings) -> None:
    for group in _grouped(((each.kind, each.name), each) for each in plan.classes):
        first = group[0]
        for other in group[1:]:
            what = f"{other.key} has the name of {first.key}"
            to.add("duplicate-name", other.where(), what, at=other.spot())


def _alike(name: str) -> str:
    return "".join(words_of(name)) or name


def _similar(classes: list[Declared], to: Findings) -> None:
    for group in _grouped((_alike(each.name), each) for each in classes):
        for one, other in combinations(group, 2):
            if one.name != other.name and not (one.deprecated or other.deprecated):
                what = f"{other.name!r} differs from {one.name!r} only in case or separators"
                to.add("similar-names", other.where(), what, at=other.spot())


def _similar_fields(each: Declared, to: Findings) -> None:
    for group in _grouped((_alike(name), name) for name in each.properties):
        for one, other in combinations(group, 2):
            if any(each.properties[name].get("deprecated") for name in (one, other)):
                continue
            what = f"{other!r} differs from {one!r} only in case or separators"
            to.add("similar-names", each.where(other), what, at=each.spot(other))


def _shape(each: Declared) -> str:
    """Return the fields and their types, without what is said about them."""
    fields = {name: _type(said) for name, said in sorted(each.properties.items())}
    return json.dumps([fields, sorted(each.required)], sort_keys=True, default=str)


def _type(value: Any) -> Any:
    if isinstance(value, list):
        return [_type(each) for each in value]  # pyright: ignore[reportUnknownVariableType]  # any JSON
    if not isinstance(value, dict):
        return value
    said = object_at(value)
    return {word: _type(inner) for word, inner in said.items() if word in _SAID_OF_TYPES}


def _shapes(events: list[Declared], to: Findings) -> None:
    large = [each for each in events if len(each.properties) >= _SHARED]
    for group in _grouped((_shape(each), each) for each in large):
        for one, other in combinations(group, 2):
            if _is_one_thing(one.name, other.name):
                continue
            what = f"{other.name} has the same {len(one.properties)} fields as {one.name}"
            to.add("same-shape", other.where(), what, at=other.spot())
            break  # the others of the group would say the same


def _is_one_thing(one: str, other: str) -> bool:
    """Whether two names say what happens to one thing: cart_item_added, cart_item_removed."""
    return _alike(one) == _alike(other) or words_of(one)[:-1] == words_of(other)[:-1] != []


def _types(events: list[Declared], to: Findings) -> None:
    named: defaultdict[str, list[tuple[Declared, frozenset[str]]]] = defaultdict(list)
    for each in events:
        for name, schema in each.properties.items():
            if not schema.get("deprecated") and (kinds := kinds_of(each.plan, schema)):
                named[name].append((each, kinds))
    for name, used in sorted(named.items()):
        # The type that most events have is taken for right.
        counts = {kinds: sum(other == kinds for _, other in used) for _, kinds in used}
        usual = max(counts, key=lambda kinds: counts[kinds])
        model = next(each for each, kinds in used if kinds == usual)
        for each, kinds in used:
            if kinds.isdisjoint(usual):
                what = f"is {_said(kinds)}, and {_said(usual)} in {model.name}"
                to.add("field-type-differs", each.where(name), what, at=each.spot(name))


def _said(kinds: frozenset[str]) -> str:
    return " or ".join(sorted(kinds))


def kinds_of(plan: Plan, schema: Schema) -> frozenset[str]:
    """Return what a value of *schema* is to a campaign, but null; nothing where it is anything."""
    found = plan.resolved(schema)
    if "anyOf" in found:
        members = [kinds_of(plan, object_at(member)) for member in found["anyOf"]]
        is_free = any(object_at(member) == {} for member in found["anyOf"])
        return frozenset() if is_free else frozenset[str]().union(*members)
    if "const" in found or "enum" in found:
        values: list[Any] = [found["const"]] if "const" in found else list(found["enum"])
        kinds = {
            "true or false"
            if isinstance(value, bool)
            else ("text" if isinstance(value, str) else "a number")
            for value in values
            if value is not None
        }
        return frozenset(kinds)
    if found.get("format") == "date-time":
        return frozenset({"a moment"})
    kind = _KINDS.get(str(found.get("type")))
    return frozenset({kind} if kind else ())
