"""A class is read once for each API, and becomes a shape that looks at all its fields at once.

Pure. Here must not live: what a single value may be (checks.py), or the looking (shapes.py).
"""

from collections.abc import Mapping
from itertools import repeat
from typing import Any, get_args, get_origin

import msgspec
from msgspec import UnsetType, inspect

from ferryman._core.message import Api
from ferryman._core.plain import ENCODER, Wrong
from ferryman.errors import InvalidOperation
from ferryman.plan.checking import quick
from ferryman.plan.checking.checks import NOTHING, Check, is_a, leaf, length_rules, ruled
from ferryman.plan.checking.shapes import Field, Shape, all_hold, take_entries, take_items


def shape_of(cls: type, api: Api, *, at: str) -> Shape:
    """Compile what *cls*, a struct, may hold for *api*; *at* names it in errors.

    Raises InvalidOperation for a class with a type that msgspec does not know or cannot tell
    from another in a union.
    """
    try:
        return Compiler(api).shape(cls)
    except (TypeError, NameError) as unknown:
        raise InvalidOperation(f"has a type that cannot be checked: {unknown}", field=at) from None


class Compiler:
    """Compiles checks for one API; keeps the shapes it has met, since classes may be recursive."""

    def __init__(self, api: Api) -> None:
        self.api: Api = api
        self.shapes: dict[object, Shape] = {}

    def shape(self, cls: type) -> Shape:
        """Return the shape of *cls*, a struct or a dataclass."""
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
            checked = [(self.check(field.type), field) for field in info.fields]
            shape.fields = tuple(
                Field(check.settled, check.__call__, field.encode_name, field.name, None)
                for check, field in checked
            )
            return shape
        head: dict[str, object] = {} if info.tag is None else {info.tag_field or "type": info.tag}
        shape = self.shapes[info.cls] = Shape(head)
        cls: Any = get_origin(info.cls) or info.cls
        declared = msgspec.structs.fields(info.cls)
        checks = [self.check(field.type) for field in info.fields]
        omits = cls.__struct_config__.omit_defaults
        shape.fields = tuple(
            Field(
                check.settled | {UnsetType} if has_unset(own.type) else check.settled,
                check.__call__,
                field.encode_name,
                field.name,
                own if omits else None,
            )
            for field, own, check in zip(info.fields, declared, checks, strict=True)
        )
        shape.rows = tuple(field[:3] for field in shape.fields)
        shape.native = all(check.native for check in checks)
        if not info.array_like:
            self._shorten(shape, cls, checks)
        return shape

    def _shorten(self, shape: Shape, cls: type, checks: list[Check]) -> None:
        """Give *shape* the short ways that its fields allow."""
        tests: dict[str, quick.Test] = {}
        for field, check in zip(shape.fields, checks, strict=True):
            if check.native:
                may_lack = UnsetType in field.settled
                unset = [quick.is_one_of(frozenset({UnsetType}))] if may_lack else []
                tests[field.name] = quick.is_any([check.tested, *unset])
        test = quick.is_struct(cls, tests)
        if test is None:
            return
        if shape.native:
            shape.test = test
            shape.is_plain = quick.compiled_test(test) or shape.is_plain
        elif not any(field.omitted for field in shape.fields):
            rows = [(f.wire, f.name, None if f.name in tests else f.check) for f in shape.fields]
            shape.build_plain = quick.compiled_build(test, shape.head, rows) or shape.build_plain

    def check(self, kind: inspect.Type) -> Check:
        """Return what *kind* accepts."""
        match kind:
            case inspect.Metadata(type=inner):
                return self.check(inner)
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

        def first(value: object) -> Check | None:
            for check in checks:  # a loop: a generator costs more to make than the looks
                if check.fits(value):
                    return check
            return None

        def fits_any(value: object) -> bool:
            return first(value) is not None

        def take_first(value: object) -> object:
            if (found := first(value)) is None:
                raise Wrong(f"expected {expected}, got {type(value).__name__}")
            return found.take(value)

        native = all(check.native for check in checks)
        settled = NOTHING.union(*(check.settled for check in checks))
        tests = [check.tested for check in checks if not check.settled]
        if settled:
            tests.insert(0, quick.is_one_of(settled))
        expected = " | ".join(check.expected for check in checks)
        test = quick.is_any(tests) if native else None
        return Check(expected, fits_any, take_first, native, settled, test)

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
        take = take_row if row else take_object
        return Check(cls.__name__, is_a(cls), take, shape.native, test=shape.test)

    def _typed_dict(self, kind: inspect.TypedDictType) -> Check:
        known = {field.name: self.check(field.type) for field in kind.fields}
        required = [field.name for field in kind.fields if field.required]

        def take_typed(value: Mapping[object, object]) -> object:
            for name in required:
                if name not in value:
                    raise Wrong(f"expected the key {name!r}")
            return take_entries(value, known.get, native=native)

        native = all(check.native for check in known.values())
        return Check(kind.cls.__name__, is_a(dict), take_typed, native)

    def _row(self, cls: type, types: list[inspect.Type]) -> Check:
        checks = [self.check(member) for member in types]
        native = all(check.native for check in checks)

        def take_row(value: tuple[object, ...]) -> object:
            if len(value) != len(checks):
                raise Wrong(f"expected {len(checks)} items, got {len(value)}")
            return take_items(value, checks, native=native)

        return Check(cls.__name__, is_a(cls), take_row, native)

    def _array(self, kind: inspect.ListType | inspect.VarTupleType) -> Check:
        item = self.check(kind.item_type)

        def take_array(value: list[object] | tuple[object, ...]) -> object:
            if item.native and all_hold(value, item.settled, item.__call__):
                return value
            return take_items(value, repeat(item), native=False)

        # Sequence is told as list, so a tuple passes for either.
        name = "list" if isinstance(kind, inspect.ListType) else "tuple"
        rules = length_rules(kind, name)
        test = quick.is_list(item.tested) if name == "list" and item.native and not rules else None
        fits = is_a((list, tuple) if name == "list" else (tuple,))
        return Check(name, fits, ruled(rules, take_array), item.native, test=test)

    def _set(self, kind: inspect.SetType | inspect.FrozenSetType) -> Check:
        item = self.check(kind.item_type)

        def take_set(value: set[object]) -> object:
            return sorted(map(item.__call__, value), key=ENCODER.encode)

        return Check("set", is_a((set, frozenset)), ruled(length_rules(kind, "set"), take_set))

    def _dict(self, kind: inspect.DictType) -> Check:
        key, item = self.check(kind.key_type), self.check(kind.value_type)

        def take_dict(value: Mapping[object, object]) -> object:
            for name in value:
                key(name)
            return take_entries(value, lambda _: item, native=item.native)

        take = ruled(length_rules(kind, "dict"), take_dict)
        return Check("dict", is_a(Mapping), take, item.native)


def has_unset(declared: object) -> bool:
    """Whether *declared*, a type as written, has UNSET among its values."""
    return declared is UnsetType or any(map(has_unset, get_args(declared)))
