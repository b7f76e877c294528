"""What each kind of Python value means on the wire: one table, which code, docs and tests read.

Pure. Here live the rules (:data:`KINDS`) and the long way, which copies a value into plain data
kind by kind and knows the path of what it refuses. Here must not live: the short way and the
encoder's callers, which are in encode.py.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Set
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, Final, NoReturn, TypeAlias
from uuid import UUID  # the class only, to recognise a value; no id is made here

import msgspec

from ferryman._core.message import Api
from ferryman._core.plain import ENCODER, MAX_FLOAT, MAX_INT, SURROGATE, Wrong, written

MAX_DEPTH: Final = 64
_FAR_FROM_DEEP: Final = MAX_DEPTH - 4  # what is written at once is not counted, four levels of it
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE: Final = "is a naive datetime: say its zone, as in datetime.now(UTC)"
_NOT_FINITE: Final = "is NaN or infinite, which JSON cannot say: send None, or leave it out"


# Each function takes one kind of value: (value, api, depth) -> what the encoder may have.
_Take: TypeAlias = Callable[[Any, Api, int], object]
_Entries: TypeAlias = Iterable[tuple[object, object]]


def take(value: object, api: Api, depth: int) -> object:
    """Return *value* as the encoder may have it, by its rule; raises Wrong."""
    return _take_of(type(value))(value, api, depth)


_SETTLED: Final[frozenset[type]] = frozenset({str, bool, type(None)})
"""Types whose every value the encoder may have; a lone surrogate it notices itself."""


def _below(depth: int) -> int:
    if depth >= MAX_DEPTH:
        raise Wrong(f"is nested deeper than {MAX_DEPTH} levels, or holds itself")
    return depth + 1


def _as_is(value: object, _api: Api, _depth: int) -> object:
    return value


def _str(value: str, _api: Api, _depth: int) -> str:
    return str.__str__(value)


def _int(value: int, _api: Api, _depth: int) -> int:
    if not -MAX_INT <= value <= MAX_INT:
        raise Wrong("is an integer beyond 2**53 - 1, which would be rounded: send it as str")
    return int.__int__(value)


def _float(value: float, _api: Api, _depth: int) -> float:
    if not -MAX_FLOAT <= value <= MAX_FLOAT:
        raise Wrong(_NOT_FINITE)
    return float.__float__(value)


def _decimal(value: Decimal, _api: Api, _depth: int) -> Decimal:
    if not value.is_finite():
        raise Wrong(_NOT_FINITE)
    return value if type(value) is Decimal else Decimal(value)


def _datetime(value: datetime, api: Api, _depth: int) -> int | str:
    return iso8601(value) if api == "pipelines" else seconds(value)


def _date(value: date, api: Api, depth: int) -> int | str:
    return _datetime(datetime(value.year, value.month, value.day, tzinfo=UTC), api, depth)


def _uuid(value: UUID, _api: Api, _depth: int) -> str:
    return str(value)


def _enum(value: Enum, api: Api, depth: int) -> object:
    return take(value.value, api, _below(depth))


def _array(value: list[object] | tuple[object, ...], api: Api, depth: int) -> object:
    if depth < _FAR_FROM_DEEP and (raw := written(value)) is not None:
        return raw
    out: list[object] = []
    below = _below(depth)
    try:
        for item in value:
            out.append(item if type(item) in _SETTLED else _take_of(type(item))(item, api, below))
    except Wrong as wrong:
        wrong.path.append(len(out))
        raise
    return out


def _set(value: Set[object], api: Api, depth: int) -> list[object]:
    below = _below(depth)
    items = [take(item, api, below) for item in value]
    try:
        return sorted(items, key=ENCODER.encode)
    except UnicodeEncodeError:
        raise Wrong(SURROGATE) from None


# The entries that a dict holds, as the encoder sees them, even where a subclass shows others.
_held: Final[Callable[[dict[object, object]], _Entries]] = dict[object, object].items


def _dict(value: dict[object, object], api: Api, depth: int) -> object:
    if 0 < depth < _FAR_FROM_DEEP and (raw := written(value)) is not None:
        return raw
    return _entries(_held(value), api, depth)


def _mapping(value: Mapping[object, object], api: Api, depth: int) -> dict[str, object]:
    return _entries(value.items(), api, depth)


def _entries(entries: _Entries, api: Api, depth: int) -> dict[str, object]:
    out: dict[str, object] = {}
    below = _below(depth)
    for key, item in entries:
        name = key if type(key) is str else key_text(key)
        if name in out:
            raise Wrong("has two keys that are the same string")
        try:
            out[name] = item if type(item) in _SETTLED else _take_of(type(item))(item, api, below)
        except Wrong as wrong:
            wrong.path.append(name)
            raise
    return out


def key_text(key: object) -> str:
    """Return the text of a *key*; raises Wrong when it is not a string."""
    if isinstance(key, Enum):
        key = key.value
    if not isinstance(key, str):
        raise Wrong(f"has a key that is not a string but {type(key).__name__}")
    return str.__str__(key)


def _dataclass(value: Any, api: Api, depth: int) -> dict[str, object]:
    names = [field.name for field in dataclasses.fields(value)]
    return _entries([(name, getattr(value, name)) for name in names], api, depth)


def _struct(value: msgspec.Struct, api: Api, depth: int) -> object:
    if type(value).__module__.partition(".")[0] == "ferryman":
        # Keys of an account, an identifier that is no attribute: never by accident.
        raise Wrong(f"is a {type(value).__name__} of ferryman's: send the text that is meant")
    config = value.__struct_config__
    entries = {name: getattr(value, name) for name in value.__struct_fields__}
    if config.array_like:
        return _array(list(entries.values()), api, depth)
    named: list[tuple[object, object]] = []
    if config.tag is not None:
        named.append((config.tag_field, config.tag))
    for field in msgspec.structs.fields(type(value)):
        item = entries[field.name]
        if item is not msgspec.UNSET and not (config.omit_defaults and is_default(item, field)):
            named.append((field.encode_name, item))
    return _entries(named, api, depth)


def is_default(value: object, field: msgspec.structs.FieldInfo) -> bool:
    """Whether msgspec's ``omit_defaults`` leaves *value* out; both ways must write the same."""
    factory = field.default_factory
    if factory in {list, dict, set}:
        return type(value) is factory and not value
    return value is field.default


