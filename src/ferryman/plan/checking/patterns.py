"""Whether the search of a regular expression may take exponential time: decided, never tried.

Pure. Python's engine tries every way to match. Where a loop can match one text in two ways, such
as ``(a+)+`` or ``(a|a)*``, each further character of a text doubles the ways. Here the pattern
becomes an automaton whose states are its characters (Glushkov's), and two ways around one loop
are looked for. A search that takes quadratic time, or long because the pattern is long, is not
found. Here must not live: what follows from it.
"""

import importlib
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import Any, Final, NamedTuple

_MANY: Final = 10
"""A repeat of up to more than this is taken for one without end."""
_STATES: Final = 2_000
_STEPS: Final = 100_000
"""States, and steps from state to state, of the largest pattern that is looked through."""
_SIGNS: Final = "09azAZfF_- \t\n\r.,:;/@+é\u0663\u2028\U0001f600"
"""Beside those of a pattern: some of each category."""
_CATEGORIES: Final = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}


class _TooLarge(Exception):
    pass


class _Part(NamedTuple):
    """A part of a pattern: the states that it begins and ends with, and in how many ways.

    ``empty`` is the number of ways to match no text. Two ways are as good as more.
    """

    first: dict[int, int]
    last: dict[int, int]
    empty: int

    def or_empty(self) -> "_Part":
        """Return this part with one more way to match no text."""
        return self._replace(empty=min(2, self.empty + 1))


_NOTHING: Final = _Part({}, {}, 1)


def _added(states: dict[int, int], others: dict[int, int], ways: int) -> dict[int, int]:
    """Return *states* and *others*, each of which is reached in so many *ways* more."""
    if not ways:
        return states
    more = {state: states.get(state, 0) + count * ways for state, count in others.items()}
    return states | {state: min(2, count) for state, count in more.items()}


@lru_cache(maxsize=1_000)
def may_take_exponential_time(pattern: str) -> bool:
    """Return whether a search of *pattern*, which compiles, may take exponential time.

    True for a pattern that is too large to tell.
    """
    # The parser of re, under the name that it has had since Python 3.11.
    parsed: Any = importlib.import_module("re._parser").parse(pattern)
    pending = [list(parsed)]
    try:
        while pending:
            automaton = _Automaton(pattern, parsed.state.flags)
            automaton.sequence(pending.pop())
            if automaton.is_ambiguous():
                return True
            pending += automaton.apart
    except (_TooLarge, RecursionError):
        return True
    return False


