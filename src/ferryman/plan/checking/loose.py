"""An event said by name, with its data in a dict, is checked against its class all the same.

Pure. Untyped code says a struct as a dict, an enum as its value, a moment as the number it
becomes: all of that is right here. What is sent is what was given; nothing is converted. Here
must not live: what typed values may be (compiler.py).
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from msgspec import inspect

from ferryman._core.kinds import key_text, take
from ferryman._core.message import Api
from ferryman._core.plain import Wrong
from ferryman.plan.checking.checks import Check, is_a, leaf, length_rules, ruled
from ferryman.plan.checking.types import bare, names_of

_Look = Callable[[Any], None]


class Loose:
    """Checks mappings against a class for one API."""

    def __init__(self, api: Api) -> None:
        self.api: Api = api
        self._infos: dict[type, inspect.Type] = {}
        self._known: dict[Any, dict[str, tuple[bool, _Look]]] = {}

    def check(self, cls: type, data: Mapping[Any, Any], *, partial: bool = False) -> None:
        """Raise Wrong when *data* is no *cls* said as a mapping; *partial* lets fields lack."""
        info = self._infos.get(cls)
        if info is None:
            info = self._infos[cls] = inspect.type_info(cls)
        self._object(info, data, partial=partial)

    def _fields(self, info: Any) -> dict[str, tuple[bool, _Look]]:
        if info.cls not in self._known:
            known = self._known[info.cls] = {}
            for field in info.fields:
                known[field.encode_name] = (field.required, self._look(field.type))
        return self._known[info.cls]

    def _object(self, info: Any, data: Any, *, partial: bool = False) -> None:
        fields = self._fields(info)
        tag = getattr(info, "tag", None)
        given: set[str] = set()
        for key, value in data.items():
            name = key_text(key)
            given.add(name)
            if tag is not None and name == (info.tag_field or "type"):
                if value != tag:
                    raise _at(name, Wrong(f"expected {tag!r}"))
                continue
            if name not in fields:
                raise _at(name, Wrong("is not declared"))
            try:
                fields[name][1](value)
            except Wrong as wrong:
                raise _at(name, wrong) from None
        for name, (required, _) in fields.items():
            if required and not partial and name not in given:
                raise _at(name, Wrong("is missing"))

    def _look(self, kind: inspect.Type) -> _Look:
        kind = bare(kind)
        match kind:
            case inspect.UnionType():
                return self._union(kind)
            case inspect.StructType(array_like=False) | inspect.DataclassType():
                return self._object_or_mapping(kind)
            case inspect.TypedDictType():
                return self._object_or_mapping(kind)
            case inspect.ListType() | inspect.VarTupleType() | inspect.SetType():
                return self._array(kind)
            case inspect.FrozenSetType():
                return self._array(kind)
            case inspect.DictType():
                return self._dict(kind)
            case inspect.TupleType() | inspect.NamedTupleType() | inspect.StructType():
                return self._row(kind)
            case _:
                return self._leaf(kind)

    def _object_or_mapping(self, kind: Any) -> _Look:
        def look(value: Any) -> None:
            if isinstance(value, kind.cls) and not isinstance(value, Mapping):
                names = {f.name: f.encode_name for f in kind.fields}
                value = {wire: getattr(value, name) for name, wire in names.items()}
            if not isinstance(value, Mapping):
                raise Wrong(f"expected {kind.cls.__name__}, got {type(value).__name__}")
            self._object(kind, value)

        return look

    def _union(self, kind: inspect.UnionType) -> _Look:
        looks = [self._look(member) for member in kind.types]
        named = " | ".join(_name(member) for member in kind.types)

        def look(value: Any) -> None:
            wrongs: list[Wrong] = []
            for each in looks:
                try:
                    return each(value)
                except Wrong as wrong:
                    wrongs.append(wrong)
            # The member that got furthest is the one that was meant.
            deepest = max(wrongs, key=lambda wrong: len(wrong.path))
            if deepest.path:
                raise deepest
            meant = [w for w in wrongs if ", got " not in w.rule]
            raise meant[0] if meant else Wrong(f"expected {named}, got {type(value).__name__}")

        return look

    def _array(self, kind: Any) -> _Look:
        item = self._look(kind.item_type)
        rules = ruled(length_rules(kind, "list"), lambda value: value)

        def look(value: Any) -> None:
            if not isinstance(value, list | tuple | set | frozenset):
                raise Wrong(f"expected list, got {type(value).__name__}")
            rules(value)
            for index, each in enumerate(cast("list[object]", value)):
                try:
                    item(each)
                except Wrong as wrong:
                    raise _at(index, wrong) from None

        return look

    def _row(self, kind: Any) -> _Look:
        types = getattr(kind, "item_types", None) or [field.type for field in kind.fields]
        looks = [self._look(each) for each in types]

        def look(value: Any) -> None:
            if not isinstance(value, list | tuple):
                raise Wrong(f"expected list, got {type(value).__name__}")
            items = cast("list[object]", value)
            if len(items) != len(looks):
                raise Wrong(f"expected {len(looks)} items, got {len(items)}")
            for index, (each, item) in enumerate(zip(looks, items, strict=True)):
                try:
                    each(item)
                except Wrong as wrong:
                    raise _at(index, wrong) from None

        return look

    def _dict(self, kind: inspect.DictType) -> _Look:
        key, item = self._look(kind.key_type), self._look(kind.value_type)
        rules = ruled(length_rules(kind, "dict"), lambda value: value)

        def look(value: Any) -> None:
            if not isinstance(value, Mapping):
                raise Wrong(f"expected dict, got {type(value).__name__}")
            rules(value)
            for name, each in cast("Mapping[object, object]", value).items():
                try:
                    key(name)
                    item(each)
                except Wrong as wrong:
                    raise _at(key_text(name), wrong) from None

        return look

    def _leaf(self, kind: inspect.Type) -> _Look:
        check = _as_said(kind, leaf(kind, self.api), self.api)

        def look(value: object) -> None:
            check(value)
            take(value, self.api, 1)

        return look


def _as_said(kind: inspect.Type, check: Check, api: Api) -> Check:
    """Return *check*, letting through what untyped code says instead."""
    written = str if api == "pipelines" else int
    match kind:
        case inspect.EnumType(cls=cls):
            values: frozenset[Any] = frozenset(each.value for each in cls)
            types: set[type] = {cls, *map(type, values)}
            fits = is_a(tuple(types))
            named = " or ".join(sorted(map(repr, values)))

            def take_value(value: Any) -> object:
                if not isinstance(value, cls) and value not in values:
                    raise Wrong(f"expected {named}")
                return value

            return Check(check.expected, fits, take_value)
        case inspect.DateTimeType() | inspect.DateType():
            moment = datetime if isinstance(kind, inspect.DateTimeType) else date
            return check._replace(fits=is_a((moment, written)), take=_it)
        case inspect.UUIDType():
            text = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
            is_uuid = re.compile(text).fullmatch

            def fits_uuid(value: object) -> bool:
                return check.fits(value) or (isinstance(value, str) and bool(is_uuid(value)))

            return check._replace(fits=fits_uuid, take=_it)
        case inspect.DecimalType():
            return check._replace(fits=is_a((Decimal, int, float)), take=_it)
        case _:
            return check


def _it(value: object) -> object:
    if isinstance(value, bool):
        raise Wrong("expected a moment or a number, got bool")
    return value


def _name(kind: inspect.Type) -> str:
    kind = bare(kind)
    if isinstance(kind, inspect.StructType | inspect.DataclassType | inspect.EnumType):
        name: str = kind.cls.__name__
        return name
    return next(iter(names_of(kind)))


def _at(step: str | int, wrong: Wrong) -> Wrong:
    wrong.path.append(step)
    return wrong
