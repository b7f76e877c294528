"""Documents from elsewhere become plans: our own, JSON Schema of any draft, Segment's two forms.

Pure: a document in, a document out. Here lives how each form is told from the others and where
its events stand. Here must not live: how a single schema is read (foreign.py).

Segment's forms, as its APIs give them: the Config API's plan has ``rules.events``, each with
``name``, ``description``, ``version`` and ``rules`` whose ``properties.properties`` describe the
data; the Public API's rules are a list with ``key``, ``type``, ``version`` and ``jsonSchema``.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from ferryman.errors import InvalidOperation
from ferryman.plan.exchange.annotations import references
from ferryman.plan.exchange.foreign import Reader, Schema
from ferryman.plan.exchange.wellformed import check_size, fits
from ferryman.plan.exchange.words import DIALECT, FORMAT
from ferryman.plan.jsonlike import array_at, is_array, is_object, object_at, pointed
from ferryman.plan.names.conventions import STYLES, breaks
from ferryman.plan.names.identifiers import ClassNames

_NEVER: Final = "0001-01-01"
"""Segment's date of what has not happened."""
_SEGMENT: Final = {"context", "properties", "traits"}


class Said(NamedTuple):
    """One class that a foreign document describes."""

    kind: str
    name: str
    schema: Mapping[str, Any]
    about: Schema


def read_document(given: object, *, title: str = "") -> dict[str, Any]:
    """Return *given*, decoded JSON of any known form, as a document of a plan.

    Knows our own documents (returned as they are), JSON Schema (an object with a title is one
    event; so is each class that no other refers to), and Segment's tracking plans in the forms
    of both its APIs. The styles of names that all events and fields share become the plan's
    conventions. Raises InvalidOperation for anything else.
    """
    if not is_object(given):
        raise InvalidOperation("is no JSON object", field="document")
    check_size(given)
    found = given
    if is_object(about := found.get("x-ferryman")):
        if about.get("format") != FORMAT:
            raise InvalidOperation("is of another version of the form", field="document")
        return dict(found)
    inner = _unwrapped(found)
    said = list(_segment(inner) if "rules" in inner else _json_schema(inner))
    if not any(each.kind == "event" for each in said):
        raise InvalidOperation("describes no event that can be recognised", field="document")
    named: Any = inner.get("display_name") or inner.get("title") or inner.get("name")
    return planned(inner, said, title or (named if isinstance(named, str) else ""))


def _unwrapped(found: Mapping[str, Any]) -> Mapping[str, Any]:
    for key in ("data", "trackingPlan", "tracking_plan"):
        inner = found.get(key)
        if is_object(inner) and "rules" not in found:
            return _unwrapped(inner)
    return found


def planned(root: Mapping[str, Any], said: list[Said], title: str) -> dict[str, Any]:
    """Return the plan of the classes that *root*, a foreign document, says; spelt as they are."""
    said = _newest(said)
    reserve = ClassNames().reserve
    keys = [reserve(each.name or "Person") for each in said]
    reader = Reader(root, reserve)
    groups: dict[str, dict[str, Any]] = {"event": {}, "person": {}, "object": {}}
    for key, each in zip(keys, said, strict=True):
        made = reader.fields(each.schema, key)
        facts: Schema = {"x-kind": each.kind}
        if each.kind != "person":
            facts["x-name"] = each.name
        about = dict(each.about)
        description = about.pop("description", "") or made.pop("description", "")
        made.pop("description", None)
        head = {"description": description} if description else {}
        reader.defs[key] = {**head, **facts, "x-version": 1, **about, **made}
        groups[each.kind][each.name] = {"$ref": f"#/$defs/{key}"}
    properties: dict[str, Any] = {"events": _closed(dict(sorted(groups["event"].items())))}
    if groups["person"]:
        properties["person"] = next(iter(groups["person"].values()))
    if groups["object"]:
        properties["objects"] = _closed(groups["object"])
    fields = [name for schema in reader.defs.values() for name in schema.get("properties", {})]
    about_plan = root.get("description") if fits("description", root.get("description")) else ""
    return {
        "$schema": DIALECT,
        "title": title or "Tracking plan",
        **({"description": about_plan} if about_plan and "rules" in root else {}),
        **_closed(properties),
        "x-ferryman": {
            "format": FORMAT,
            "mode": "enforce",
            "conventions": {"events": _style(list(groups["event"])), "fields": _style(fields)},
        },
        "$defs": dict(sorted(reader.defs.items())),
    }