class _Automaton:
    """The states of a pattern, each a set of characters, and how often one may follow another."""

    def __init__(self, pattern: str, flags: int) -> None:
        signs = dict.fromkeys(pattern + pattern.swapcase() + _SIGNS)
        signs |= {chr(min(ord(sign) + 1, 0x10FFFF)): None for sign in list(signs)}
        self._signs = list(signs)
        self._flags = flags
        self._masks: list[int] = []
        self._edges: Counter[tuple[int, int]] = Counter()
        self.apart: list[list[Any]] = []
        """What is matched on its own: lookaheads, atomic groups."""

    # -- building

    def sequence(self, items: Sequence[Any]) -> _Part:
        """Add *items*, one after the other."""
        found = _NOTHING
        for item in items:
            found = self._joined(found, self._item(*item))
        return found

    def _item(self, code: Any, given: Any) -> _Part:
        match str(code):
            case "AT":
                return _NOTHING
            case "ASSERT" | "ASSERT_NOT":
                self.apart.append(list(given[1]))
                return _NOTHING
            case "SUBPATTERN":
                return self.sequence(given[3])
            case "BRANCH":
                return self._either(given[1])
            case "GROUPREF_EXISTS":
                return self._either([given[1], given[2] or []])
            case "MAX_REPEAT" | "MIN_REPEAT":
                return self._repeat(*given)
            case "ATOMIC_GROUP":
                return self._whole(list(given))
            case "POSSESSIVE_REPEAT":
                return self._whole(list(given[2]))._replace(empty=int(given[0] == 0))
            case "GROUPREF":
                return self._state(-1)
            case _:
                return self._state(self._mask(str(code), given))

    def _state(self, mask: int) -> _Part:
        if len(self._masks) == _STATES:
            raise _TooLarge
        self._masks.append(mask)
        at = {len(self._masks) - 1: 1}
        return _Part(at, at, 0)

    def _whole(self, items: list[Any]) -> _Part:
        """Add *items* as one state: what they matched is not tried another way."""
        self.apart.append(items)
        return self._state(-1)

    def _joined(self, left: _Part, right: _Part) -> _Part:
        self._connect(left, right)
        return _Part(
            _added(left.first, right.first, left.empty),
            _added(right.last, left.last, right.empty),
            min(2, left.empty * right.empty),
        )

    def _connect(self, left: _Part, right: _Part) -> None:
        if len(self._edges) + len(left.last) * len(right.first) > _STEPS:
            raise _TooLarge
        for (one, ways), (other, more) in product(left.last.items(), right.first.items()):
            self._edges[one, other] += ways * more

    def _either(self, branches: Sequence[Any]) -> _Part:
        found = _Part({}, {}, 0)
        for part in map(self.sequence, branches):
            found = _Part(
                _added(found.first, part.first, 1),
                _added(found.last, part.last, 1),
                min(2, found.empty + part.empty),
            )
        return found

    def _repeat(self, least: Any, most: Any, items: Any) -> _Part:
        count, limit = int(least), int(most)
        if limit > _MANY and count != limit:
            found = _NOTHING
            for _ in range(min(count, _MANY) - 1):
                found = self._joined(found, self.sequence(items))
            loop = self.sequence(items)
            self._connect(loop, loop)
            return self._joined(found, loop if count else loop.or_empty())
        optional = _NOTHING
        for _ in range(limit - count):
            optional = self._joined(self.sequence(items), optional).or_empty()
        found = _NOTHING
        for _ in range(count):
            found = self._joined(found, self.sequence(items))
        return self._joined(found, optional)

    def _mask(self, code: str, given: Any) -> int:
        return sum(1 << n for n, sign in enumerate(self._signs) if self._matches(code, given, sign))

    def _matches(self, code: str, given: Any, sign: str) -> bool:
        cases = {sign, sign.swapcase()} if self._flags & re.IGNORECASE else {sign}
        match code:
            case "ANY":
                return bool(self._flags & re.DOTALL) or sign != "\n"
            case "LITERAL":
                return chr(given) in cases
            case "NOT_LITERAL":
                return chr(given) not in cases
            case "RANGE":
                return any(given[0] <= ord(case[0]) <= given[1] for case in cases)
            case "CATEGORY":
                return re.match(_CATEGORIES[str(given)], sign) is not None
            case "IN":
                negated = str(given[0][0]) == "NEGATE"
                return negated is not any(
                    self._matches(str(inner), what, sign) for inner, what in given[negated:]
                )
            case _:
                return True

    # -- judging

    def is_ambiguous(self) -> bool:
        """Whether one text leads around a loop in two ways."""
        after: list[list[int]] = [[] for _ in self._masks]
        for left, right in self._edges:
            after[left].append(right)
        loops = _loops(after)
        if any(
            count > 1 and loops[left] == loops[right]
            for (left, right), count in self._edges.items()
        ):
            return True
        inside = [[each for each in to if loops[each] == loops[n]] for n, to in enumerate(after)]
        stack = [(n, n) for n, to in enumerate(inside) if to]
        met, steps = set(stack), 0
        while stack:
            left, right = stack.pop()
            for one, other in product(inside[left], inside[right]):
                steps += 1
                if steps > _STEPS:
                    raise _TooLarge
                if not self._masks[one] & self._masks[other]:
                    continue
                if one == other and left != right:
                    return True  # they parted, and met again
                if (one, other) not in met:
                    met.add((one, other))
                    stack.append((one, other))
        return False


def _loops(after: list[list[int]]) -> list[int]:
    """Return for each state a number that those share which lead to each other."""
    number = [-1] * len(after)
    order: list[int] = []
    met: set[int] = set()
    for start in range(len(after)):
        stack = [(start, False)]
        while stack:
            at, is_done = stack.pop()
            if is_done:
                order.append(at)
            elif at not in met:
                met.add(at)
                stack.append((at, True))
                stack += [(each, False) for each in after[at]]
    before: list[list[int]] = [[] for _ in after]
    for at, to in enumerate(after):
        for each in to:
            before[each].append(at)
    for start in reversed(order):
        pending = [start] if number[start] < 0 else []
        while pending:
            at = pending.pop()
            if number[at] < 0:
                number[at] = start
                pending += before[at]
    return number
