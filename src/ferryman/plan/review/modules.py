"""A Python file as names and what they stand for, read by `ast` alone: nothing is imported.

Pure: text in. A scope keeps for each name all that it is ever bound to; which of them holds at
a line is not asked. Here must not live: what a name leads to in other files (resolving.py).
"""

import ast
import warnings
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeAlias

How: TypeAlias = Literal["value", "type", "import", "class", "function", "unknown"]
Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Bound(NamedTuple):
    """One binding of a name: by a value, by the type it is said to have, by an import."""

    how: How
    node: ast.AST | None
    scope: "Scope"
    path: str = ""
    """Of an import: the dotted name."""


class Scope:
    """A module, class, function or comprehension, and the names bound in it."""

    def __init__(self, module: "Module", node: ast.AST, parent: "Scope | None") -> None:
        self.module = module
        self.node = node
        self.parent = parent
        self.names: dict[str, list[Bound]] = {}
        self.attributes: dict[str, list[Bound]] = {}
        """Of a class: what its methods bind on self."""

    def bind(self, name: str, how: How, node: ast.AST | None = None, path: str = "") -> None:
        """Note that *name* is bound here."""
        self.names.setdefault(name, []).append(Bound(how, node, self, path))

    def look_up(self, name: str) -> list[Bound]:
        """Return what *name* is bound to, seen from here; a class does not show its methods."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names and (scope is self or not isinstance(scope.node, ast.ClassDef)):
                return scope.names[name]
            scope = scope.parent
        return []

    def owner(self) -> "Scope | None":
        """Return the class that this function, or one around it, is a method of."""
        scope: Scope | None = self
        while scope is not None:
            above = scope.parent
            if isinstance(scope.node, Function) and above and isinstance(above.node, ast.ClassDef):
                return above
            scope = above
        return None


class Names:
    """The scopes of a module, and what it imports."""

    def __init__(self, module: "Module") -> None:
        self.top = Scope(module, module.tree, None)
        self.scopes: dict[ast.AST, Scope] = {module.tree: self.top}
        self.stars: list[str] = []
        self.imports: set[str] = set()
        """The packages that it imports."""


class Module:
    """One file, parsed when it is first looked into."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.error: Exception | None = None
        """Why it could not be read, once it was tried."""
        parts = tuple(path.removesuffix(".py").replace("\\", "/").strip("./").split("/"))
        self.is_package = parts[-1] == "__init__"
        self.parts = parts[:-1] if self.is_package else parts

    @cached_property
    def tree(self) -> ast.Module:
        """What stands in the file; nothing where it cannot be read."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of an invalid escape in somebody's file
                return ast.parse(self.text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            self.error = error
            return ast.Module([], [])

    @cached_property
    def names(self) -> Names:
        """The names bound in the file."""
        found = Names(self)
        try:
            _Reader(self, found).visit_into(self.tree, found.top)
        except RecursionError as error:
            self.error = error
        return found

    def absolute(self, name: str, level: int) -> str:
        """Return the dotted name of what `from ..name import` names."""
        if level == 0:
            return name
        package = self.parts if self.is_package else self.parts[:-1]
        above = package[: len(package) - (level - 1)] if level > 1 else package
        return ".".join((*above, *([name] if name else [])))


class _Reader(ast.NodeVisitor):
    """Fills the scopes of a module."""

    def __init__(self, module: Module, to: Names) -> None:
        self.module = module
        self.to = to
        self.scope = to.top

    def visit_into(self, node: ast.AST, scope: Scope) -> None:
        self.to.scopes[node] = scope
        before, self.scope = self.scope, scope
        self.generic_visit(node)
        self.scope = before

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.to.imports.add(alias.name.partition(".")[0])
            if alias.asname:
                self.scope.bind(alias.asname, "import", node, alias.name)
            else:
                root = alias.name.partition(".")[0]
                self.scope.bind(root, "import", node, root)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        source = self.module.absolute(node.module or "", node.level)
        self.to.imports.add(source.partition(".")[0])
        for alias in node.names:
            if alias.name == "*":
                self.to.stars.append(source)
            else:
                path = f"{source}.{alias.name}" if source else alias.name
                self.scope.bind(alias.asname or alias.name, "import", node, path)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.scope.bind(node.name, "class", node)
        self.visit_into(node, Scope(self.module, node, self.scope))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        scope = Scope(self.module, node, self.scope)
        _parameters(node.args, scope)
        self.visit_into(node, scope)

    def _function(self, node: Function) -> None:
        self.scope.bind(node.name, "function", node)
        scope = Scope(self.module, node, self.scope)
        _parameters(node.args, scope)
        self.visit_into(node, scope)

    def generic_visit(self, node: ast.AST) -> None:
        if isinstance(node, _COMPREHENSIONS) and self.to.scopes.get(node) is not self.scope:
            self.visit_into(node, Scope(self.module, node, self.scope))
            return
        super().generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._target(target, "value", node.value)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._target(node.target, "value", node.value)
        self._target(node.target, "type", node.annotation)
        self.generic_visit(node)

    def visit_TypeAlias(self, node: Any) -> None:
        """Read `type Events = ...`, of Python 3.12."""
        self._target(node.name, "value", node.value)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._target(node.target, "unknown", None)
        self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._target(node.target, "value", node.value)
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        self._target(node.target, "unknown", None)
        self.generic_visit(node)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> None:
        self._target(node.target, "unknown", None)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self._target(node.target, "unknown", None)
        self.generic_visit(node)

    def visit_withitem(self, node: ast.withitem) -> None:
        if node.optional_vars is not None:
            # What it enters is taken for what it is: clients and outboxes return themselves.
            self._target(node.optional_vars, "value", node.context_expr)
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.scope.bind(node.name, "unknown")
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        if node.name:
            self.scope.bind(node.name, "unknown")
        self.generic_visit(node)

    def _target(self, target: ast.expr, how: How, node: ast.AST | None) -> None:
        match target:
            case ast.Name(id=name):
                self.scope.bind(name, how, node)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                if (owner := self.scope.owner()) is not None:
                    bound = Bound(how, node, self.scope)
                    owner.attributes.setdefault(name, []).append(bound)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part in parts:
                    self._target(part, "unknown", None)
            case ast.Starred(value=inner):
                self._target(inner, "unknown", None)
            case _:
                pass


def _parameters(given: ast.arguments, scope: Scope) -> None:
    for each in (*given.posonlyargs, *given.args, *given.kwonlyargs):
        scope.bind(each.arg, "type" if each.annotation else "unknown", each.annotation)
    for rest in (given.vararg, given.kwarg):
        if rest is not None:
            scope.bind(rest.arg, "unknown")
