"""What a plan says about itself: descriptions, owners, deprecation, versions, personal data.

Pure. Here must not live: names and types (check_names.py), classes held against each other
(check_pairs.py).
"""

from typing import Any, Final

from ferryman.plan.names.conventions import words_of
from ferryman.plan.review.check_names import types_of
from ferryman.plan.review.declared import Declared, FieldAt, Plan
from ferryman.plan.review.finding import Findings, Spot

_TEXTS: Final[tuple[tuple[str, ...], ...]] = (
    ("email",), ("e", "mail"), ("email", "address"), ("mail", "address"),
    ("phone",), ("phone", "number"), ("mobile", "number"), ("telephone",), ("fax",),
    ("first", "name"), ("last", "name"), ("full", "name"), ("given", "name"),
    ("family", "name"), ("middle", "name"), ("maiden", "name"), ("surname",),
    ("customer", "name"), ("user", "name"), ("recipient", "name"), ("contact", "name"),
    ("street",), ("street", "address"), ("postal", "address"), ("home", "address"),
    ("billing", "address"), ("shipping", "address"), ("delivery", "address"),
    ("ip",), ("ip", "address"), ("iban",), ("passport", "number"), ("ssn",),
    ("social", "security", "number"), ("tax", "id"), ("credit", "card", "number"),
    ("card", "number"), ("firstname",), ("lastname",), ("fullname",),
)  # fmt: skip
"""The last words of a text that looks personal."""
_MOMENTS: Final = (("birthday",), ("birth", "date"), ("birthdate",), ("date", "of", "birth"))
_PEOPLE: Final = frozenset(
    {"author", "contact", "customer", "driver", "guest", "passenger", "patient", "person",
     "recipient", "shopper", "student", "traveller", "user"}
)  # fmt: skip
"""What holds a plain `name` that is a person's."""


def check_notes(plan: Plan, to: Findings) -> None:
    """Find what *plan* leaves unsaid, or says wrong, about its classes and fields."""
    has_owners = any(each.schema.get("x-owner") for each in plan.classes)
    for each in plan.classes:
        where, at = each.where(), each.spot()
        if not str(each.schema.get("description", "")).strip():
            to.add("description-missing", where, "has no description", at=at)
        if has_owners and not each.schema.get("x-owner"):
            to.add("owner-missing", where, "has no owner, and others have", at=at)
        version: Any = each.schema.get("x-version", 1)
        if type(version) is not int or version < 1:
            to.add("version-invalid", where, f"has the version {version!r}", at=at)
        if each.kind == "event":
            _deprecation(each, to)
        for field in each.fields():
            _field(each, field, to)
        _field_successors(each, to)
    if plan.classes and not has_owners:
        to.add("owner-missing", "plan", "no class has an owner", at=Spot(plan.file))


def _field(each: Declared, field: FieldAt, to: Findings) -> None:
    where, at = each.where(field.path), each.spot(field.path)
    if not str(field.schema.get("description", "")).strip():
        to.add("field-description-missing", where, "has no description", at=at)
    if not field.personal and _looks_personal(each, field):
        to.add("personal-unmarked", where, "looks personal and is not marked", at=at)


def _looks_personal(each: Declared, field: FieldAt) -> bool:
    schema = each.plan.resolved(field.schema)
    if "enum" in schema or "const" in schema:
        return False
    types = types_of(each.plan, field.schema) - {"None"}
    words = tuple(words_of(field.name))
    if types & {"str", "datetime"} and _ends(words, _MOMENTS):
        return True
    if not types <= {"str"}:
        return False
    if words == ("name",):
        above = field.path.rpartition(".")[0]
        holder = words_of(above.replace("[]", "").rpartition(".")[2])
        return (each.kind == "person" and not above) or bool(holder and holder[-1] in _PEOPLE)
    return _ends(words, _TEXTS)


def _ends(words: tuple[str, ...], known: tuple[tuple[str, ...], ...]) -> bool:
    return any(words[-len(each) :] == each for each in known)


def _deprecation(each: Declared, to: Findings) -> None:
    if not each.deprecated and not each.successor:
        return
    where, at, plan = each.where(), each.spot(), each.plan
    if not each.successor:
        to.add("no-successor", where, "is deprecated and names no successor", at=at)
        return
    successor = plan.by_name.get(each.successor)
    if successor is None:
        what = f"its successor {each.successor!r} is not in the plan"
        to.add("successor-unknown", where, what, at=at)
        return
    met = {each.name}
    while successor is not None and successor.name not in met:
        met.add(successor.name)
        if not successor.deprecated or not successor.successor:
            break
        successor = plan.by_name.get(successor.successor)
    if successor is not None and successor.deprecated and successor.successor in met:
        what = f"its successor {each.successor!r} leads back to it"
        to.add("successor-unknown", where, what, at=at)
    elif plan.by_name[each.successor].deprecated:
        what = f"its successor {each.successor!r} is deprecated itself"
        to.add("successor-deprecated", where, what, at=at)


def _field_successors(each: Declared, to: Findings) -> None:
    for name, schema in each.properties.items():
        successor = schema.get("x-successor")
        if successor and (successor == name or successor not in each.properties):
            what = f"its successor {successor!r} is no other field of the class"
            to.add("successor-unknown", each.where(name), what, at=each.spot(name))
