"""One look at a value that is right, written as Python source and compiled, as dataclasses are.

Pure. Here lives the short way of a check: an expression that is true only for values that are
right and that the encoder writes as they are. When it is false the long way (shapes.py) looks
again, and says what is wrong and where. Here must not live: errors, or what a type accepts.

Names of fields get into the source only when they are identifiers, everything else by reference.
"""

import math
from collections.abc import Callable, Iterable
from keyword import iskeyword
from typing import Any, TypeAlias

from msgspec import UNSET

from ferryman._core.plain import Wrong

MAX_LENGTH = 4_000
"""Characters of an expression; beyond, a class is nested so often that the long way does."""


class Names:
    """What the source of one expression refers to."""

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}
        self._locals = 0

    def of(self, value: object) -> str:
        """Return the name by which the source calls *value*."""
        name = f"_{len(self.known)}"
        self.known[name] = value
        return name

    def local(self) -> str:
        """Return a name of its own for what the source looks at more than once."""
        self._locals += 1
        return f"x{self._locals}"


Test: TypeAlias = Callable[[str, Names], str]
"""Returns the source of an expression over a value's own source, such as ``value.total``."""


Take: TypeAlias = Callable[[Any], object]


def is_one_of(types: frozenset[type]) -> Test:
    """Return the test whether the value's type is exactly one of *types*."""

    def write(x: str, names: Names) -> str:
        if len(types) == 1:
            return f"type({x}) is {names.of(next(iter(types)))}"
        if len(types) == 2:  # such as str | None: half the cost of asking a set
            local = names.local()
            one, other = map(names.of, types)
            return f"((({local} := type({x})) is {one}) or {local} is {other})"
        return f"type({x}) in {names.of(types)}"

    return write


def is_between(cls: type, ends: Iterable[tuple[str, float]], step: float | None = None) -> Test:
    """Return the test whether the value is exactly a *cls* within *ends*; never NaN.

    An end is a comparison and a bound, such as ``(">=", 1)``; of a *step* it is a multiple.
    """
    bounds = [(sign, _as(cls, bound)) for sign, bound in ends]

    def write(x: str, names: Names) -> str:
        local = names.local()
        tests = [f"type({local} := {x}) is {names.of(cls)}"]
        # Two comparisons and not a chain: the interpreter has a short way for each.
        tests += [f"{local} {sign} {names.of(bound)}" for sign, bound in bounds]
        if step is not None:
            tests.append(f"not {names.of(math.fmod)}({local}, {names.of(step)})")
        return " and ".join(tests)

    return write


def is_text(low: int | None, high: int | None, search: Callable[[str], object] | None) -> Test:
    """Return the test whether the value is exactly a str from *low* to *high* characters.

    *search* finds in it what has to be there.
    """

    def write(x: str, names: Names) -> str:
        local = names.local()
        tests = [f"type({local} := {x}) is {names.of(str)}"]
        tests += [f"len({local}) >= {low}"] if low is not None else []
        tests += [f"len({local}) <= {high}"] if high is not None else []
        tests += [f"{names.of(search)}({local}) is not None"] if search is not None else []
        return " and ".join(tests)

    return write


def _as(cls: type, bound: float) -> float:
    """Return *bound* as a *cls* where that is the same number: two of a kind compare faster."""
    number: float = cls(bound)
    return number if number == bound else bound


def is_in(cls: type, values: frozenset[Any]) -> Test:
    """Return the test whether the value is exactly a *cls* and one of *values*."""
    return lambda x, names: f"type({x}) is {names.of(cls)} and {x} in {names.of(values)}"


def is_any(tests: list[Test]) -> Test:
    """Return the test whether one of *tests* holds."""
    return lambda x, names: "(" + " or ".join(f"({test(x, names)})" for test in tests) + ")"


def passes(fits: Callable[[Any], bool]) -> Test:
    """Return the test whether *fits* says so."""
    return lambda x, names: f"{names.of(fits)}({x})"


def is_list(item: Test) -> Test | None:
    """Return the test whether the value is exactly a list of items for which *item* holds."""
    names = Names()
    expression = item("v", names)
    if len(expression) > MAX_LENGTH:
        return None
    lines = ["def made(items):", "for v in items:", f" if not ({expression}): return False"]
    each = _run([*lines, "return True"], names)
    return lambda x, names: f"type({x}) is {names.of(list)} and {names.of(each)}({x})"


def is_struct(cls: type, fields: dict[str, Test]) -> Test | None:
    """Return the test whether the value is exactly a *cls* whose *fields* hold."""
    if not all(name.isidentifier() and not iskeyword(name) for name in fields):
        return None

    def write(x: str, names: Names) -> str:
        tests = [f"({test(f'{x}.{name}', names)})" for name, test in fields.items()]
        return " and ".join([f"type({x}) is {names.of(cls)}", *tests])

    return write


def compiled_test(test: Test) -> Callable[[Any], bool] | None:
    """Return *test* as a function of the value; None when it is long."""
    names = Names()
    expression = test("v", names)
    if len(expression) > MAX_LENGTH:
        return None
    lines = ["def made(v):", f"if {expression}: return True", "return False"]
    made: Callable[[Any], bool] = _run(lines, names)
    return made


def compiled_write(
    test: Test, encode: Callable[[Any], bytes], otherwise: Callable[[Any], bytes]
) -> Callable[[Any], bytes] | None:
    """Return the function that gives a value to *encode* where *test* holds; None when it is long.

    To *otherwise* it gives what fails the test, or what the encoder refuses.
    """
    names = Names()
    expression = test("v", names)
    if len(expression) > MAX_LENGTH:
        return None
    lines = [
        "def made(v):",
        "try:",
        f" if {expression}: return {names.of(encode)}(v)",
        "except (UnicodeEncodeError, RecursionError): pass",
        f"return {names.of(otherwise)}(v)",
    ]
    made: Callable[[Any], bytes] = _run(lines, names)
    return made


def compiled_build(
    test: Test, head: dict[str, object], rows: list[tuple[str, str, Take | None]]
) -> Callable[[Any], dict[str, object] | None] | None:
    """Return the function that builds a dict of *head* and *rows*, or returns None; None if long.

    A row is a name on the wire, the name of the field, and what takes its value unless *test*
    looks at it.
    """
    names = Names()
    expression = test("v", names)
    if len(expression) > MAX_LENGTH or len(rows) > MAX_LENGTH // 100:
        return None
    lines = [
        "def made(v):",
        f"if not ({expression}): return None",
        f"out = {names.of(head)}.copy()",
    ]
    unset, wrong = names.of(UNSET), names.of(Wrong)
    for wire, name, take in rows:
        taken = "x" if take is None else f"{names.of(take)}(x)"
        lines.append(f"if (x := v.{name}) is not {unset}: out[{names.of(wire)}] = {taken}")
    # The long way knows the path of what is wrong.
    body = [lines[0], "try:", *[" " + line for line in lines[1:]], " return out"]
    made: Callable[[Any], dict[str, object] | None] = _run(
        [*body, f"except {wrong}: return None"], names
    )
    return made


def _run(lines: list[str], names: Names) -> Any:
    source = "\n ".join(lines)
    exec(source, names.known)  # noqa: S102 - the source is ours, see the law above
    return names.known["made"]
