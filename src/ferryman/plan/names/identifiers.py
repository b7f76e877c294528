"""Names on the wire become names in Python: fields, classes, members of enums.

Pure, and the same for the same names, so that what is generated twice is the same text.
"""

import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable, Sequence

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
_RESERVED = frozenset({*CLASSES, *dir(builtins)})
_LONG = 100
"""Characters of a class name, before what keeps it apart from others."""


def is_name(name: object) -> bool:
    """Whether *name* can be written into Python as it is, and is read back as the same name.

    Python normalizes identifiers (NFKC), so that one that is not normalized would be another.
    """
    return (
        isinstance(name, str)
        and name.isidentifier()
        and not keyword.iskeyword(name)
        and unicodedata.is_normalized("NFKC", name)
    )


def is_field_name(name: object) -> bool:
    """Whether a generated class may have a field *name*."""
    return isinstance(name, str) and is_name(name) and not name.startswith("__")


def are_member_names(names: Sequence[object]) -> bool:
    """Whether *names* can be the members of one enum: distinct, and none that Enum reserves."""
    fit = all(
        isinstance(name, str)
        and is_name(name)
        and name != "mro"
        and not name.startswith("__")
        and not (name.startswith("_") and name.endswith("_"))
        for name in names
    )
    return fit and len(set(names)) == len(names)


def identifiers(names: Iterable[str], *, avoid: Iterable[str] = ()) -> dict[str, str]:
    """Return a Python name for each field of the wire *names*, none of them twice."""
    made: dict[str, str] = {}
    taken = {*_USED, *avoid}
    for name in names:
        plain = unicodedata.normalize("NFKC", name)
        if not plain.isidentifier() or plain != plain.lower():
            plain = _sayable("_".join(words_of(plain))) or "field"
        if plain.startswith("__") or not plain.isidentifier():
            plain = "field_" + plain.lstrip("_")
        made[name] = _free(plain, taken)
        taken.add(made[name])
    return made


def class_names(names: Iterable[str], *, avoid: Iterable[str] = ()) -> dict[str, str]:
    """Return a class name for each of *names*, such as OrderCompleted for "Order Completed"."""
    made: dict[str, str] = {}
    taken = {*_RESERVED, *avoid}
    for name in names:
        made[name] = _free(class_name(name), taken)
        taken.add(made[name])
    return made


def class_name(name: str) -> str:
    """Return *name* as a class name, which may be taken."""
    written = unicodedata.normalize("NFKC", name)
    parts = [part[:1].upper() + part[1:] for part in re.split(r"[\W_]+", written) if part]
    plain = _sayable("".join(parts))[:_LONG] or "Unnamed"
    return plain if plain.isidentifier() else f"N{plain}"


class ClassNames:
    """Gives class names one by one, none of them twice."""

    def __init__(self) -> None:
        self._taken = set(_RESERVED)
        self._numbers: dict[str, int] = {}

    def reserve(self, name: str) -> str:
        """Return a class name for *name* that was not given yet."""
        plain = class_name(name)
        found = _free(plain, self._taken, self._numbers)
        self._taken.add(found)
        return found


def member_names(values: Iterable[object]) -> list[str]:
    """Return a name for each member of an enum of *values*, none of them twice."""
    listed = [str(value) for value in values]
    made = identifiers(listed, avoid={"name", "value", "mro"})
    names: list[str] = []
    for value in listed:
        plain = _sayable(made[value].upper())
        if plain.startswith("_"):
            plain = "VALUE" + plain.rstrip("_")
        names.append(_free(plain, {*names}))
    return names


def _sayable(text: str) -> str:
    """Return *text* without the characters that no name of Python may have."""
    kept = "".join(sign for sign in text if f"_{sign}".isidentifier())
    return unicodedata.normalize("NFKC", kept)


def _free(name: str, taken: set[str], numbers: dict[str, int] | None = None) -> str:
    """Return *name*, or what is made of it, that is not *taken*.

    *numbers* holds for each name the last number that was tried.
    """
    if keyword.iskeyword(name):
        name += "_"
    if name in taken and f"{name}_" not in taken and not name.endswith("_"):
        return f"{name}_"
    found, n = name, 2 if numbers is None else numbers.get(name, 2)
    while found in taken or keyword.iskeyword(found):
        found, n = f"{name}{n}", n + 1
    if numbers is not None:
        numbers[name] = max(2, n - 1)
    return found
