"""What several values make: structs and all that holds other values, checked and built.

Pure. Here a class is compiled, once for each API, into shapes that look at all its fields in
one loop. Here must not live: what a single value may be (checks.py).

A check returns what the encoder may have for a value. When that is the value itself all the
way down, the struct goes to the encoder as it is; otherwise a dict is built.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from operator import is_
from typing import Any, Final, NamedTuple, get_args, get_origin

import msgspec
from msgspec import UNSET, UnsetType, inspect

from ferryman._core.kinds import is_default, key_text
from ferryman._core.message import Api
from ferryman._core.plain import ENCODER, Wrong
from ferryman.errors import InvalidOperation
from ferryman.plan.checks import NOTHING, Check, Take, is_a, leaf, length_rules, ruled

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
        """The first three columns of the fields: the loop is hot."""

    def take(self, value: object) -> object:
        """Return *value* if the encoder may have it as it is, or a dict; raises Wrong."""
        return value if self.native and self.holds(value) else self.build(value)

    def holds(self, value: Any) -> bool:
        """Whether every field of *value*, a struct, may stay as it is; raises Wrong."""
        for item, (settled, check, wire) in zip(_items(value), self.rows):  # noqa: B905
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


def shape_of(cls: type, api: Api, *, at: str) -> Shape:
    """Compile what *cls*, a struct, may hold for *api*; *at* names it in errors.

    Raises InvalidOperation for a class with a type that msgspec does not know or cannot tell
    from another in a union.
    """
    try:
        return _Compiler(api).shape(cls)
    except (TypeError, NameError) as unknown:
        raise InvalidOperation(f"has a type that cannot be checked: {unknown}", field=at) from None


class _Compiler:
    """Compiles checks for one API; keeps the shapes it has met, since classes may be recursive."""

    def __init__(self, api: Api) -> None:
        self.api: Api = api
        self.shapes: dict[object, Shape] = {}

    def shape(self, cls: type) -> Shape:
        if (known := self.shapes.get(cls)) is not None:
            return known
        info = inspect.type_info(cls)
        assert isinstance(info, inspect.StructType | inspect.DataclassType)
        return self._shape(info)

    def _shape(self, info: inspect.StructType | inspect.DataclassType) -> Shape:
        # A class met inside itself is not native yet, and so never: its dict is as right.
        if (known := self.shapes.get(info.cls)) is not None:
            return known
        if isinstance(info, inspect.DataclassType):
            shape = self.shapes[info.cls] = Shape({})
            shape.fields = tuple(self._field(field, None)[0] for field in info.fields)
            return shape
        head: dict[str, object] = {} if info.tag is None else {info.tag_field or "type": info.tag}
        shape = self.shapes[info.cls] = Shape(head)
        declared = msgspec.structs.fields(info.cls)
        fields = [self._field(*both) for both in zip(info.fields, declared, strict=True)]
        if not _config(info.cls).omit_defaults:
            fields = [(field._replace(omitted=None), native) for field, native in fields]
        shape.fields = tuple(field for field, _ in fields)
        shape.rows = tuple(field[:3] for field in shape.fields)
        shape.native = all(native for _, native in fields)
        return shape

    def _field(
        self, field: inspect.Field, declared: msgspec.structs.FieldInfo | None
    ) -> tuple[Field, bool]:
        check = self.check(field.type)
        settled = check.settled
        if declared is not None and UnsetType in get_args(declared.type):
            settled |= {UnsetType}
        return Field(settled, check.best, field.encode_name, field.name, declared), check.native

    def check(self, kind: inspect.Type) -> Check:
        """Return what *kind* accepts."""
        match kind:
            case inspect.UnionType():
                return self._union(kind)
            case inspect.StructType() | inspect.DataclassType():
                return self._object(kind)
            case inspect.TypedDictType():
                return self._typed_dict(kind)
            case inspect.NamedTupleType(cls=cls, fields=fields):
                return self._row(cls, [field.type for field in fields])
            case inspect.TupleType(item_types=types):
                return self._row(tuple, list(types))
            case inspect.ListType() | inspect.VarTupleType():
                return self._array(kind)
            case inspect.SetType() | inspect.FrozenSetType():
                return self._set(kind)
            case inspect.DictType():
                return self._dict(kind)
            case _:
                return leaf(kind, self.api)

    def _union(self, kind: inspect.UnionType) -> Check:
        checks = [self.check(member) for member in kind.types]
        # An int fits float as well: let it be judged as the int it is.
        checks.sort(key=lambda check: check.expected == "float")

        def fits_any(value: object) -> bool:
            return any(check.fits(value) for check in checks)

        def take_first(value: object) -> object:
            return next(check for check in checks if check.fits(value)).take(value)

        return Check(
            " | ".join(check.expected for check in checks),
            fits_any,
            take_first,
            all(check.native for check in checks),
            NOTHING.union(*(check.settled for check in checks)),
        )

    def _object(self, kind: inspect.StructType | inspect.DataclassType) -> Check:
        cls: Any = get_origin(kind.cls) or kind.cls
        shape = self._shape(kind)

        def take_object(value: object) -> object:
            # A subclass may hold more fields than were declared: it is judged by its own.
            return (shape if type(value) is cls else self.shape(type(value))).take(value)

        def take_row(value: object) -> object:
            taken: Any = take_object(value)
            return value if taken is value else list(taken.values())

        row = isinstance(kind, inspect.StructType) and kind.array_like
        check = Check(cls.__name__, is_a(cls), take_row if row else take_object, shape.native)

        def quick(value: object) -> object:
            return value if type(value) is cls and shape.holds(value) else check(value)

        return check._replace(quick=quick) if shape.native else check

    def _typed_dict(self, kind: inspect.TypedDictType) -> Check:
        known = {field.name: self.check(field.type) for field in kind.fields}
        required = [field.name for field in kind.fields if field.required]

        def take_typed(value: Mapping[object, object]) -> object:
            for name in required:
                if name not in value:
                    raise Wrong(f"expected the key {name!r}")
            return _take_entries(value, known.get, native=native)

        native = all(check.native for check in known.values())
        return Check(kind.cls.__name__, is_a(dict), take_typed, native)

    def _row(self, cls: type, types: list[inspect.Type]) -> Check:
        checks = [self.check(member) for member in types]
        native = all(check.native for check in checks)

        def take_row(value: tuple[object, ...]) -> object:
            if len(value) != len(checks):
                raise Wrong(f"expected {len(checks)} items, got {len(value)}")
            return _take_items(value, checks, native=native)

        return Check(cls.__name__, is_a(cls), take_row, native)

    def _array(self, kind: inspect.ListType | inspect.VarTupleType) -> Check:
        item = self.check(kind.item_type)

        native, settled, best = item.native, item.settled, item.best

        def take_array(value: list[object] | tuple[object, ...]) -> object:
            if native and _all_hold(value, settled, best):
                return value
            return _take_items(value, repeat(item), native=False)

        # Sequence is told as list, so a tuple passes for either.
        name = "list" if isinstance(kind, inspect.ListType) else "tuple"
        take = ruled(length_rules(kind, name), take_array)
        return Check(name, is_a((list, tuple) if name == "list" else (tuple,)), take, item.native)

    def _set(self, kind: inspect.SetType | inspect.FrozenSetType) -> Check:
        item = self.check(kind.item_type)

        def take_set(value: set[object]) -> object:
            return sorted(map(item.best, value), key=ENCODER.encode)

        return Check("set", is_a((set, frozenset)), ruled(length_rules(kind, "set"), take_set))

    def _dict(self, kind: inspect.DictType) -> Check:
        key, item = self.check(kind.key_type), self.check(kind.value_type)

        def take_dict(value: Mapping[object, object]) -> object:
            for name in value:
                key(name)
            return _take_entries(value, lambda _: item, native=item.native)

        take = ruled(length_rules(kind, "dict"), take_dict)
        return Check("dict", is_a(Mapping), take, item.native)


def _config(cls: Any) -> msgspec.structs.StructConfig:
    config: msgspec.structs.StructConfig = (get_origin(cls) or cls).__struct_config__
    return config


def _all_hold(value: Iterable[object], settled: frozenset[type], best: Take) -> bool:
    index = 0
    try:
        for item in value:
            if type(item) not in settled and best(item) is not item:
                return False
            index += 1
    except Wrong as wrong:
        wrong.path.append(index)
        raise
    return True


def _take_items(value: Sequence[object], checks: Iterable[Check], *, native: bool) -> object:
    out: list[object] = []
    try:
        for item, check in zip(value, checks, strict=False):
            out.append(item if type(item) in check.settled else check.best(item))
    except Wrong as wrong:
        wrong.path.append(len(out))
        raise
    return value if native and all(map(is_, out, value)) else out


def _take_entries(
    value: Mapping[object, object], check_of: Callable[[str], Check | None], *, native: bool
) -> object:
    out: dict[str, object] = {}
    same = native and type(value) in _DICT
    for key, item in value.items():
        name = key_text(key)
        try:
            if (check := check_of(name)) is None:
                raise Wrong("is not declared")
            taken = out[name] = check.best(item)
            same = same and taken is item
        except Wrong as wrong:
            wrong.path.append(name)
            raise
    return value if same else out
