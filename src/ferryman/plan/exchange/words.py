"""The words of our documents that JSON Schema does not have, and how marks are said in them.

Pure. Here must not live: types (schema.py).
"""

from typing import Any, Final

from ferryman.plan.declaring.marks import Facts, Marks

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
FORMAT: Final = 1
"""The version of this form; it changes when an older reader would misread a document."""
WORDS: Final = {
    "x-ferryman": "on the document: its format, the plan's mode and conventions",
    "x-kind": "on a class: event, person, object or message",
    "x-name": "on a class: the event's or message's name, or the object's type",
    "x-owner": "who answers for the class or the field",
    "x-version": "the version of the class",
    "x-successor": "the event or field that took the place of a deprecated one",
    "x-personal": "the field holds personal data",
    "x-reserved": "the field has a name by which Customer.io acts, and means it",
    "x-type": "the Python type, where JSON has none of its own: date, decimal, tuple, frozenset",
    "x-tag": "on a class of a tagged union: the field that tells it from the others",
    "x-omit-defaults": "fields that have their default are not sent",
    "x-python": "the field's name in Python, where it is not made from its name on the wire",
    "x-enum-varnames": "the names of an enum's members, in the order of their values",
}


def facts_said(facts: Facts) -> dict[str, Any]:
    """Return what a class says about itself, but its description."""
    if not facts.name:
        return {}
    found: dict[str, Any] = {"x-kind": facts.kind}
    if facts.kind != "person":
        found["x-name"] = facts.name
    if facts.owner:
        found["x-owner"] = facts.owner
    found["x-version"] = facts.version
    if facts.deprecated:
        found["deprecated"] = True
    if facts.successor:
        found["x-successor"] = facts.successor
    return found


def marks_said(marks: Marks) -> dict[str, Any]:
    """Return what a field says about itself, beside its type."""
    found: dict[str, Any] = {}
    if marks.personal:
        found["x-personal"] = True
    if marks.owner:
        found["x-owner"] = marks.owner
    if marks.deprecated:
        found["deprecated"] = True
    if marks.successor:
        found["x-successor"] = marks.successor
    if marks.reserved:
        found["x-reserved"] = True
    return found
