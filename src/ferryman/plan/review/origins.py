"""What an expression may stand for, as far as that can be read without running it.

Pure. Here must not live: how it is found out (resolving.py).
"""

import ast
from typing import Final, NamedTuple, TypeAlias

from ferryman.plan.review.modules import Module, Scope


class Text(NamedTuple):
    """A text that stands in the code."""

    value: str


class Thing(NamedTuple):
    """What another package has at a dotted path, or what it makes."""

    path: str
    made: bool = False
    """Whether it is an instance, or the result of a call."""
    is_sure: bool = True
    """False for one of several, as a union says of a value."""

    @property
    def root(self) -> str:
        """The package."""
        return self.path.partition(".")[0]

    @property
    def last(self) -> str:
        """The last name of the path."""
        return self.path.rpartition(".")[2]


class Local(NamedTuple):
    """A class or a function of the scanned code, or what it makes."""

    module: Module
    node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    scope: Scope
    """The scope in which it is defined."""
    made: bool = False
    is_sure: bool = True


class Unknown(NamedTuple):
    """What cannot be read."""


Origin: TypeAlias = Text | Thing | Local | Unknown
UNKNOWN: Final = Unknown()


def made_of(origin: Origin, *, made: bool = True) -> Origin:
    """Return what *origin*, a class or a function, makes; or with made=False, the class again."""
    return origin._replace(made=made) if isinstance(origin, Thing | Local) else origin


def one_of(origins: tuple[Origin, ...]) -> tuple[Origin, ...]:
    """Return *origins*, of which a value is one, and nobody knows which where there are several."""
    if len(set(origins)) < 2:
        return origins
    return tuple(
        each._replace(is_sure=False) if isinstance(each, Thing | Local) else each
        for each in origins
    )


def last_name(node: ast.AST) -> str:
    """Return the last name of a dotted one, or ""."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
        case ast.Call(func=func):
            return last_name(func)
        case ast.Subscript(value=value):
            return last_name(value)
        case _:
            return ""
