"""How large what a class says can become, and what of it Customer.io refuses.

Pure. Only what is sure is said: a text is counted at one byte a character, and what has no
bound at its least. Here must not live: the size of what is sent, which is known when it is.
"""

import json
from collections.abc import Callable
from typing import Any, Final

from ferryman._core.encode import MAX_ITEM
from ferryman.plan.jsonlike import is_object, object_at
from ferryman.plan.names import limits
from ferryman.plan.review.declared import Declared, Plan, Schema
from ferryman.plan.review.finding import Findings

_SIZED: Final = frozenset({"event", "person", "object"})
_FORMATS: Final = {"date-time": 22, "uuid": 38}
"""Bytes with the quotes: 2026-11-24T05:30:00Z."""
_EXTREME: Final[dict[bool, Callable[..., int]]] = {True: max, False: min}


def check_sizes(plan: Plan, to: Findings) -> None:
    """Find what in *plan* is too large for Customer.io, always or when it is full."""
    for each in plan.classes:
        if each.kind not in _SIZED:
            continue
        where, at = each.where(), each.spot()
        most = f"Customer.io takes {MAX_ITEM:,} ({limits.ENTITY_PAGE})"
        if (least := size_of(plan, each.schema, full=False)) > MAX_ITEM:
            to.add("too-large", where, f"has at least {least:,} bytes; {most}", at=at)
        elif (full := size_of(plan, each.schema, full=True)) > MAX_ITEM:
            what = f"has {full:,} bytes or more when all is at its bound; {most}"
            to.add("may-be-too-large", where, what, at=at)
        if each.kind != "event":
            _values(each, to)


def _values(each: Declared, to: Findings) -> None:
    """Find attributes whose text is longer than an attribute may be."""
    most = f"an attribute has {limits.MAX_ATTRIBUTE_VALUE:,} bytes ({limits.IDENTIFY_PAGE})"
    for name, said in each.properties.items():
        schema = each.plan.resolved(said)
        for full, rule in ((False, "too-large"), (True, "may-be-too-large")):
            size = _text_size(schema, full=full)
            if size > limits.MAX_ATTRIBUTE_VALUE:
                what = f"is a text of {size:,} characters {'at most' if full else 'at least'}"
                to.add(rule, each.where(name), f"{what}; {most}", at=each.spot(name))
                break


def _text_size(schema: Schema, *, full: bool) -> int:
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if values is not None:
        texts = [limits.bytes_of(value) for value in values if isinstance(value, str)]
        return _EXTREME[full](texts, default=0)
    if "anyOf" in schema:
        return _EXTREME[full](_text_size(object_at(each), full=full) for each in schema["anyOf"])
    least: int = schema.get("minLength", 0)
    most: int = schema.get("maxLength", least)
    return most if full else least


def size_of(plan: Plan, schema: Any, *, full: bool, met: frozenset[str] = frozenset()) -> int:
    """Return the bytes of *schema* as JSON: of a *full* one, at its bounds, or of the least."""
    said = object_at(schema)
    ref = str(said.get("$ref", ""))
    if ref in met:
        return 4  # what holds itself ends with null, or with nothing
    met = met | {ref} if ref else met
    found = plan.resolved(said)

    def size(inner: Any) -> int:
        return size_of(plan, inner, full=full, met=met)

    if "const" in found or "enum" in found:
        values = [found["const"]] if "const" in found else found["enum"]
        return _EXTREME[full](len(json.dumps(value, ensure_ascii=False)) for value in values)
    if "anyOf" in found:
        return _EXTREME[full](map(size, found["anyOf"]))
    match found.get("type"):
        case "string":
            return _FORMATS.get(str(found.get("format")), _text_size(found, full=full) + 2)
        case "array":
            return _array(found, size, full=full)
        case "object":
            return _object(found, size, full=full)
        case "boolean" | "null":
            return 4
        case _:
            return 1


def _array(found: Schema, size: Callable[[Any], int], *, full: bool) -> int:
    if "prefixItems" in found:
        return 2 + sum(size(item) + 1 for item in found["prefixItems"])
    count = found.get("minItems", 0)
    count = found.get("maxItems", count) if full else count
    return 2 + int(count) * (size(found.get("items", {})) + 1) if count else 2


def _object(found: Schema, size: Callable[[Any], int], *, full: bool) -> int:
    total = 2
    required = found.get("required", [])
    for name, inner in object_at(found, "properties").items():
        if full or name in required:
            total += len(json.dumps(name)) + 2 + size(inner)
    values = found.get("additionalProperties")
    count = found.get("minProperties", 0)
    count = found.get("maxProperties", count) if full else count
    if is_object(values) and count:
        total += int(count) * (5 + size(values))
    return total
