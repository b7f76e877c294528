"""One member of a union: of which kind it is, and which other it admits.

Pure. Here must not live: what a difference between two members means (types.py).
"""

import json
from typing import Any, Final, NamedTuple

from ferryman.plan.jsonlike import array_at, is_object

TYPED: Final = ("date-time", "uuid")
"""Formats with a type of their own; the others are a note for people and validators."""


class Member(NamedTuple):
    """One member of a union: its schema, and the name of its class where it has one."""

    schema: dict[str, Any]
    name: str
    kind: str


def split_null(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return *schema*, in two where null is one of its values: the same as a union with null."""
    values = [schema["const"]] if "const" in schema else array_at(schema, "enum")
    if None not in values:
        return [schema]
    held = [value for value in values if value is not None]
    others = {word: said for word, said in schema.items() if word not in ("type", "const")}
    return [*([{**others, "enum": held}] if held else []), {"type": "null"}]


def schema_of(given: Any) -> dict[str, Any]:
    """Return *given* as an object: true says nothing, false refuses everything."""
    return given if is_object(given) else ({"not": {}} if given is False else {})


def values_of(schema: dict[str, Any]) -> list[str]:
    """Return the values that *schema* lists, as JSON."""
    if "const" in schema:
        return [text_of(schema["const"])]
    return [text_of(each) for each in array_at(schema, "enum")]


def text_of(value: Any) -> str:
    """Return *value* as JSON, the same for the same value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def kind_of(schema: dict[str, Any], name: str) -> str:
    """Return what tells a member of a union from the others."""
    if "const" in schema or "enum" in schema:
        return "values"
    if schema.get("not") == {}:
        return "nothing"
    kind = str(schema.get("type", "any"))
    if kind == "object" and "properties" in schema:
        tag = schema.get("x-tag")
        return f"class {text_of(schema['properties'][tag]) if tag else name}"
    row = "row" if "prefixItems" in schema else ""
    size = f"{len(schema['prefixItems'])}" if row else ""
    written = schema["format"] if schema.get("format") in TYPED else ""
    words = (kind, written, schema.get("x-type"), row, size)
    return " ".join(str(word) for word in words if word)


def family(member: Member) -> str:
    """Return the kind of *member*, or that it is a class."""
    return member.kind.partition(" ")[0] if member.kind.startswith("class") else member.kind


def said(member: Member) -> str:
    """Return *member* as people read it."""
    if member.name:
        return member.name
    return ", ".join(values_of(member.schema)) if member.kind == "values" else member.kind


def admits(wide: Member, narrow: Member) -> bool:
    """Whether every value of *narrow* is one of *wide*, as far as their types say."""
    if "nothing" in (wide.kind, narrow.kind):
        return narrow.kind == "nothing"
    if wide.kind == "any" or (wide.kind, narrow.kind) == ("number", "integer"):
        return True
    if narrow.kind != "values" or narrow.name:
        return False
    kinds = {"string": str, "integer": int, "number": (int, float), "boolean": bool}
    values: list[Any] = [json.loads(each) for each in values_of(narrow.schema)]
    wanted: Any = kinds.get(wide.kind, ())
    return all(
        isinstance(each, wanted) and (wide.kind == "boolean" or not isinstance(each, bool))
        for each in values
    )


def are_numbers(old: Member, new: Member) -> bool:
    """Whether one is an integer and the other a number."""
    return {old.kind, new.kind} == {"integer", "number"}
