"""What decoded JSON is, told to the type checkers once.

Pure. Here must not live: what a document means.
"""

import re
from collections.abc import Mapping
from typing import Any, TypeGuard


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether *value* is an object of JSON."""
    return isinstance(value, Mapping)


def is_array(value: Any) -> TypeGuard[list[Any]]:
    """Whether *value* is an array of JSON."""
    return isinstance(value, list)


def object_at(value: Any, *steps: str) -> dict[str, Any]:
    """Return the object that *steps* lead to in *value*, or an empty one."""
    for step in steps:
        value = value.get(step) if is_object(value) else None
    return dict(value) if is_object(value) else {}


def array_at(value: Any, *steps: str) -> list[Any]:
    """Return the array that *steps* lead to in *value*, or an empty one."""
    *above, last = steps
    found = object_at(value, *above).get(last)
    return list(found) if is_array(found) else []


def pointed(root: Any, ref: str) -> Any:
    """Return what *ref*, such as ``#/$defs/Line``, points to in *root*, or None."""
    target = root
    for step in ref.removeprefix("#").strip("/").split("/") if ref != "#" else []:
        key = step.replace("~1", "/").replace("~0", "~").replace("%24", "$").replace("%20", " ")
        if is_array(target):
            index = int(key) if re.fullmatch("[0-9]{1,9}", key) else len(target)
            target = target[index] if index < len(target) else None
        else:
            target = target.get(key) if is_object(target) else None
    return target
