"""The path of a variable, from its first name to its last, and what to say where it ends early.

Pure. Here must not live: what is there (roots.py), or how it is used
(walk.py).
"""

from collections.abc import Mapping

from liquid.builtin.expressions import Path

from ferryman.plan.names.nearest import nearest
from ferryman.plan.templates.dialect import TAGS, Fault
from ferryman.plan.templates.fields import UNKNOWN, Missing, Step, Value
from ferryman.plan.templates.roots import OPEN, ROOTS, Roots, Target


class Paths:
    """Resolves paths of one template; adds what leads nowhere to *errors*."""

    def __init__(self, roots: Roots, target: Target, errors: list[Fault]) -> None:
        self._roots = roots
        self._target = target
        self._errors = errors

    def resolved(self, path: Path, names: Mapping[str, Value], *, is_told: bool) -> Value:
        """Return what *path* leads to, where *names* are bound; tells of an error if *is_told*."""
        head, *rest = path.path
        last = UNKNOWN
        at = path.token.start_index
        if not isinstance(head, str):
            return UNKNOWN
        if head in names:
            value = names[head]
        elif head in ROOTS:
            found = self._roots.whole(head, self._target)
            if rest and not isinstance(found, Missing):
                found = self._roots.first(head, _step(rest.pop(0)), self._target)
            value = self._told(found, path, at, is_told=is_told)
        else:
            if head not in OPEN and is_told:
                self._errors.append(Fault(at, "variable", *self._stranger(head, names)))
            return UNKNOWN
        for step in rest:
            last = value if value.spots else last
            value = self._told(self._roots.next(value, _step(step)), path, at, is_told=is_told)
        return value if value.spots else value._replace(inside=last.spots)

    def stepped(self, value: Value, name: str, at: int) -> Value:
        """Return the field *name* of *value*, which a filter names in a text."""
        return self._told(self._roots.next(value, name), f"{value.key}.{name}", at, is_told=True)

    def _told(self, found: Value | Missing, path: object, at: int, *, is_told: bool) -> Value:
        if isinstance(found, Value):
            return found
        if is_told:
            hint = nearest(found.step, found.names)
            self._errors.append(Fault(at, "variable", f"{path}: {found.what}", hint))
        return UNKNOWN

    def _stranger(self, head: str, names: Mapping[str, Value]) -> tuple[str, str]:
        """Return what to say of a path that begins with a name that nothing has."""
        if head in TAGS:
            return f"{head} is a tag, and shows nothing as a variable", f"{{% {head} %}}"
        if head in self._roots.events:
            return f"{head} is an event's name: its data is in event", "event"
        for root in ("event", "customer", "trigger"):
            found = self._roots.first(root, head, self._target)
            if isinstance(found, Value) and found.spots:
                return f"nothing provides {head}", f"{root}.{head}"
        return f"nothing provides {head}", nearest(head, {*ROOTS, *OPEN, *names})


def _step(step: str | int | Path) -> Step:
    return None if isinstance(step, Path) else step