def _model(value: Any, api: Api, depth: int) -> object:
    try:
        dumped = value.model_dump()
    except Exception:  # its text quotes what it could not serialize
        raise Wrong(f"is a {type(value).__name__} whose model_dump() failed") from None
    return take(dumped, api, _below(depth))


def _refuse(rule: str) -> _Take:
    def refuse(value: object, _api: Api, _depth: int) -> NoReturn:
        cls = type(value)
        name = cls.__name__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__name__}"
        raise Wrong(f"is of type {name}: {rule}")

    return refuse


def seconds(moment: datetime) -> int:
    """Return the whole Unix second that *moment* lies in; raises Wrong."""
    since = _since_epoch(moment)
    return since.days * 86_400 + since.seconds


def iso8601(moment: datetime) -> str:
    """Return *moment* in UTC, with as many digits of its fraction as it needs; raises Wrong."""
    since = _since_epoch(moment)
    try:
        utc = EPOCH + timedelta(since.days, since.seconds, since.microseconds)
    except OverflowError:
        raise Wrong("is outside the years 1 to 9999 in UTC") from None
    spec = "seconds" if not utc.microsecond else "milliseconds"
    if utc.microsecond % 1000:
        spec = "microseconds"
    return utc.isoformat(timespec=spec)[:-6] + "Z"


def _since_epoch(moment: datetime) -> timedelta:
    # Counted in integers: float seconds round the last microsecond of a far year upwards.
    try:
        if moment.utcoffset() is None:
            raise Wrong(_NAIVE)
    except ValueError:  # as pandas' NaT does, which is a datetime too
        raise Wrong("is a datetime that names no moment") from None
    return moment - EPOCH


class Kind(msgspec.Struct, frozen=True):
    """One row of :data:`KINDS`: which values, and what becomes of them."""

    name: str
    is_kind: tuple[type, ...] | Callable[[type], bool]
    rule: str
    take: _Take

    def __contains__(self, cls: type) -> bool:
        """Whether values of *cls* are of this kind."""
        if callable(self.is_kind):
            return self.is_kind(cls)
        return issubclass(cls, self.is_kind)


def _has_model_dump(cls: type) -> bool:
    return callable(getattr(cls, "model_dump", None))


KINDS: Final[tuple[Kind, ...]] = (
    Kind("None", (type(None),), "null; on a person it removes the attribute", _as_is),
    Kind("bool", (bool,), "true or false", _as_is),
    Kind("Enum", (Enum,), "the rule of its value", _enum),
    Kind("str", (str,), "a string; a lone surrogate is an error", _str),
    Kind("int", (int,), "a number up to 2**53 - 1 either way; beyond is an error", _int),
    Kind("float", (float,), "a number; NaN and infinities are an error", _float),
    Kind("Decimal", (Decimal,), "a number with the same digits; NaN is an error", _decimal),
    Kind(
        "datetime",
        (datetime,),
        "aware: whole Unix seconds, fraction dropped (Track, App), ISO 8601 in UTC (Pipelines); "
        "naive is an error",
        _datetime,
    ),
    Kind("date", (date,), "midnight UTC of that day, as a datetime", _date),
    Kind(
        "time, timedelta",
        (time, timedelta),
        "an error: send seconds as a number, or text",
        _refuse("send seconds as a number, or text"),
    ),
    Kind("UUID", (UUID,), "its text, such as 8c5a7e9e-0c6e-4d6a-9d55-0a8d4a5a2f10", _uuid),
    Kind(
        "bytes, bytearray, memoryview",
        (bytes, bytearray, memoryview),
        "an error: decode it first",
        _refuse("decode it first"),
    ),
    Kind("list, tuple", (list, tuple), "an array", _array),
    Kind("set, frozenset", (set, frozenset), "an array, sorted by its JSON text", _set),
    Kind("dict", (dict,), "an object; a key that is not a string is an error", _dict),
    Kind("Mapping", (Mapping,), "an object; a key that is not a string is an error", _mapping),
    Kind("msgspec.Struct", (msgspec.Struct,), "an object of its fields, UNSET left out", _struct),
    Kind("dataclass", dataclasses.is_dataclass, "an object of its fields", _dataclass),
    Kind("pydantic model", _has_model_dump, "an object of its model_dump()", _model),
    Kind(
        "anything else",
        (object,),
        "an error that names the type",
        _refuse("send str, int, float, bool, None, a list or a dict"),
    ),
)
"""The rules. The first row that fits a value's type holds; a subclass falls under its base."""


def _find(cls: type) -> _Take:
    return next(kind.take for kind in KINDS if cls in kind)


# Typed by hand: to mypy a class is not hashable.
_take_of: Final[Callable[[type], _Take]] = lru_cache(maxsize=1024)(_find)
