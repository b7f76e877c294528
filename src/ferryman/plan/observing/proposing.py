"""What was observed becomes the plan that accepts it: a first draft, for people to correct.

Pure. Here lives what counts say of a type: required by presence, a Literal where texts are few,
a moment where a format says so. Here must not live: the classes' source (exchange/generate.py).
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ferryman.errors import InvalidOperation
from ferryman.plan.exchange.generate import field_lines
from ferryman.plan.exchange.reading import Said, planned
from ferryman.plan.jsonlike import object_at
from ferryman.plan.names import limits
from ferryman.plan.names.nearest import nearest
from ferryman.plan.observing.observed import Observed
from ferryman.plan.observing.recognising import says_moment
from ferryman.plan.observing.seen import Seen, Shape

Schema = dict[str, Any]
_MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
_SAYABLE: Final = re.compile(r'[^"\\\x00-\x1f]+')
"""Names that a class can give its fields: what JSON would escape it cannot (generate.py)."""
_OFTEN: Final = 5
"""How often each of a few texts was there, on average, before they are all there are."""
_PYTHON: Final = {
    "string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None",
}  # fmt: skip
_ORDER: Final = ("string", "integer", "number", "boolean", "array", "object", "null")
"""Of the members of a union, so that the same types are the same text."""


class Remark(msgspec.Struct, frozen=True):
    """Something to look at in a proposal: where, and what."""

    where: str
    field: str
    what: str


class Proposal(msgspec.Struct, frozen=True):
    """A document that ``generate()`` takes, how many classes it has, and what to look at."""

    document: Schema
    classes: int
    remarks: tuple[Remark, ...]


class Lines(msgspec.Struct, frozen=True):
    """Lines of Python for a class that is there: *where*, and the fields that it does not have."""

    where: str
    lines: tuple[str, ...]


def propose_fields(observed: Observed, plan: Mapping[str, Any]) -> tuple[Lines, ...]:
    """Return the lines that the classes of *plan*, a document, lack for what was *observed*.

    A field whose name is close to a declared one is a slip, and gets none; nor do fields further
    down, which stand in classes that others may share.
    """
    told: list[Lines] = []
    events = object_at(plan, "properties", "events", "properties")
    for name, shape in sorted(observed.events.items()):
        if name in events:
            told += _lines(f"event {name}", shape, _declared(plan, events[name]))
    person = object_at(plan, "properties").get("person")
    if observed.person is not None and person is not None:
        told += _lines("people", observed.person, _declared(plan, person))
    return tuple(told)


def _declared(plan: Mapping[str, Any], ref: Any) -> Schema:
    key = str(object_at(ref).get("$ref", "")).removeprefix("#/$defs/")
    return object_at(plan, "$defs", key, "properties")


def _lines(where: str, shape: Shape, declared: Schema) -> list[Lines]:
    always = {name for name, seen in shape.fields.items() if seen.present == shape.count}
    lacking = {
        name: seen
        for name, seen in shape.fields.items()
        if name not in declared and not nearest(name, declared.keys() - always)
    }
    part = Shape()
    part.count, part.fields = shape.count, lacking
    said = (_person(part, []) if where == "people" else _event("it", part, [])) if lacking else []
    if not said or not said[0].schema["properties"]:
        return []
    schema = said[0].schema
    plain = {name: _without_classes(field) for name, field in schema["properties"].items()}
    document = planned({}, [said[0]._replace(schema={**schema, "properties": plain})], "")
    return [Lines(where, tuple(field_lines(document, next(iter(document["$defs"])))))]


def _without_classes(schema: Schema) -> Schema:
    """Return *schema* with a dict for each class in it: one line declares no class."""
    if "properties" in schema:
        marks = {word: said for word, said in schema.items() if word.startswith("x-")}
        return {"type": "object", **marks}
    found = dict(schema)
    for word in ("items", "additionalProperties"):
        if word in found:
            found[word] = _without_classes(found[word])
    if "anyOf" in found:
        found["anyOf"] = [_without_classes(member) for member in found["anyOf"]]
    return found


def propose(
    observed: Observed, plan: Mapping[str, Any] | None = None, *, title: str = ""
) -> Proposal:
    """Return the classes of what was *observed* and is not in *plan*, a document.

    What Customer.io does not take is left out, and said in the remarks.
    """
    declared = object_at(plan, "properties", "events")
    known = object_at(declared, "properties")
    remarks: list[Remark] = []
    said: list[Said] = []
    for name, shape in sorted(observed.events.items()):
        if name not in known:
            said += _event(name, shape, remarks)
    if observed.person is not None and "person" not in object_at(plan, "properties"):
        said += _person(observed.person, remarks)
    return Proposal(planned({}, said, title), len(said), tuple(remarks))


def _event(name: str, shape: Shape, remarks: list[Remark]) -> list[Said]:
    where = f"event {name}"
    try:
        limits.check_event_name(name, at=where)
    except InvalidOperation as wrong:
        remarks.append(Remark(where, "", f"is not proposed: {wrong.rule}"))
        return []
    if not _is_class(shape):
        rule = "is not proposed: it has more fields than a class can, or names that are data"
        remarks.append(Remark(where, "", rule))
        return []
    schema = _class(shape, where, remarks)
    for reserved in limits.RESERVED_EVENT_DATA.keys() & schema["properties"].keys():
        schema["properties"][reserved]["x-reserved"] = True
        remarks.append(Remark(where, reserved, limits.RESERVED_EVENT_DATA[reserved]))
    return [Said("event", name, schema, {})]


def _person(shape: Shape, remarks: list[Remark]) -> list[Said]:
    if not _is_class(shape):
        remarks.append(Remark("people", "", "are not proposed: they have names that are data"))
        return []
    schema = _class(shape, "people", remarks)
    for name, field in list(schema["properties"].items()):
        if why := _refused(name, field):
            del schema["properties"][name]
            remarks.append(Remark("people", name, f"is not proposed: {why}"))
    return [Said("person", "Customer", schema, {})]


def _refused(name: str, field: Schema) -> str:
    if name in limits.RESERVED_ATTRIBUTES:
        return limits.RESERVED_ATTRIBUTES[name]
    members: list[Schema] = field.get("anyOf", [field])
    types = {
        "datetime" if each.get("format") == "date-time"
        else "UUID" if each.get("format") == "uuid"
        else "str" if "enum" in each
        else _PYTHON.get(each.get("type", ""), "a value")
        for each in members
    }  # fmt: skip
    try:
        limits.check_attribute_type(name, types, at="people")
    except InvalidOperation as wrong:
        return wrong.rule
    return ""


def _is_class(shape: Shape) -> bool:
    names = shape.fields
    return not shape.more and shape.entries is None and all(map(_SAYABLE.fullmatch, names))


def _class(
    shape: Shape, where: str, remarks: list[Remark], path: str = "", *, private: bool = False
) -> Schema:
    properties = {
        name: _field(name, seen, where, f"{path}{name}", remarks, private=private)
        for name, seen in shape.fields.items()
    }
    required = [name for name, seen in shape.fields.items() if seen.present == shape.count]
    return {"type": "object", "properties": properties, "required": required}


def _field(
    name: str, seen: Seen, where: str, path: str, remarks: list[Remark], *, private: bool = False
) -> Schema:
    """Return the schema of a field; *private* says that what holds it is marked already."""
    members: list[Schema] = []
    for kind in filter(seen.types.__contains__, _ORDER):
        members += _member(kind, name, seen, where, path, remarks)
    if {"type": "number"} in members and {"type": "integer"} in members:
        members.remove({"type": "integer"})
    told = [each for each in members if each != {"type": "null"}]
    # Of null alone nobody knows what else it will be.
    found: Schema = {} if not told else members[0] if len(members) == 1 else {"anyOf": members}
    return {**found, "x-personal": True} if _is_private(seen) and not private else dict(found)


def _is_private(seen: Seen) -> bool:
    """Whether the texts of a field, those in its arrays and entries included, are personal.

    The mark stands on the field of a class: the type of an item can carry none.
    """
    inner = (seen.items, seen.shape.entries if seen.shape else None)
    return seen.private or any(each is not None and _is_private(each) for each in inner)


def _member(
    kind: str, name: str, seen: Seen, where: str, path: str, remarks: list[Remark]
) -> list[Schema]:
    match kind:
        case "string":
            return [_text(seen, where, path, remarks)]
        case "integer" if _is_moment(name, seen):
            remarks.append(Remark(where, path, "Unix seconds become datetime"))
            return [dict(_MOMENT)]
        case "object":
            return [_object(seen, where, path, remarks)]
        case "array" if seen.items is not None:
            inside = _field(name, seen.items, where, f"{path}[]", remarks, private=True)
            return [{"type": "array", "items": inside}]
        case _:
            return [{"type": kind}]


def _is_moment(name: str, seen: Seen) -> bool:
    is_alone = not {"string", "number"} & seen.types.keys()
    return is_alone and says_moment(name) and _all(seen, "unix-seconds", "integer")


def _text(seen: Seen, where: str, path: str, remarks: list[Remark]) -> Schema:
    if _all(seen, "date-time", "string") and not {"integer", "number"} & seen.types.keys():
        remarks.append(Remark(where, path, "text becomes datetime, which Track sends as a number"))
        return dict(_MOMENT)
    if _all(seen, "uuid", "string"):
        return {"type": "string", "format": "uuid"}
    count = seen.types["string"]
    numbers = {kind: seen.formats.get(kind, 0) for kind in ("integer", "number")}
    if sum(numbers.values()) == count:
        what = "decimal number" if numbers["number"] else "whole number"
        remarks.append(Remark(where, path, f"is text, and always a {what}"))
    values = seen.values or {}
    is_choice = len(values) > 1 and sum(values.values()) == count >= _OFTEN * len(values)
    return {"enum": sorted(values)} if is_choice else {"type": "string"}


def _all(seen: Seen, written: str, kind: str) -> bool:
    return seen.formats.get(written, 0) == seen.types[kind]


def _object(seen: Seen, where: str, path: str, remarks: list[Remark]) -> Schema:
    shape = seen.shape
    if shape is None:
        return {"type": "object"}
    if shape.fields and _is_class(shape):
        return _class(shape, where, remarks, f"{path}.", private=seen.private)
    if shape.entries is not None and not (shape.fields or shape.more):
        inside = _field("", shape.entries, where, f"{path}.*", remarks, private=True)
        return {"type": "object", "additionalProperties": inside}
    return {"type": "object"}