def _newest(said: list[Said]) -> list[Said]:
    """Return *said* without the earlier versions that Segment keeps beside the newest.

    Two of one version are a mistake, which stays for `plan check` to find.
    """
    newest: dict[tuple[str, str], int] = {}
    for each in said:
        name = (each.kind, each.name)
        newest[name] = max(newest.get(name, 0), each.about.get("x-version", 1))
    return [each for each in said if each.about.get("x-version", 1) == newest[each.kind, each.name]]


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _style(names: list[str]) -> str:
    return next(style for style in STYLES if not any(breaks(name, style) for name in names))


def _segment(found: Mapping[str, Any]) -> Iterator[Said]:
    if is_array(found["rules"]):
        for number, rule in enumerate(map(object_at, found["rules"])):
            yield from _public_rule(rule, f"document #/rules/{number}")
        return
    rules = object_at(found, "rules")
    for number, each in enumerate(map(object_at, array_at(rules, "events"))):
        at = f"document #/rules/events/{number}"
        about: Schema = {"x-version": _version(each, at)}
        if each.get("description") and fits("description", each["description"]):
            about["description"] = each["description"]
        if not isinstance(name := each.get("name"), str):
            raise InvalidOperation("has no name", field=at)
        yield Said("event", name, _inner(object_at(each, "rules"), "properties"), about)
    for key, kind, name in (("identify", "person", ""), ("group", "object", "1")):
        inner = _inner(object_at(rules, key), "traits")
        if inner.get("properties"):
            yield Said(kind, name, inner, {})


def _public_rule(rule: Mapping[str, Any], at: str) -> Iterator[Said]:
    schema = object_at(rule, "jsonSchema") or object_at(rule, "json_schema")
    about: Schema = {"x-version": _version(rule, at)}
    if isinstance(description := schema.get("description"), str) and description:
        about["description"] = description
    if not str(rule.get("deprecatedAt") or _NEVER).startswith(_NEVER):
        about["deprecated"] = True
    match rule.get("type"):
        case "TRACK" if rule.get("key"):
            yield Said("event", str(rule["key"]), _inner(schema, "properties"), about)
        case "IDENTIFY":
            yield Said("person", "", _inner(schema, "traits"), {})
        case "GROUP":
            yield Said("object", "1", _inner(schema, "traits"), {})
        case _:
            return  # pages and screens have no classes here, and COMMON is no event


def _version(said: Mapping[str, Any], at: str) -> int:
    version = said.get("version") or 1
    if not fits("x-version", version):
        raise InvalidOperation("has a version that is no whole number from 1", field=at)
    return int(version)


def _inner(schema: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    """Return the schema of the data, which Segment wraps in that of its whole message, or not."""
    wrapped = object_at(schema, "properties")
    is_message = bool(wrapped) and wrapped.keys() <= _SEGMENT
    return object_at(wrapped, part) if is_message else schema


def _json_schema(found: Mapping[str, Any]) -> Iterator[Said]:
    properties: Any = found.get("properties")
    if is_object(properties) and "events" in properties:
        inner = properties
        for name, schema in object_at(inner, "events", "properties").items():
            yield _event(found, schema, name)
        if is_object(inner.get("person")):
            yield Said("person", "", _resolved(found, inner["person"]), {})
        return
    if is_object(properties) and isinstance(found.get("title"), str):
        yield _event(found, found, found["title"])
        return
    defs = object_at(found, "$defs") or object_at(found, "definitions")
    listed = array_at(found, "oneOf") + array_at(found, "anyOf")
    inside = {key.rpartition("/")[2] for schema in defs.values() for key in references(schema)}
    chosen = {key.rpartition("/")[2] for key in references(listed)} or set(defs) - inside
    for name, schema in defs.items():
        if name in chosen and is_object(schema):
            yield _event(found, schema, name)


def _event(root: Mapping[str, Any], schema: Any, name: str) -> Said:
    target = _resolved(root, schema)
    kept = [word for word in ("deprecated", "x-owner") if target.get(word)]
    about: Schema = {word: target[word] for word in kept if fits(word, target[word])}
    said = target.get("x-name")
    return Said("event", said if isinstance(said, str) and said else name, target, about)


def _resolved(root: Mapping[str, Any], schema: Any) -> Mapping[str, Any]:
    target: Any = schema
    for _ in range(10):  # a reference to a reference, and not for ever
        if is_object(target) and "$ref" in target:
            target = pointed(root, str(target["$ref"]))
    return object_at(target)
