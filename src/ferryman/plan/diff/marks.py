"""What becomes of what classes and fields say about themselves: owners, versions, marks, names.

Pure. Here must not live: types (types.py).
"""

from typing import Any, Final

from ferryman.plan.diff.change import Changes, Place

MARKS: Final = frozenset(
    {
        "title",
        "description",
        "x-owner",
        "x-version",
        "deprecated",
        "x-successor",
        "x-personal",
        "x-reserved",
        "x-python",
        "x-kind",
        "x-name",
        "x-omit-defaults",
        "x-enum-varnames",
        "$comment",
        "examples",
    }
)
"""The words that are compared here, and the names by which classes are found."""
_TEXTS: Final = {
    "title": "title",
    "description": "description",
    "x-owner": "owner",
    "$comment": "comment",
    "examples": "examples",
}


def compare_marks(old: dict[str, Any], new: dict[str, Any], where: Place, to: Changes) -> None:
    """Note how what two classes or fields say about themselves differs."""
    for word, said in _TEXTS.items():
        if old.get(word) != new.get(word):
            to.safe(where, f"{said} {_how(old, new, word)}", "it is read by people, not by code")
    _version(int(old.get("x-version", 1)), int(new.get("x-version", 1)), where, to)
    _deprecation(old, new, where, to)
    if bool(old.get("x-personal")) != bool(new.get("x-personal")):
        if new.get("x-personal"):
            reason = "the value is what it was; from now on it is handled as personal data"
            to.safe(where, "marked as personal data", reason)
        else:
            reason = "whoever hides or erases personal data by its mark passes this over"
            to.risky(where, "mark of personal data removed", reason)
    if bool(old.get("x-reserved")) != bool(new.get("x-reserved")):
        what = "reserved name meant" if new.get("x-reserved") else "reserved name no longer meant"
        to.risky(where, what, "Customer.io acts by a reserved name, whatever the plan wants")
    if old.get("x-python") != new.get("x-python"):
        reason = "code that gives the field by its old name in Python is refused"
        to.breaking(where, "name in Python changed", reason)
    if bool(old.get("x-omit-defaults")) != bool(new.get("x-omit-defaults")):
        if new.get("x-omit-defaults"):
            reason = "campaigns and templates miss the fields that have their default"
            to.risky(where, "defaults are no longer sent", reason)
        else:
            to.safe(where, "defaults are sent", "whoever reads finds more than before")


def compare_members(old: dict[str, Any], new: dict[str, Any], where: Place, to: Changes) -> None:
    """Note the members of an enum that kept their value and changed their name."""
    names = [
        {
            repr(value): name
            for value, name in zip(
                schema.get("enum", ()), schema.get("x-enum-varnames", ()), strict=False
            )
        }
        for schema in (old, new)
    ]
    for value, name in names[0].items():
        renamed = names[1].get(value)
        if renamed not in (None, name):
            reason = f"code that says {name} no longer finds it, though the value is the same"
            to.breaking(where, f"enum member {name} renamed to {renamed}", reason)


def _how(old: dict[str, Any], new: dict[str, Any], word: str) -> str:
    if word not in old:
        return "added"
    return "changed" if word in new else "removed"


def _version(old: int, new: int, where: Place, to: Changes) -> None:
    if new > old:
        to.safe(where, f"version raised from {old} to {new}", "a version is a label, never sent")
    elif new < old:
        reason = "versions go up; a lower one is an older plan that came back, or a bad merge"
        to.risky(where, f"version lowered from {old} to {new}", reason)


def _deprecation(old: dict[str, Any], new: dict[str, Any], where: Place, to: Changes) -> None:
    was, is_now = bool(old.get("deprecated")), bool(new.get("deprecated"))
    before, successor = old.get("x-successor"), new.get("x-successor")
    if is_now and not was:
        if successor:
            reason = "it works as before, and its successor is named for who should move"
            to.safe(where, f"deprecated for {successor}", reason)
        else:
            reason = "it works as before, but nobody is told what to use instead"
            to.risky(where, "deprecated without a successor", reason)
    elif was and not is_now:
        to.safe(where, "no longer deprecated", "it works as before, and may be used again")
    elif before != successor:
        if successor:
            reason = "whoever has not moved yet is told another name; nothing stops"
            to.safe(where, f"successor is now {successor}", reason)
        else:
            reason = "nobody is told any more what to use instead"
            to.risky(where, "successor removed", reason)
