"""Names on the wire become names in Python: fields, classes, members of enums.

Pure, and the same for the same names, so that what is generated twice is the same text.
"""

import builtins
import keyword
import re
from collections.abc import Iterable

from ferryman.plan.names.conventions import words_of

# What a generated module says in annotations: a field of the same name would stand in its way.
_USED = {
    "Annotated", "Any", "Decimal", "Field", "Literal", "UUID", "bool", "datetime", "dict", "enum",
    "float", "frozenset", "int", "list", "msgspec", "set", "str", "tuple",
}  # fmt: skip
CLASSES = {
    "Annotated", "Any", "Conventions", "Decimal", "Event", "Events", "Field", "Literal",
    "MessageData", "Object", "Person", "TrackingPlan", "TypeAlias", "UUID",
}  # fmt: skip
"""Names that a generated module has for itself."""


def identifiers(names: Iterable[str], *, avoid: Iterable[str] = ()) -> dict[str, str]:
    """Return a Python name for each field of the wire *names*, none of them twice."""
    made: dict[str, str] = {}
    taken = {*_USED, *avoid}
    for name in names:
        plain = name
        if not name.isidentifier() or name != name.lower():
            plain = "_".join(words_of(name)) or "field"
        if plain.startswith("__") or plain[0].isdigit():
            plain = "field_" + plain.lstrip("_")
        made[name] = _free(plain, taken)
        taken.add(made[name])
    return made


def class_names(names: Iterable[str], *, avoid: Iterable[str] = ()) -> dict[str, str]:
    """Return a class name for each of *names*, such as OrderCompleted for "Order Completed"."""
    made: dict[str, str] = {}
    taken = {*CLASSES, *avoid, *dir(builtins)}
    for name in names:
        parts = [part[:1].upper() + part[1:] for part in re.split(r"[\W_]+", name) if part]
        plain = "".join(parts) or "Unnamed"
        made[name] = _free(f"N{plain}" if plain[0].isdigit() else plain, taken)
        taken.add(made[name])
    return made


def is_class_name(name: str) -> bool:
    """Whether a generated module may call a class *name*."""
    free = name not in CLASSES and not hasattr(builtins, name) and not keyword.iskeyword(name)
    return free and name.isidentifier()


def _free(name: str, taken: set[str]) -> str:
    if keyword.iskeyword(name):
        name += "_"
    if name in taken and f"{name}_" not in taken and not name.endswith("_"):
        return f"{name}_"
    found, n = name, 2
    while found in taken or keyword.iskeyword(found):
        found, n = f"{name}{n}", n + 1
    return found
