"""Types and bounds of a schema, in words.

Pure; plain text, which the pages escape. Here must not live: examples (samples.py).
"""

import json
from typing import Any, Final, TypeAlias

from ferryman.plan.jsonlike import array_at, is_array, is_object, object_at

Schema: TypeAlias = dict[str, Any]
MAX_SHOWN: Final = 120
"""Characters of a value that a table shows."""
_SCALARS: Final = {
    "null": "nothing",
    "boolean": "true/false",
    "string": "text",
    "integer": "whole number",
    "number": "number",
}
_FORMATS: Final = {"uuid": "UUID", "email": "e-mail address", "uri": "URL"}
_RANGES: Final = (
    ("Length", "character", "characters"),
    ("Items", "item", "items"),
    ("Properties", "entry", "entries"),
)
_BOUNDS: Final = (
    ("minimum", "at least"),
    ("exclusiveMinimum", "more than"),
    ("maximum", "at most"),
    ("exclusiveMaximum", "less than"),
    ("multipleOf", "a multiple of"),
    ("pattern", "matches"),
)


def shown(value: Any) -> str:
    """Return *value* as JSON on one line, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def type_words(schema: Schema, defs: dict[str, Schema]) -> str:
    """Return what kind of value *schema* means, such as `list of Line` or `one of "a", "b"`."""
    if "$ref" in schema:
        key = str(schema["$ref"]).removeprefix("#/$defs/")
        target = object_at(defs, key)
        return _one_of(target["enum"]) if "enum" in target else key
    if is_array(members := schema.get("anyOf")):
        named = dict.fromkeys(type_words(object_at(each), defs) for each in members)
        return " or ".join(named)
    if "const" in schema:
        return f"always {shown(schema['const'])}"
    if "enum" in schema:
        return _one_of(schema["enum"])
    match schema.get("type"):
        case "array":
            return _array(schema, defs)
        case "object":
            return _map(schema, defs)
        case "string" if schema.get("format") == "date-time":
            return "date" if schema.get("x-type") == "date" else "date and time"
        case "string":
            return _FORMATS.get(str(schema.get("format")), "text")
        case "number" if schema.get("x-type") == "decimal":
            return "decimal number"
        case kind:
            return _SCALARS.get(str(kind), "anything")


def rules(schema: Schema) -> list[str]:
    """Return the bounds of *schema*, those of what it may be, too."""
    found = [f"{words} {schema[word]}" for word, words in _BOUNDS if word in schema]
    for of, one, many in _RANGES:
        low, high = schema.get(f"min{of}"), schema.get(f"max{of}")
        if "prefixItems" in schema or (low is None and high is None):
            continue
        unit = one if (high if high is not None else low) == 1 else many
        if low is not None and high is not None:
            found.append(f"{low} {unit}" if low == high else f"{low} to {high} {unit}")
        else:
            found.append(f"at least {low} {unit}" if high is None else f"at most {high} {unit}")
    if schema.get("uniqueItems"):
        found.append("no item twice")
    form = schema.get("format")
    if schema.get("type") == "string" and form not in {None, "date-time", *_FORMATS}:
        found.append(f"format {form}")
    for inner in array_at(schema, "anyOf"):
        found += rules(object_at(inner))
    if is_object(schema.get("items")):
        found += [f"each {rule}" for rule in rules(schema["items"])]
    return list(dict.fromkeys(found))


def _one_of(values: list[Any]) -> str:
    return f"one of {', '.join(map(shown, values))}"


def _array(schema: Schema, defs: dict[str, Schema]) -> str:
    if is_array(row := schema.get("prefixItems")):
        return f"list ({', '.join(type_words(object_at(each), defs) for each in row)})"
    return f"list of {type_words(object_at(schema, 'items'), defs)}"


def _map(schema: Schema, defs: dict[str, Schema]) -> str:
    values = type_words(object_at(schema, "additionalProperties"), defs)
    keys = schema.get("propertyNames")
    named = f" by {type_words(object_at(keys), defs)}" if is_object(keys) else " by name"
    return f"{values}{named}"
