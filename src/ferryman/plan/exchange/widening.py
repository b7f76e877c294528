"""Unions and defaults of foreign schemas, as far as a Python union can tell its members apart.

Pure. msgspec tells a union's members apart by their kind in JSON, one member a kind: what is
alike becomes one wider member. Here must not live: single schemas (foreign.py).
"""

from typing import Any

Schema = dict[str, Any]


def joined(members: list[Schema], defs: dict[str, Schema]) -> Schema:
    """Return the union of *members*, wider where a Python union cannot tell them apart."""
    flat: list[Schema] = []
    for member in members:
        for each in member["anyOf"] if set(member) == {"anyOf"} else [member]:
            if each not in flat:
                flat.append(each)
    if not all(_kind(member, defs) for member in flat) or not flat:
        return {}
    by_kind: dict[str, list[Schema]] = {}
    for member in flat:
        by_kind.setdefault(_kind(member, defs), []).append(member)
    found: list[Schema] = []
    for kind, alike in by_kind.items():
        if len(alike) == 1:
            found += alike
        elif kind in ("string", "integer", "number", "boolean", "null"):
            found.append({"type": kind})
        else:
            return {}
    kinds = set(by_kind)
    if {"integer", "number"} <= kinds:
        found = [member for member in found if _kind(member, defs) != "integer"]
    return found[0] if len(found) == 1 else {"anyOf": found}


def _kind(member: Schema, defs: dict[str, Schema]) -> str:
    if "$ref" in member:
        target = defs.get(member["$ref"].removeprefix("#/$defs/"), {})
        return _kind({"enum": target["enum"]}, defs) if "enum" in target else "object"
    values = [member["const"]] if "const" in member else member.get("enum")
    if values is not None:
        kinds = {
            "string" if isinstance(v, str) else "null" if v is None else "integer" for v in values
        }
        return next(iter(kinds)) if len(kinds) == 1 else ""
    return str(member.get("type", ""))


def may_be(schema: Schema, value: Any) -> bool:
    """Whether *value* is a default that our generator can write for *schema*."""
    if value is None:
        return (
            schema == {}
            or {"type": "null"} in schema.get("anyOf", [])
            or schema.get("type") == "null"
        )
    if isinstance(value, dict | list):
        return not value and schema.get("type") in ("array", "object")
    if schema.get("format") in ("date-time", "uuid") or {"$ref", "anyOf", "x-type"} & set(schema):
        return False
    if "const" in schema or "enum" in schema:
        return any(
            value == v and type(value) is type(v) for v in schema.get("enum", [schema.get("const")])
        )
    kinds = {"string": str, "integer": int, "number": (int, float), "boolean": bool}
    expected: Any = kinds.get(str(schema.get("type")))
    return schema == {} or (
        expected is not None
        and isinstance(value, expected)
        and (expected is bool or not isinstance(value, bool))
    )
