"""An example of each value: one that is given, or one that is made from type, name and bounds.

Pure, and the same for the same schema. Here must not live: Python (usage.py).
"""

import re
from datetime import UTC, datetime
from typing import Any, Final

from ferryman.plan.docs.wording import Schema
from ferryman.plan.jsonlike import array_at, is_array, is_object, object_at

_BY_NAME: Final = (
    ("email", "ada@example.com"),
    ("phone", "+31201234567"),
    ("url", "https://example.com/"),
    ("link", "https://example.com/"),
    ("currency", "EUR"),
    ("country", "NL"),
    ("language", "en"),
    ("locale", "en"),
    ("timezone", "Europe/Amsterdam"),
    ("city", "Delft"),
    ("first_name", "Ada"),
    ("name", "Ada Lovelace"),
    ("title", "An introduction"),
    ("sku", "A-1"),
    ("_id", "A-1042"),
    ("id", "A-1042"),
)
"""What is fit for a text, by a part of its field's name."""
_TEXTS: Final = (
    "text", "some text", "a", "A", "en", "EUR", "NL", "abc", "abc123", "A-1", "A1", "AB12", "1",
    "12", "123", "1234", "12345", "123456", "1.0.0", "12:30", "2026-11-24", "en-GB", "#336699",
    "a-b", "a_b", "ada@example.com", "https://example.com/", "+31201234567",
)  # fmt: skip
"""Texts to try against a pattern or a length."""
_FORMATS: Final = {
    "date-time": "2026-11-24T09:30:00Z",
    "date": "2026-11-24",
    "time": "09:30:00",
    "uuid": "0b8f4f3e-6d1c-4c8e-9a57-2f1f5d3c7a10",
    "email": "ada@example.com",
    "uri": "https://example.com/",
}
_NUMBERS: Final = (1, 2, 10, 5, 100, 0.5, 0, -1)


