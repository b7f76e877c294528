"""What a condition of a template proves to be there: `{% if event.note %}` proves `event.note`.

Pure. Compared as the engines do: `nil != ""` and `nil != empty` hold, so neither proves anything.
Here must not live: the walk through a template (walk.py).
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from liquid.builtin.expressions import BooleanExpression, Nil, Path
from liquid.builtin.expressions.logical import (
    ContainsExpression,
    EqExpression,
    GeExpression,
    GtExpression,
    LeExpression,
    LogicalAndExpression,
    LogicalNotExpression,
    LogicalOrExpression,
    LtExpression,
    NeExpression,
)
from liquid.builtin.expressions.primitive import Blank, FalseLiteral
from liquid.expression import Expression

Keys: TypeAlias = frozenset[str]
_NOTHING: Final[Keys] = frozenset()
_PROVING: Final = (ContainsExpression, GeExpression, GtExpression, LeExpression, LtExpression)


def proved(condition: Expression, keys: Callable[[Path], Keys], *, holds: bool) -> Keys:
    """Return the paths that are there when *condition* holds, or when it does not.

    *keys* gives the paths that are there when the variable at a path has a value.
    """
    match condition:
        case BooleanExpression():
            return proved(condition.expression, keys, holds=holds)
        case LogicalNotExpression():
            return proved(condition.right, keys, holds=not holds)
        case LogicalAndExpression() | LogicalOrExpression():
            left = proved(condition.left, keys, holds=holds)
            right = proved(condition.right, keys, holds=holds)
            is_and = isinstance(condition, LogicalAndExpression)
            return left | right if is_and is holds else left & right
        case Path():
            return keys(condition) if holds else _NOTHING
        case EqExpression():
            return _compared(condition.left, condition.right, keys, equal=holds)
        case NeExpression():
            return _compared(condition.left, condition.right, keys, equal=not holds)
        case _:
            if holds and isinstance(condition, _PROVING) and isinstance(condition.left, Path):
                return keys(condition.left)
            return _NOTHING


def _compared(
    left: Expression, right: Expression, keys: Callable[[Path], Keys], *, equal: bool
) -> Keys:
    if not isinstance(left, Path):
        left, right = right, left
    if not isinstance(left, Path) or isinstance(right, Path):
        return _NOTHING
    is_absence = isinstance(right, Nil | Blank)
    if isinstance(right, FalseLiteral) and not equal:
        return _NOTHING
    return keys(left) if equal is not is_absence else _NOTHING
