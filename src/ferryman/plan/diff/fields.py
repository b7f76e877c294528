"""What becomes of fields as such: added, removed, required, given a default.

Pure. Here must not live: the types of fields (types.py).
"""

import json
from typing import Any

from ferryman.plan.diff.change import Changes, Place
from ferryman.plan.jsonlike import object_at


def field_removed(old: Any, where: Place, to: Changes) -> None:
    """Note that the field *old* is gone."""
    reason = "code that gives it is refused, and campaigns and templates that read it find nothing"
    to.breaking(where, "field removed", reason + successor_hint(object_at(old)))


def successor_hint(old: dict[str, Any]) -> str:
    """Return what to add to a reason where *old*, a class or a field, names its successor."""
    heir = old.get("x-successor")
    return f"; it was deprecated for {heir}" if heir else ""


def field_added(new: Any, where: Place, to: Changes, *, required: bool) -> None:
    """Note that the field *new* is there."""
    if required:
        to.breaking(where, "required field added", "code that does not give it is refused")
    elif "default" in object_at(new):
        reason = "code that does not give it still runs, and nobody reads it yet"
        to.safe(where, "optional field with a default added", reason)
    else:
        reason = "code that does not give it still runs, and nobody reads it yet"
        to.safe(where, "optional field added", reason)


def compare_required(
    ways: tuple[bool, bool], new: dict[str, Any], where: Place, to: Changes
) -> None:
    """Note whether a field that was required is no more, or the other way round."""
    match ways:
        case (False, True):
            to.breaking(where, "required", "code that does not give it is refused")
        case (True, False):
            usual = f" or find its default {_text(new['default'])}" if "default" in new else ""
            reason = f"campaigns and templates that count on it may find nothing{usual}"
            to.risky(where, "no longer required", reason)
        case _:
            return


def compare_defaults(old: dict[str, Any], new: dict[str, Any], where: Place, to: Changes) -> None:
    """Note how the default of a field that need not be given differs."""
    had, has = "default" in old, "default" in new
    if has and not had:
        reason = "who gave nothing says the default now, and filters on whether it is there match"
        to.risky(where, f"default {_text(new['default'])} added", reason)
    elif had and not has:
        reason = "who gave nothing no longer says the default, and templates may find nothing"
        to.risky(where, "default removed", reason)
    elif had and _text(old["default"]) != _text(new["default"]):
        what = f"default changed from {_text(old['default'])} to {_text(new['default'])}"
        reason = "who gives nothing says something else, and filters on the value match otherwise"
        to.risky(where, what, reason)


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # to JSON 1 and 1.0 are one number
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
