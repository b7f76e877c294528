"""What becomes of ranges, lengths, sizes and patterns.

Pure. A bound that moves inward refuses what code says today; one that moves outward lets through
what those who read never met. Here must not live: types (types.py).
"""

import math
import re
from fractions import Fraction
from typing import Any, Final, NamedTuple

from ferryman.plan.diff.change import Changes, Place

_SIZES: Final = {
    "minLength": ("length", 1),
    "maxLength": ("length", -1),
    "minItems": ("number of items", 1),
    "maxItems": ("number of items", -1),
    "minProperties": ("number of keys", 1),
    "maxProperties": ("number of keys", -1),
}
BOUNDS: Final = frozenset(
    {
        "minimum",
        "exclusiveMinimum",
        "maximum",
        "exclusiveMaximum",
        "multipleOf",
        "pattern",
        "uniqueItems",
        *_SIZES,
    }
)
"""The words that are compared here."""
_TIGHTER: Final = "code that says a value which was allowed is refused"
_LOOSER: Final = "nobody is refused, but campaigns and templates may meet values they never met"


class _Edge(NamedTuple):
    """An end of a range, turned so that the greater one allows less; none allows all."""

    value: Fraction | None
    exclusive: bool = False


def compare_bounds(old: dict[str, Any], new: dict[str, Any], where: Place, to: Changes) -> None:
    """Note how the bounds of two schemas of one type differ."""
    for sign, side in ((1, "lower"), (-1, "upper")):
        _edges(_edge(old, sign), _edge(new, sign), f"{side} end of the range", where, to)
    for word, (about, sign) in _SIZES.items():
        side = "least" if sign == 1 else "greatest"
        ends = [_end(schema, word, sign) for schema in (old, new)]
        _edges(ends[0], ends[1], f"{side} {about}", where, to)
    _multiples(_step(old), _step(new), where, to)
    _pattern(old.get("pattern"), new.get("pattern"), where, to)
    if bool(old.get("uniqueItems")) != bool(new.get("uniqueItems")):
        if new.get("uniqueItems"):
            reason = "code that gives a list, or an item twice, is refused"
            to.breaking(where, "items must be unique", reason)
        else:
            to.risky(where, "items may repeat", "templates may show an item twice")


def allows(schema: dict[str, Any], value: Any) -> bool:
    """Whether *value*, a text or a number of the type of *schema*, is within its bounds."""
    if isinstance(value, str):
        pattern = schema.get("pattern", "")
        return (
            schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
            and re.search(pattern, value) is not None
        )
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    number, step = Fraction(str(value)), _step(schema)
    ends = [(number * sign, _edge(schema, sign)) for sign in (1, -1)]
    within = all(
        edge.value is None or at > edge.value or (at == edge.value and not edge.exclusive)
        for at, edge in ends
    )
    return within and (not step or number % Fraction(str(step)) == 0)


def _end(schema: dict[str, Any], word: str, sign: int) -> _Edge:
    if word.startswith("min") and not schema.get(word):
        return _Edge(None)  # at least nothing is no bound
    return _Edge(Fraction(schema[word]) * sign) if word in schema else _Edge(None)


def _edge(schema: dict[str, Any], sign: int) -> _Edge:
    """Return the end of the range; for integers, more than 0 is at least 1."""
    plain, strict = ("minimum", "exclusiveMinimum")
    if sign == -1:
        plain, strict = ("maximum", "exclusiveMaximum")
    edges: list[tuple[Fraction, bool]] = []
    for word, exclusive in ((plain, False), (strict, True)):
        if word not in schema:
            continue
        value, excludes = Fraction(str(schema[word])) * sign, exclusive
        if schema.get("type") == "integer":
            whole = math.floor(value) + 1 if exclusive else math.ceil(value)
            value, excludes = Fraction(whole), False
        edges.append((value, excludes))
    return _Edge(*max(edges)) if edges else _Edge(None)


def _edges(old: _Edge, new: _Edge, about: str, where: Place, to: Changes) -> None:
    if old == new:
        return
    if old.value is None:
        to.breaking(where, f"{about} added", _TIGHTER)
    elif new.value is None:
        to.risky(where, f"{about} removed", _LOOSER)
    elif (new.value, new.exclusive) > (old.value, old.exclusive):
        to.breaking(where, f"{about} tightened", _TIGHTER)
    else:
        to.risky(where, f"{about} loosened", _LOOSER)


def _step(schema: dict[str, Any]) -> Any:
    """Return the step of a number; that of an integer which every integer has is none."""
    step = schema.get("multipleOf")
    idle = step and schema.get("type") == "integer" and 1 % Fraction(str(step)) == 0
    return None if idle else step


def _multiples(old: Any, new: Any, where: Place, to: Changes) -> None:
    if old == new:
        return
    what = f"step of the number changed from {_or_none(old)} to {_or_none(new)}"
    finer = new is None or (old is not None and Fraction(str(old)) % Fraction(str(new)) == 0)
    if finer:
        to.risky(where, what, _LOOSER)
    else:
        to.breaking(where, what, _TIGHTER)


def _pattern(old: Any, new: Any, where: Place, to: Changes) -> None:
    if old == new:
        return
    if old is None:
        to.breaking(where, "pattern added", "code that says text which does not match is refused")
    elif new is None:
        to.risky(where, "pattern removed", "templates and filters may meet text of any form")
    else:
        reason = "which texts still match cannot be told, so code that says one may be refused"
        to.breaking(where, "pattern changed", reason)


def _or_none(value: Any) -> str:
    return "none" if value is None else str(value)
