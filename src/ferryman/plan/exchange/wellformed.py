"""A document is checked before anything is made of it: its size, its depth, and our words in it.

Pure. Here lives what each word of our form must hold, so that no part of a document reaches a
generated module unseen. Here must not live: how a document becomes code (generate.py), or what
that code may be (allowlist.py).
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from ferryman.errors import InvalidOperation
from ferryman.plan.jsonlike import is_array, is_object, object_at
from ferryman.plan.names.conventions import Conventions
from ferryman.plan.names.identifiers import is_field_name

MAX_VALUES: Final = 1_000_000
"""JSON values of a document: 1,000 events of 100 fields have about half as many."""
MAX_DEPTH: Final = 64
"""Arrays and objects in each other; Python's parser takes 200 brackets."""
_SHOWN: Final = 160
"""Characters of a place that are told."""
_At: TypeAlias = "tuple[_At, str | int] | None"


class _Rule(NamedTuple):
    holds: Callable[[Any], bool]
    rule: str


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_version(value: Any) -> bool:
    return type(value) is int and value >= 1


def _is_number(value: Any) -> bool:
    # msgspec takes no other whole numbers as bounds.
    return type(value) is float or (type(value) is int and -(2**63) <= value < 2**63)


def _is_step(value: Any) -> bool:
    return _is_number(value) and bool(value > 0)


def _is_pattern(value: Any) -> bool:
    return isinstance(value, str) and compiles(value)


def _is_choice(value: Any) -> bool:
    return value is None or type(value) in (str, int)


def _are_choices(value: Any) -> bool:
    return is_array(value) and bool(value) and all(map(_is_choice, value))


def _are_texts(value: Any) -> bool:
    return is_array(value) and all(map(_is_text, value))


def _one_of(*values: str) -> _Rule:
    return _Rule(values.__contains__, f"must be one of {', '.join(values)}")


_TEXT: Final = _Rule(_is_text, "must be text")
_TRUTH: Final = _Rule(_is_truth, "must be true or false")
_NUMBER: Final = _Rule(_is_number, "must be a number of at most 64 bits")
_COUNT: Final = _Rule(_is_count, "must be a whole number from 0")
_LIST: Final = _Rule(is_array, "must be an array")
_OBJECT: Final = _Rule(is_object, "must be an object")
_MODE: Final = _one_of("enforce", "warn", "off")
_WORDS: Final[dict[str, _Rule]] = {
    "type": _one_of("null", "boolean", "string", "integer", "number", "array", "object"),
    "description": _TEXT,
    "format": _TEXT,
    "pattern": _Rule(_is_pattern, "must be a regular expression of Python's"),
    "minimum": _NUMBER,
    "maximum": _NUMBER,
    "exclusiveMinimum": _NUMBER,
    "exclusiveMaximum": _NUMBER,
    "multipleOf": _Rule(_is_step, "must be a number above 0"),
    "minLength": _COUNT,
    "maxLength": _COUNT,
    "minItems": _COUNT,
    "maxItems": _COUNT,
    "minProperties": _COUNT,
    "maxProperties": _COUNT,
    "uniqueItems": _TRUTH,
    "examples": _LIST,
    "deprecated": _TRUTH,
    "const": _Rule(_is_choice, "must be text, a whole number or null"),
    "enum": _Rule(_are_choices, "must be an array of texts, whole numbers or null"),
    "required": _Rule(_are_texts, "must be an array of texts"),
    "x-kind": _one_of("event", "person", "object", "message"),
    "x-name": _TEXT,
    "x-owner": _TEXT,
    "x-successor": _TEXT,
    "x-version": _Rule(_is_version, "must be a whole number from 1"),
    "x-personal": _TRUTH,
    "x-reserved": _TRUTH,
    "x-omit-defaults": _TRUTH,
    "x-type": _one_of("date", "decimal", "tuple", "frozenset"),
    "x-python": _Rule(is_field_name, "must be a name that a field can have in Python"),
    "x-enum-varnames": _LIST,
}
"""What the words of our form hold; what else stands in a schema is data, and written as such."""
_ALIKE: Final = _Rule(({"str"}, {"int"}).__contains__, "must be all texts or all whole numbers")
_TAG: Final = _Rule(
    ("str", "int").__contains__, "must be a field whose const is text or a whole number"
)
_KINDS: Final = {"events": "event", "objects": "object", "messages": "message"}


def _is_unicode(text: str) -> bool:
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def compiles(pattern: str) -> bool:
    """Whether *pattern* is a regular expression of Python's."""
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def fits(word: str, value: Any) -> bool:
    """Whether *value* is what the *word* of our form holds."""
    return _WORDS[word].holds(value)


