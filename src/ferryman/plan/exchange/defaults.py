"""A default of a document, which is JSON, becomes the Python value that its schema means.

Pure. Here must not live: types themselves (annotations.py).
"""

import datetime
from typing import Any

from ferryman.plan.exchange.annotations import Writer, python_names
from ferryman.plan.exchange.source import Row, Source, call, flat, literal, text
from ferryman.plan.jsonlike import is_array, is_object


def default_source(schema: dict[str, Any], value: Any, writer: Writer) -> Source:
    """Return the option of a field that gives it *value*, JSON, as *schema* means it."""
    meant = _meant(schema, value, writer)
    made = value_source(meant, value, writer)
    is_mutable = is_object(value) and "$ref" not in meant
    if is_array(value):
        is_mutable = "prefixItems" not in meant and "x-type" not in meant
    if is_mutable and value:
        return Row(("default_factory=lambda: ", made))
    return Row(("default=", made))  # msgspec copies an empty list, dict or set


def value_source(schema: dict[str, Any], value: Any, writer: Writer) -> Source:
    """Return the Python expression of *value*, JSON, as *schema* means it."""
    meant = _meant(schema, value, writer)
    if "$ref" in meant:
        return _instance(meant["$ref"].removeprefix("#/$defs/"), value, writer)
    written = meant.get("format") if meant.get("type") == "string" else None
    if isinstance(value, str) and written == "date-time":
        moment = datetime.datetime.fromisoformat(value)
        made = moment.date() if meant.get("x-type") == "date" else moment
        head, _, given = literal(made).rstrip(")").partition("(")
        return call(head, given.split(", "))
    if isinstance(value, str) and written == "uuid":
        return call("UUID", [text(value)])
    if isinstance(value, int | float) and meant.get("x-type") == "decimal":
        writer.used.add("Decimal")
        return call("Decimal", [text(repr(value))])
    if is_array(value):
        return _items(meant, value, writer)
    if is_object(value):
        values = meant.get("additionalProperties")
        inner: dict[str, Any] = values if is_object(values) else {}
        entries = [
            f"{literal(k)}: {flat(value_source(inner, v, writer))}" for k, v in value.items()
        ]
        return "{" + ", ".join(entries) + "}"
    return literal(value)


def _items(schema: dict[str, Any], value: list[Any], writer: Writer) -> Source:
    items: Any = schema.get("items")
    inner: list[dict[str, Any]] = schema.get("prefixItems") or [
        items if is_object(items) else {}
    ] * len(value)
    parts = [flat(value_source(*both, writer)) for both in zip(inner, value, strict=True)]
    if "prefixItems" in schema or schema.get("x-type") == "tuple":
        return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
    if schema.get("x-type") == "frozenset":
        return call("frozenset", [f"[{', '.join(parts)}]"]) if parts else "frozenset()"
    if schema.get("uniqueItems"):
        return "{" + ", ".join(parts) + "}" if parts else "set()"
    return f"[{', '.join(parts)}]"


def _instance(key: str, value: Any, writer: Writer) -> Source:
    name, schema = writer.names[key], writer.defs[key]
    if "enum" in schema:
        return f"{name}.{next(member for each, member in writer.members(key) if each == value)}"
    fields = python_names(schema)
    given: list[Source] = [
        Row((f"{fields[wire]}=", value_source(schema["properties"][wire], item, writer)))
        for wire, item in value.items()
        if wire in fields
    ]
    return call(name, given)


def _meant(schema: dict[str, Any], value: Any, writer: Writer) -> dict[str, Any]:
    """Return the member of a union that *value* belongs to, or *schema* itself."""
    if "anyOf" not in schema:
        return schema
    members: list[dict[str, Any]] = schema["anyOf"]
    fitting = [member for member in members if _fits(member, value, writer)]
    return fitting[0] if fitting else {}


def _fits(schema: dict[str, Any], value: Any, writer: Writer) -> bool:
    if "$ref" in schema:
        target = writer.defs[schema["$ref"].removeprefix("#/$defs/")]
        if "enum" in target:
            return any(each == value and type(each) is type(value) for each in target["enum"])
        tag = target.get("x-tag")
        if not is_object(value):
            return False
        return tag is None or value.get(tag) == target["properties"][tag]["const"]
    for word in ("const", "enum"):
        if word in schema:
            allowed = schema[word] if word == "enum" else [schema[word]]
            return any(each == value and type(each) is type(value) for each in allowed)
    kind = schema.get("type")
    match value:
        case None:
            return kind == "null"
        case bool():
            return kind == "boolean"
        case int():
            return kind in ("integer", "number")
        case float():
            return kind == "number"
        case str():
            return kind == "string"
        case list():
            return kind == "array"
        case _:
            return kind == "object"
