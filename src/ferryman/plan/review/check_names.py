"""The names of a plan: its conventions, what Customer.io reserves and limits, types it reads.

Pure. What the classes refuse when they are made is found here in documents, which are not made.
Here must not live: sizes (sizes.py), or names held against each other (check_pairs.py).
"""

import re
from collections import Counter
from typing import Final

from ferryman.errors import InvalidOperation
from ferryman.plan.names import limits
from ferryman.plan.names.conventions import STYLES, breaks
from ferryman.plan.review.declared import Declared, Plan, Schema
from ferryman.plan.review.finding import Findings, Spot

SAID_OTHERWISE: Final = frozenset(
    {
        "Device Created or Updated",
        "Device Deleted",
        "User Deleted",
        "User Suppressed",
        "User Unsuppressed",
        "Relationship Deleted",
        "Object Deleted",
        "Report Delivery Event",
    }
)
"""The table of the Pipelines API (operations/pipelines/calls.py), which is above this room."""
_VERSIONED: Final = re.compile(r"(?:[\W_][vV]\d+|[a-z]V\d+|[\W_][vV]ersion[\W_]?\d+)$")
_FEW: Final = 3
"""Names of which a style can be told."""
_OF: Final = {"person": limits.PERSON, "object": limits.OBJECT}


def check_names(plan: Plan, to: Findings) -> None:
    """Find what is wrong with the names in *plan*."""
    for each in plan.classes:
        if each.kind == "event":
            _event_name(each, to)
        _fields(each, to)
        if each.kind in _OF:
            _attributes(each, to)
        elif each.kind == "event":
            for name, schema in each.properties.items():
                if (why := limits.RESERVED_EVENT_DATA.get(name)) and not schema.get("x-reserved"):
                    to.add("reserved-name", each.where(name), why, at=each.spot(name))
    if plan.is_foreign:
        _mixed("event names", plan.event_style, [each.name for each in plan.events], plan, to)
        names = [field.name for each in plan.classes for field in each.fields()]
        _mixed("fields", plan.field_style, names, plan, to)


def _event_name(each: Declared, to: Findings) -> None:
    where, at = each.where(), each.spot()
    if wrong := breaks(each.name, each.plan.event_style):
        to.add("name-style", where, f"{each.name!r} {wrong}", at=at)
    try:
        limits.check_event_name(each.name, at=each.class_name)
    except InvalidOperation as error:
        to.add("name-limit", where, error.rule, at=at)
    if each.name in SAID_OTHERWISE:
        to.add("reserved-event", where, f"{each.name!r} has a meaning in Pipelines", at=at)
    if _VERSIONED.search(each.name):
        to.add("version-in-name", where, f"{each.name!r} ends in a version", at=at)


def _fields(each: Declared, to: Findings) -> None:
    exempt = limits.ATTRIBUTE_TYPES if each.kind == "person" else {}
    for field in each.fields():
        wrong = breaks(field.name, each.plan.field_style)
        if wrong and field.name not in exempt:
            said = f"{field.name!r} {wrong}"
            to.add("name-style", each.where(field.path), said, at=each.spot(field.path))


def _attributes(each: Declared, to: Findings) -> None:
    of = _OF[each.kind]
    if len(each.properties) > limits.MAX_ATTRIBUTES:
        what = f"has {len(each.properties)} attributes, of at most {limits.MAX_ATTRIBUTES}"
        to.add("too-many-attributes", each.where(), what, at=each.spot())
    for name, schema in each.properties.items():
        where, at = each.where(name), each.spot(name)
        try:
            limits.check_attributes((name,), of, at=each.class_name)
        except InvalidOperation as error:
            rule = "reserved-name" if name in of.reserved else "name-limit"
            to.add(rule, where, error.rule, at=at)
        if each.kind == "person" and name in limits.ATTRIBUTE_TYPES:
            try:
                types = types_of(each.plan, schema)
                limits.check_attribute_type(name, types, at=each.class_name)
            except InvalidOperation as error:
                to.add("attribute-type", where, error.rule, at=at)


def types_of(plan: Plan, schema: Schema) -> set[str]:
    """Return the Python types of *schema*, as the table of attributes names them."""
    found = plan.resolved(schema)
    if "anyOf" in found:
        return {name for member in found["anyOf"] for name in types_of(plan, member)}
    if "const" in found or "enum" in found:
        values = [found["const"]] if "const" in found else found["enum"]
        return {"None" if value is None else type(value).__name__ for value in values}
    said = found.get("type")
    if said == "string":
        if found.get("format") == "date-time":
            return {"datetime"}
        return {"UUID"} if found.get("format") == "uuid" else {"str"}
    names = {"integer": "int", "number": "float", "boolean": "bool", "null": "None"}
    return {names.get(str(said), str(said) if said else "anything")}


def _mixed(what: str, style: str, names: list[str], plan: Plan, to: Findings) -> None:
    """Say which *names* of a foreign plan, which has no style in common, are not as most are."""
    if style != "any" or len(names) < _FEW:
        return
    fits = Counter(
        known for name in names for known in STYLES if known != "any" and not breaks(name, known)
    )
    if not fits:
        return
    most, count = fits.most_common(1)[0]
    others = sorted({name for name in names if breaks(name, most)})
    shown = ", ".join(map(repr, others[:5])) + (", …" if len(others) > 5 else "")
    said = f"{count} of {len(names)} {what} are {most}, and not {shown}"
    to.add("mixed-styles", "plan", said, at=Spot(plan.file))
