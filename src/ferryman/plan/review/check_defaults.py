"""Defaults held against the types of their fields: a class that cannot be said as it is made.

Pure. Python takes any default, and the plan refuses the event only when it is said. Here must not
live: the types themselves (check_names.py).
"""

import re
from typing import Any, Final

from ferryman.plan.checking.patterns import may_take_exponential_time
from ferryman.plan.exchange.wellformed import compiles
from ferryman.plan.jsonlike import array_at, is_array, is_object
from ferryman.plan.review.declared import Plan, Schema
from ferryman.plan.review.finding import Findings

_TYPES: Final[dict[str, Any]] = {
    "null": type(None),
    "boolean": bool,
    "string": str,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": dict,
}


def check_defaults(plan: Plan, to: Findings) -> None:
    """Find the defaults of *plan* that the type of their own field does not take."""
    for each in plan.classes:
        for field in each.fields():
            if "default" in field.schema and not _takes(
                plan, field.schema, field.schema["default"]
            ):
                what = "has a default that its own type does not take"
                to.add("default-wrong", each.where(field.path), what, at=each.spot(field.path))


def _takes(plan: Plan, schema: Schema, value: Any) -> bool:
    found = plan.resolved(schema)
    if "anyOf" in found:
        return any(_takes(plan, member, value) for member in array_at(found, "anyOf"))
    if "const" in found or "enum" in found:
        values: list[Any] = [found["const"]] if "const" in found else array_at(found, "enum")
        return any(each == value and type(each) is type(value) for each in values)
    kind = str(found.get("type", ""))
    expected = _TYPES.get(kind)
    if expected is None:
        return True  # anything, or what is not known here
    if not isinstance(value, expected) or (isinstance(value, bool) and kind != "boolean"):
        return False
    if is_array(value):
        items: Any = found.get("items")
        inside = not is_object(items) or all(_takes(plan, items, each) for each in value)
        return inside and _within(found, "Items", len(value))
    if isinstance(value, str):
        return _within(found, "Length", len(value)) and _matches(found, value)
    return not isinstance(value, int | float) or _between(found, value)


def _within(schema: Schema, of: str, length: int) -> bool:
    return bool(schema.get(f"min{of}", 0) <= length <= schema.get(f"max{of}", length))


def _matches(schema: Schema, value: str) -> bool:
    pattern = str(schema.get("pattern", ""))
    if not compiles(pattern) or may_take_exponential_time(pattern):
        return True  # of another dialect, a foreign plan's; or found by check_patterns.py
    return re.search(pattern, value) is not None


def _between(schema: Schema, value: float) -> bool:
    return bool(
        schema.get("minimum", value) <= value <= schema.get("maximum", value)
        and ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])
        and ("exclusiveMaximum" not in schema or value < schema["exclusiveMaximum"])
    )