class Samples:
    """Makes examples of the classes of a document."""

    def __init__(self, defs: dict[str, Schema]) -> None:
        self._defs = defs

    def of(self, schema: Schema, name: str = "", above: tuple[str, ...] = ()) -> Any:
        """Return an example of *schema*, the field *name*, inside the classes *above*."""
        for word in ("examples", "enum"):
            if listed := array_at(schema, word):
                return listed[0]
        if "const" in schema:
            return schema["const"]
        if "$ref" in schema:
            key = str(schema["$ref"]).removeprefix("#/$defs/")
            target = object_at(self._defs, key)
            return target["enum"][0] if "enum" in target else self.fields(key, above)
        if is_array(members := schema.get("anyOf")):
            some = [each for each in map(object_at, members) if each.get("type") != "null"]
            return (
                None if self._is_above(schema, above) or not some else self.of(some[0], name, above)
            )
        match schema.get("type"):
            case "string":
                return _text(schema, name)
            case "integer" | "number":
                return _number(schema)
            case "boolean":
                return True
            case "array":
                return self._items(schema, name, above)
            case "object":
                return self._entries(schema, above)
            case "null":
                return None
            case _:
                return "anything"

    def fields(self, key: str, above: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return what an example of the class *key* is made with: required, or with an example."""
        schema = object_at(self._defs, key)
        required, tag = array_at(schema, "required"), schema.get("x-tag")
        found: dict[str, Any] = {}
        for name, said in object_at(schema, "properties").items():
            if name == tag or name in required or array_at(said, "examples"):
                found[name] = self.of(object_at(said), name, (*above, key))
        return found

    def sent(self, schema: Schema, value: Any) -> Any:
        """Return *value* as Track carries it: with defaults, and moments in Unix seconds."""
        if is_array(members := schema.get("anyOf")):
            fitting = [each for each in map(object_at, members) if self._fits(each, value)]
            return self.sent(fitting[0], value) if fitting else value
        if "$ref" in schema:
            target = object_at(self._defs, str(schema["$ref"]).removeprefix("#/$defs/"))
            return self._class_sent(target, value) if is_object(value) else value
        if isinstance(value, str) and schema.get("format") == "date-time":
            return int(datetime.fromisoformat(value).astimezone(UTC).timestamp() // 1)
        if is_array(value):
            row = array_at(schema, "prefixItems") or [object_at(schema, "items")] * len(value)
            return [
                self.sent(object_at(each), item) for each, item in zip(row, value, strict=False)
            ]
        if is_object(value):
            inner = object_at(schema, "additionalProperties")
            return {name: self.sent(inner, item) for name, item in value.items()}
        return value

    def _class_sent(self, schema: Schema, given: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, said in object_at(schema, "properties").items():
            is_default = "default" in said and given.get(name, said["default"]) == said["default"]
            if name not in given and "default" not in said:
                continue
            if not (is_default and schema.get("x-omit-defaults")):
                found[name] = self.sent(said, given.get(name, said.get("default")))
        return found

    def _fits(self, schema: Schema, value: Any) -> bool:
        if "$ref" in schema and is_object(value):
            target = object_at(self._defs, str(schema["$ref"]).removeprefix("#/$defs/"))
            tag = target.get("x-tag")
            return tag is None or value.get(tag) == target["properties"][tag]["const"]
        kinds = {"string": str, "array": list, "object": dict}
        kind = kinds.get(str(schema.get("type")))
        return kind is not None and isinstance(value, kind)

    def _is_above(self, schema: Schema, above: tuple[str, ...]) -> bool:
        refs = [object_at(each).get("$ref", "") for each in array_at(schema, "anyOf")] or [
            schema.get("$ref", "")
        ]
        return any(str(ref).removeprefix("#/$defs/") in above for ref in refs if ref)

    def _items(self, schema: Schema, name: str, above: tuple[str, ...]) -> list[Any]:
        if row := array_at(schema, "prefixItems"):
            return [self.of(object_at(each), "", above) for each in row]
        inner = object_at(schema, "items")
        if self._is_above(inner, above):
            return []
        count = 1 if schema.get("uniqueItems") else max(1, int(schema.get("minItems", 1)))
        return [self.of(inner, name.removesuffix("s"), above)] * min(count, 3)

    def _entries(self, schema: Schema, above: tuple[str, ...]) -> dict[str, Any]:
        inner = object_at(schema, "additionalProperties")
        if self._is_above(inner, above):
            return {}
        keys = array_at(schema, "propertyNames", "enum")
        return {str(keys[0]) if keys else "name": self.of(inner, "", above)}


def _text(schema: Schema, name: str) -> str:
    if (form := _FORMATS.get(str(schema.get("format")))) is not None:
        return f"{form[:10]}T00:00:00Z" if schema.get("x-type") == "date" else form
    small = name.lower()
    fitting = [text for part, text in _BY_NAME if part in small]
    low, high = int(schema.get("minLength", 0)), schema.get("maxLength")
    for text in (*fitting, *_TEXTS):
        if low <= len(text) and (high is None or len(text) <= high) and _matches(schema, text):
            return text
    return "x" * min(low, 200) if "pattern" not in schema else "…"


def _matches(schema: Schema, text: str) -> bool:
    try:
        return re.search(str(schema.get("pattern", "")), text) is not None
    except re.error:
        return False


def _number(schema: Schema) -> int | float:
    is_whole = schema.get("type") == "integer"
    step = schema.get("multipleOf")
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    tried: list[Any] = [*_NUMBERS]
    if schema.get("x-type") == "decimal":
        tried.insert(0, 12.5)
    tried += [step] if step is not None else []
    tried += [low, low + 1, low + (step or 1)] if low is not None else []
    tried += [high, high - 1] if high is not None else []
    tried += [(low + high) / 2] if low is not None and high is not None else []
    for value in tried:
        if (not is_whole or isinstance(value, int)) and _is_within(schema, value):
            return value  # type: ignore[no-any-return]  # numbers of a document
    return 1


def _is_within(schema: Schema, value: float) -> bool:
    step = schema.get("multipleOf")
    return (
        schema.get("minimum", value) <= value <= schema.get("maximum", value)
        and ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])
        and ("exclusiveMaximum" not in schema or value < schema["exclusiveMaximum"])
        and (not step or abs(value / step - round(value / step)) < 1e-9)
    )
