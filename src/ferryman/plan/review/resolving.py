"""What an expression stands for: a text, something of another package, a class of this code.

Pure. All that a name may be is returned, and UNKNOWN with it where a part cannot be read: what
is not sure is never guessed. Here must not live: what that means for the plan (calls.py).
"""

import ast
from collections.abc import Iterable, Iterator
from typing import Final

from ferryman.plan.review.modules import Bound, Function, Module, Scope
from ferryman.plan.review.origins import (
    UNKNOWN,
    Local,
    Origin,
    Text,
    Thing,
    last_name,
    made_of,
    one_of,
)

_DEPTH: Final = 12
"""Steps from a name to what it stands for; further is not looked."""
_WRAPPERS: Final = frozenset({"Annotated", "Optional", "Union", "Final", "ClassVar", "Required"})
_ENTERS: Final = frozenset({"closing", "aclosing", "enter_context", "enter_async_context"})
"""What returns its first argument, or what that enters as."""
_VERBATIM: Final = frozenset({"value", "name", "_value_"})


class Project:
    """The modules of a code base, found by their dotted names however deep the folder lies."""

    def __init__(self, modules: Iterable[Module]) -> None:
        self._by_suffix: dict[tuple[str, ...], list[Module]] = {}
        for module in modules:
            for start in range(len(module.parts)):
                self._by_suffix.setdefault(module.parts[start:], []).append(module)

    def find(self, path: str, near: Module | None) -> tuple[Module | None, tuple[str, ...], bool]:
        """Return the module that *path* begins with, what is left of it, and whether it is ours.

        No module with True: it is of this code, but which file is not sure.
        """
        parts = tuple(path.split("."))
        for end in range(len(parts), 0, -1):
            found = self._by_suffix.get(parts[:end], [])
            if len(found) > 1 and near is not None:
                found = _nearest(found, near)
            if len(found) == 1:
                return found[0], parts[end:], True
            if found:
                return None, (), True
        return None, parts, False

    def resolve(self, node: ast.AST | None, scope: Scope, depth: int = 0) -> tuple[Origin, ...]:
        """Return all that *node*, an expression in *scope*, may stand for."""
        if node is None or depth > _DEPTH:
            return (UNKNOWN,)
        return tuple(dict.fromkeys(self._resolve(node, scope, depth + 1))) or (UNKNOWN,)

    def _resolve(self, node: ast.AST, scope: Scope, depth: int) -> Iterator[Origin]:
        match node:
            case ast.Constant(value=str(text)):
                yield Text(text)
            case ast.Name(id=name):
                yield from self._named(name, scope, depth)
            case ast.Attribute(value=value, attr=attr):
                for origin in self.resolve(value, scope, depth):
                    yield from self._attribute(origin, attr, depth)
            case ast.Call(func=func):
                yield from self._called(node, func, scope, depth)
            case ast.Await(value=value) | ast.NamedExpr(value=value):
                yield from self.resolve(value, scope, depth)
            case (
                ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, op=ast.BitOr(), right=other)
            ):
                yield from self.resolve(one, scope, depth)  # or Events = SignedUp | OrderPaid
                yield from self.resolve(other, scope, depth)
            case ast.BoolOp(values=values):
                for value in values:
                    yield from self.resolve(value, scope, depth)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                yield from _joined(
                    self.resolve(left, scope, depth), self.resolve(right, scope, depth)
                )
            case ast.Subscript(value=value, slice=inner) if last_name(value) == "Union":
                for member in inner.elts if isinstance(inner, ast.Tuple) else [inner]:
                    yield from self.resolve(member, scope, depth)
            case ast.Subscript(value=value):
                for origin in self.resolve(value, scope, depth):
                    made = isinstance(origin, Thing | Local) and origin.made
                    yield UNKNOWN if made or isinstance(origin, Text) else origin
            case _:
                yield UNKNOWN

    def _named(self, name: str, scope: Scope, depth: int) -> Iterator[Origin]:
        bounds = scope.look_up(name)
        if not bounds and (owner := scope.owner()) is not None and name in ("self", "cls"):
            yield from self._self(owner)
            return
        if not bounds:
            for star in scope.module.names.stars:
                found, rest, _ = self.find(star, scope.module)
                if found is not None and not rest and found is not scope.module:
                    bounds = found.names.top.names.get(name, [])
        yield from self._all(bounds, depth, name=name)

    def _all(self, bounds: list[Bound], depth: int, *, name: str = "") -> Iterator[Origin]:
        found: list[Origin] = []
        typed = False
        for bound in bounds:
            origins = self.bound(bound, depth, name)
            if bound.how == "type" and origins == (UNKNOWN,):
                typed = True  # `NAME: str = "x"` is known by its value
                continue
            found += origins
        yield from found or ([UNKNOWN] if typed or not bounds else [])

    def bound(self, bound: Bound, depth: int, name: str = "") -> tuple[Origin, ...]:
        """Return what *bound* binds its name to."""
        match bound.how:
            case "value":
                if isinstance(bound.node, ast.Constant) and bound.node.value is None:
                    return ()  # `outbox = None`, until it is opened
                return self.resolve(bound.node, bound.scope, depth)
            case "type":
                return self.typed(bound.node, bound.scope, depth)
            case "import":
                return self.imported(bound.path, bound.scope.module, depth)
            case "class" | "function":
                node = bound.node
                if isinstance(node, ast.ClassDef | Function):
                    return (Local(bound.scope.module, node, bound.scope),)
                return (UNKNOWN,)
            case "unknown":
                owner = bound.scope.owner()
                if name in ("self", "cls") and owner is not None:
                    return tuple(self._self(owner))
                return (UNKNOWN,)

    def _self(self, owner: Scope) -> Iterator[Origin]:
        if isinstance(owner.node, ast.ClassDef) and owner.parent is not None:
            yield Local(owner.module, owner.node, owner.parent, made=True)

    def typed(self, node: ast.AST | None, scope: Scope, depth: int = 0) -> tuple[Origin, ...]:
        """Return what a value said to be of type *node* is: an instance of its classes."""
        return one_of(self._typed(node, scope, depth))

    def _typed(self, node: ast.AST | None, scope: Scope, depth: int) -> tuple[Origin, ...]:
        if depth > _DEPTH:
            return (UNKNOWN,)
        match node:
            case ast.Constant(value=str(text)):
                try:
                    return self.typed(ast.parse(text, mode="eval").body, scope, depth + 1)
                except (SyntaxError, ValueError):
                    return (UNKNOWN,)
            case ast.Constant(value=None):
                return ()
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return (
                    *self.typed(left, scope, depth + 1),
                    *self.typed(right, scope, depth + 1),
                )
            case ast.Subscript(value=value, slice=inner) if last_name(value) in _WRAPPERS:
                parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
                parts = parts[:1] if last_name(value) == "Annotated" else parts
                return tuple(o for part in parts for o in self.typed(part, scope, depth + 1))
            case _:
                pass
        found = self.resolve(node, scope, depth + 1)
        return tuple(UNKNOWN if isinstance(each, Text) else made_of(each) for each in found)

    def imported(self, path: str, near: Module | None, depth: int) -> tuple[Origin, ...]:
        """Return what an import of *path* gives."""
        if depth > _DEPTH:
            return (UNKNOWN,)
        if path.partition(".")[0] == "ferryman":
            return (Thing(path),)
        module, rest, ours = self.find(path, near)
        if module is None:
            return (UNKNOWN,) if ours else (Thing(path),)
        if not rest:
            return (Thing(path),)  # a module itself
        origins = tuple(self._all(module.names.top.names.get(rest[0], []), depth + 1))
        for attr in rest[1:]:
            origins = tuple(o for each in origins for o in self._attribute(each, attr, depth + 1))
        return origins

    def is_foreign(self, origin: Origin) -> bool:
        """Whether *origin* is of another package than ferryman."""
        if not isinstance(origin, Thing) or origin.root == "ferryman":
            return False
        return not self.find(origin.path, None)[2]

    def _attribute(self, origin: Origin, attr: str, depth: int) -> Iterator[Origin]:
        match origin:
            case Thing(path=path, made=made):
                full = f"{path}.{attr}"
                if made or self.find(full, None)[0] is None:
                    yield Thing(full, made)
                else:
                    yield from self.imported(full, None, depth + 1)
            case Text() if attr in _VERBATIM:
                yield origin
            case Local(node=ast.ClassDef()):
                yield from self._member(origin, attr, depth)
            case _:
                yield UNKNOWN

    def _member(self, origin: Local, attr: str, depth: int) -> Iterator[Origin]:
        own = origin.module.names.scopes.get(origin.node)
        if own is None or depth > _DEPTH:
            yield UNKNOWN
            return
        bounds = [*own.names.get(attr, []), *own.attributes.get(attr, [])]
        if any(bound.how == "function" for bound in bounds):
            yield from self._method(origin, bounds, depth)
        elif bounds:
            yield from self._all(bounds, depth + 1)
        else:
            for base in self.bases(origin, depth + 1):
                yield from self._attribute(made_of(base, made=origin.made), attr, depth + 1)

    def _method(self, origin: Local, bounds: list[Bound], depth: int) -> Iterator[Origin]:
        for bound in bounds:
            node = bound.node
            if isinstance(node, Function):
                names = {last_name(each) for each in node.decorator_list}
                if names & {"property", "cached_property"}:
                    yield from self.typed(node.returns, bound.scope, depth + 1)
                elif "classmethod" in names:
                    yield origin._replace(made=False)  # another way to make one
                else:
                    yield Local(bound.scope.module, node, bound.scope)

    def bases(self, origin: Local, depth: int = 0) -> tuple[Origin, ...]:
        """Return the classes that *origin*, a class, derives from."""
        if not isinstance(origin.node, ast.ClassDef):
            return ()
        return tuple(
            base for each in origin.node.bases for base in self.resolve(each, origin.scope, depth)
        )

    def _called(self, call: ast.Call, func: ast.expr, scope: Scope, depth: int) -> Iterator[Origin]:
        if last_name(func) == "cast" and len(call.args) == 2:
            yield from self.typed(call.args[0], scope, depth)
            return
        if last_name(func) in _ENTERS and call.args:
            yield from self.resolve(call.args[0], scope, depth)
            return
        for origin in self.resolve(func, scope, depth):
            match origin:
                case Thing():
                    yield origin._replace(made=True)
                case Local(node=ast.ClassDef()):
                    yield origin._replace(made=True)
                case Local(node=function):
                    returns = getattr(function, "returns", None)
                    if returns is None:
                        yield UNKNOWN
                    else:
                        yield from self.typed(returns, origin.scope, depth + 1)
                case _:
                    yield UNKNOWN


def _nearest(found: list[Module], near: Module) -> list[Module]:
    """Return the modules of *found* that lie the fewest folders from *near*."""

    def steps(module: Module) -> int:
        ways = zip(module.parts, near.parts, strict=False)
        shared = next((n for n, (a, b) in enumerate(ways) if a != b), len(near.parts))
        return len(module.parts) + len(near.parts) - 2 * shared

    fewest = min(map(steps, found))
    return [module for module in found if steps(module) == fewest]


def _joined(left: tuple[Origin, ...], right: tuple[Origin, ...]) -> Iterator[Origin]:
    for one in left:
        for other in right:
            if isinstance(one, Text) and isinstance(other, Text):
                yield Text(one.value + other.value)
            else:
                yield UNKNOWN
