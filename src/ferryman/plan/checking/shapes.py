"""What several values make: the fields of a class, looked at and built; items and entries.

Pure. A check returns what the encoder may have for a value. When that is the value itself all
the way down, the struct goes to the encoder as it is; otherwise a dict is built. Here must not
live: what a single value may be (checks.py), or how a class is read (compiler.py).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import is_
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET

from ferryman._core.kinds import is_default, key_text
from ferryman._core.plain import Wrong
from ferryman.plan.checking import quick
from ferryman.plan.checking.checks import Check, Take

_DICT: Final[frozenset[type]] = frozenset({dict})
_items: Final[Callable[[Any], tuple[object, ...]]] = msgspec.structs.astuple


class Field(NamedTuple):
    """One field of a shape, ready for the loop."""

    settled: frozenset[type]
    check: Take
    wire: str
    name: str
    omitted: msgspec.structs.FieldInfo | None
    """Holds the default that is left out, where the class asks for that."""


class Shape:
    """The fields of a class, and how to look at all of them at once."""

    def __init__(self, head: dict[str, object]) -> None:
        self.head = head
        self.native = False
        """Whether the encoder can write an instance by our rules."""
        self.fields: tuple[Field, ...] = ()
        self.rows: tuple[tuple[frozenset[type], Take, str], ...] = ()
        """The first three columns of the fields, for the loop."""
        self.test: quick.Test | None = None
        """The short way of a native shape, to be written into those that hold it."""
        self.is_plain: Callable[[Any], bool] = _never
        """The same, compiled: whether an instance is right, and may stay as it is."""
        self.build_plain: Callable[[Any], dict[str, object] | None] = _nothing
        """The short way of another: what the fields become, where the usual ones are right."""

        self.write: Callable[[Any], bytes]
        """The check and the encoder in one call, of a shape that stands alone: set by wire.py."""

    def take(self, value: object) -> object:
        """Return *value* if the encoder may have it as it is, or a dict; raises Wrong."""
        return value if self.native and self.holds(value) else self.build(value)

    def holds(self, value: Any) -> bool:
        """Whether every field of *value*, a struct, may stay as it is; raises Wrong."""
        if self.is_plain(value):
            return True
        for item, (settled, check, wire) in zip(_items(value), self.rows):  # noqa: B905 - a struct has as many as it has rows
            if type(item) not in settled:
                try:
                    if check(item) is not item:
                        return False
                except Wrong as wrong:
                    wrong.path.append(wire)
                    raise
        return True

    def build(self, value: object) -> dict[str, object]:
        """Return what the fields become; raises Wrong, with the path."""
        if (built := self.build_plain(value)) is not None:
            return built
        out = self.head.copy()
        for settled, check, wire, name, omitted in self.fields:
            item = getattr(value, name)
            if omitted and is_default(item, omitted):
                continue
            if type(item) not in settled:
                try:
                    item = check(item)
                except Wrong as wrong:
                    wrong.path.append(wire)
                    raise
            if item is not UNSET:
                out[wire] = item
        return out


def _never(_value: object) -> bool:
    return False


def _nothing(_value: object) -> None:
    return None


def all_hold(value: Iterable[object], settled: frozenset[type], check: Take) -> bool:
    """Whether every item of *value* may stay as it is; raises Wrong, with the place."""
    index = 0
    try:
        for item in value:
            if type(item) not in settled and check(item) is not item:
                return False
            index += 1
    except Wrong as wrong:
        wrong.path.append(index)
        raise
    return True


def take_items(value: Sequence[object], checks: Iterable[Check], *, native: bool) -> object:
    """Return what the items of *value* become, or *value* where nothing changes; raises Wrong."""
    out: list[object] = []
    try:
        for item, check in zip(value, checks, strict=False):
            out.append(item if type(item) in check.settled else check(item))
    except Wrong as wrong:
        wrong.path.append(len(out))
        raise
    return value if native and all(map(is_, out, value)) else out


def take_entries(
    value: Mapping[object, object], check_of: Callable[[str], Check | None], *, native: bool
) -> object:
    """Return what the entries of *value* become, or *value* where nothing changes; raises Wrong."""
    out: dict[str, object] = {}
    same = native and type(value) in _DICT
    for key, item in value.items():
        name = key_text(key)
        try:
            if (check := check_of(name)) is None:
                raise Wrong("is not declared")
            taken = out[name] = check(item)
            same = same and taken is item
        except Wrong as wrong:
            wrong.path.append(name)
            raise
    return value if same else out
