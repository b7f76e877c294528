"""Foreign schemas of several parts, folded into one; and how much work a document may make.

Pure. Here lives ``allOf``. Here must not live: what the folded schema becomes (foreign.py).
"""

from collections.abc import Mapping
from typing import Any, Final

from ferryman.errors import InvalidOperation
from ferryman.plan.jsonlike import array_at, is_object, object_at, pointed

MAX_SCHEMAS: Final = 100_000
"""Schemas that are read, a reference counted as what it leads to."""
MAX_NESTED: Final = 60
"""Schemas in each other; each takes up to six frames of Python's 1,000."""


class Work:
    """How many schemas were read. References let a short document lead to any number of them."""

    def __init__(self) -> None:
        self.schemas = 0

    def add(self, schemas: int, hint: str) -> None:
        """Count *schemas* more; raise InvalidOperation, which names *hint*, for too many."""
        self.schemas += schemas
        if self.schemas > MAX_SCHEMAS:
            rule = f"leads to more than {MAX_SCHEMAS:,} schemas, its references followed"
            raise InvalidOperation(rule, field=place(hint))


class Merge:
    """Folds ``allOf``: all fields, and of the rest the nearest. Each reference is folded once."""

    def __init__(self, root: Mapping[str, Any], work: Work) -> None:
        self._root = root
        self._work = work
        self._refs: dict[str, dict[str, Any]] = {}

    def whole(self, given: Any, hint: str, depth: int = 0) -> dict[str, Any]:
        """Return *given* without ``allOf``, whose parts are in it."""
        if not is_object(given):
            return {}
        if depth > MAX_NESTED:
            raise InvalidOperation(f"has more than {MAX_NESTED} allOf in a row", field=place(hint))
        found: dict[str, Any] = {}
        fields: dict[str, Any] = {}
        required: dict[str, None] = {}
        own = {word: value for word, value in dict(given).items() if word != "allOf"}
        for part in [*array_at(given, "allOf"), own]:
            self._work.add(1, hint)
            target = part if part is own else self._part(part, hint, depth + 1)
            fields |= object_at(target, "properties")
            required |= {
                name: None for name in array_at(target, "required") if isinstance(name, str)
            }
            found |= target
        if fields:
            found["properties"] = fields
        if required:
            found["required"] = list(required)
        return found

    def _part(self, part: Any, hint: str, depth: int) -> dict[str, Any]:
        ref = part.get("$ref") if is_object(part) else None
        if not isinstance(ref, str):
            return self.whole(part, hint, depth)
        if ref not in self._refs:
            self._refs[ref] = {}  # a class that is made of itself ends here
            self._refs[ref] = self.whole(pointed(self._root, ref), ref, depth)
        return self._refs[ref]


def place(hint: str) -> str:
    """Return *hint*, the class or the reference that is being read, as an error names it."""
    return f"document at {hint[:120]}"
