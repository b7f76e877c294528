"""The patterns of a plan: those whose search may take exponential time in what customers wrote.

Pure. A pattern is searched in each value that is said, within the call that says it. Here must
not live: how such a pattern is told (checking/patterns.py).
"""

from collections.abc import Iterator
from typing import Any

from ferryman.plan.checking.patterns import may_take_exponential_time
from ferryman.plan.exchange.wellformed import compiles
from ferryman.plan.jsonlike import array_at, is_object
from ferryman.plan.review.declared import Plan
from ferryman.plan.review.finding import Findings


def check_patterns(plan: Plan, to: Findings) -> None:
    """Find the patterns of *plan* that may hold up the caller."""
    for each in plan.classes:
        for field in each.fields():
            for pattern in _patterns(field.schema):
                if compiles(pattern) and may_take_exponential_time(pattern):
                    what = f"has the pattern {pattern!r}"
                    to.add("slow-pattern", each.where(field.path), what, at=each.spot(field.path))


def _patterns(schema: Any) -> Iterator[str]:
    """Yield the patterns of a field; the fields of its classes are fields of their own."""
    if not is_object(schema):
        return
    if isinstance(pattern := schema.get("pattern"), str):
        yield pattern
    for word in ("items", "additionalProperties", "propertyNames"):
        yield from _patterns(schema.get(word))
    for word in ("anyOf", "prefixItems"):
        for member in array_at(schema, word):
            yield from _patterns(member)