def check_size(document: Any) -> None:
    """Raise InvalidOperation where *document* is too large, too deep, or has an infinite number.

    What is referred to twice counts twice, as it would in the code.
    """
    count = 0
    stack: list[tuple[Any, _At, int]] = [(document, None, 0)]
    while stack:
        value, at, depth = stack.pop()
        count += 1
        if count > MAX_VALUES:
            raise _wrong(f"has more than {MAX_VALUES:,} values, its references followed", at)
        if isinstance(value, float) and not math.isfinite(value):
            raise _wrong("must be a finite number", at)
        if isinstance(value, str) and not _is_unicode(value):
            raise _wrong("must be text without lone surrogates", at)
        inner = (
            list(value.items())
            if is_object(value)
            else list(enumerate(value))
            if is_array(value)
            else []
        )
        if inner and depth == MAX_DEPTH:
            raise _wrong(f"is nested deeper than {MAX_DEPTH} levels", at)
        if not all(_is_unicode(step) for step, _ in inner if isinstance(step, str)):
            raise _wrong("must have names without lone surrogates", at)
        stack += [(each, (at, step), depth + 1) for step, each in inner]


def check_document(document: Mapping[str, Any]) -> None:
    """Raise InvalidOperation, which names the place, where *document* is not of our form."""
    check_size(document)
    defs = document.get("$defs", {})
    _check(defs, _OBJECT, "#/$defs")
    for key, schema in defs.items():
        at = _under("#/$defs", key)
        _check(schema, _OBJECT, at)
        _check_schema(schema, defs, at)
        _check_class(schema, at)
    for word in ("title", "description"):
        _check(document.get(word, ""), _TEXT, f"#/{word}")
    _check_listed(document, defs)
    about = object_at(document, "x-ferryman")
    _check(about.get("mode", "enforce"), _MODE, "#/x-ferryman/mode")
    conventions = about.get("conventions", {})
    _check(conventions, _OBJECT, "#/x-ferryman/conventions")
    Conventions(**{key: conventions[key] for key in conventions_of(conventions)})


def conventions_of(given: Mapping[str, Any]) -> list[str]:
    """Return the keys of *given* that a plan's conventions have; others are not taken over."""
    return [key for key in Conventions.__struct_fields__ if key in given]


def _check_listed(document: Mapping[str, Any], defs: dict[str, Any]) -> None:
    properties = object_at(document, "properties")
    for group, kind in _KINDS.items():
        for name, each in object_at(properties, group, "properties").items():
            _check_kind(each, kind, defs, _under(f"#/properties/{group}/properties", name))
    if "person" in properties:
        _check_kind(properties["person"], "person", defs, "#/properties/person")


def _check_kind(ref: Any, kind: str, defs: dict[str, Any], at: str) -> None:
    target = object_at(defs, _key(object_at(ref).get("$ref")))
    if target.get("x-kind") != kind:
        raise InvalidOperation(f"must refer to a class of x-kind {kind}", field=_told(at))


def _check_schema(schema: Any, defs: dict[str, Any], at: str) -> None:
    for word, value in schema.items():
        if rule := _WORDS.get(word):
            _check(value, rule, _under(at, word))
    if "$ref" in schema and _key(schema["$ref"]) not in defs:
        raise InvalidOperation("refers to no class of the document", field=_told(f"{at}/$ref"))
    for step, inner in _inner(schema, at):
        _check(inner, _OBJECT, step)
        _check_schema(inner, defs, step)


def _inner(schema: dict[str, Any], at: str) -> Iterator[tuple[str, Any]]:
    for word in ("anyOf", "prefixItems"):
        if word in schema:
            members: Any = schema[word]
            _check(members, _LIST, _under(at, word))
            yield from ((f"{at}/{word}/{n}", each) for n, each in enumerate(members))
    for word in ("items", "additionalProperties", "propertyNames"):
        if not isinstance(schema.get(word, True), bool):
            yield f"{at}/{word}", schema[word]
    if "properties" in schema:
        listed: Any = schema["properties"]
        _check(listed, _OBJECT, f"{at}/properties")
        yield from ((_under(f"{at}/properties", name), each) for name, each in listed.items())


def _check_class(schema: dict[str, Any], at: str) -> None:
    if "enum" in schema:
        _check({type(value).__name__ for value in schema["enum"]}, _ALIKE, f"{at}/enum")
    elif "x-tag" in schema:
        tag = object_at(schema, "properties", str(schema["x-tag"])).get("const")
        _check(type(tag).__name__, _TAG, f"{at}/x-tag")


def _key(ref: Any) -> str:
    return ref.removeprefix("#/$defs/") if isinstance(ref, str) else ""


def _check(value: Any, rule: _Rule, at: str) -> None:
    if not rule.holds(value):
        raise InvalidOperation(rule.rule, field=_told(at))


def _under(at: str, step: str) -> str:
    return f"{at}/{step.replace('~', '~0').replace('/', '~1')}"


def _wrong(rule: str, at: _At) -> InvalidOperation:
    steps: list[str] = []
    while at is not None:
        at, step = at
        steps.append(_under("", str(step)))
    return InvalidOperation(rule, field=_told("#" + "".join(reversed(steps))))


def _told(at: str) -> str:
    """Return the place *at*, a JSON pointer, as an error names it."""
    return "document" if at == "#" else f"document {at if len(at) <= _SHOWN else at[:_SHOWN] + '…'}"
