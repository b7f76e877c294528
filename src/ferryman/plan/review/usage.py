"""Which classes and texts a file uses, beside where it declares the plan itself.

Pure. To be listed in a plan, named in a union or an annotation, or taken for a base is no use:
everything else is, so that no event is called unused that somebody says in a roundabout way.
Here must not live: which calls say something (calls.py).
"""

import ast
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Final

from ferryman.plan.review.modules import Function, Module, Scope
from ferryman.plan.review.origins import Origin, Thing, last_name
from ferryman.plan.review.resolving import Project

_CONTAINERS: Final = frozenset({"list", "dict", "tuple", "set", "frozenset", "type"})

_MAKERS: Final = frozenset({"TrackingPlan", "event"})
"""What of ferryman's lists classes in a plan."""


class Usage:
    """What one file uses: origins of the classes of interest, and all texts."""

    def __init__(self, module: Module, project: Project, names: Iterable[str]) -> None:
        self.origins: set[Origin] = set()
        self.planned: set[Origin] = set()
        """What a plan in this file lists."""
        self.texts: set[str] = set()
        _Reader(module, project, _named_by(module, set(names)), self).visit(module.tree)


def _named_by(module: Module, names: AbstractSet[str]) -> set[str]:
    """Return *names*, and those by which *module* imports them: ``SignedUp as Joined``."""
    return set(names) | {
        name
        for scope in module.names.scopes.values()
        for name, bounds in scope.names.items()
        if any(bound.path.rpartition(".")[2] in names for bound in bounds)
    }


class _Reader(ast.NodeVisitor):
    def __init__(self, module: Module, project: Project, wanted: set[str], to: Usage) -> None:
        self.module = module
        self.project = project
        self.wanted = wanted
        self.to = to
        self.scope: Scope = module.names.top
        self.listed = _listed(module.tree) if "TrackingPlan" in module.text else set[str]()
        self.makers = _named_by(module, _MAKERS)

    def generic_visit(self, node: ast.AST) -> None:
        before, self.scope = self.scope, self.module.names.scopes.get(node, self.scope)
        super().generic_visit(node)
        self.scope = before

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load) and node.id in self.wanted:
            self.to.origins.update(self.project.resolve(node, self.scope))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Load) and node.attr in self.wanted:
            self.to.origins.update(self.project.resolve(node, self.scope))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.to.texts.add(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        if last_name(node.func) in self.makers and self._makes_plan(node.func):
            self._plans(node)
            return
        if isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "issubclass"):
            for argument in node.args[:1]:
                self.visit(argument)
            return
        self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        before, self.scope = self.scope, self.module.names.scopes.get(node, self.scope)
        for each in (*node.decorator_list, *node.body):
            self.visit(each)  # not the bases, nor event="..." and deprecated=...
        self.scope = before

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def _function(self, node: Function) -> None:
        before, self.scope = self.scope, self.module.names.scopes.get(node, self.scope)
        defaults = [each for each in node.args.kw_defaults if each is not None]
        for each in (*node.decorator_list, *node.args.defaults, *defaults, *node.body):
            self.visit(each)
        self.scope = before

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None and not _is_union(node.value):
            self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        names = {last_name(target) for target in node.targets}
        if names & self.listed:
            self._plans(node.value)
        elif not _is_union(node.value) and "__all__" not in names:
            self.visit(node.value)

    def _makes_plan(self, func: ast.expr) -> bool:
        origins = self.project.resolve(func, self.scope)
        return any(isinstance(o, Thing) and o.root == "ferryman" for o in origins)

    def _plans(self, node: ast.expr) -> None:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name | ast.Attribute):
                self.to.planned.update(self.project.resolve(inner, self.scope))

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)
        name = last_name(node.value)
        if name not in _CONTAINERS and not name[:1].isupper():
            self.visit(node.slice)

    def visit_MatchClass(self, node: ast.MatchClass) -> None:
        for each in (*node.patterns, *node.kwd_patterns):
            self.visit(each)

    def visit_TypeAlias(self, node: ast.AST) -> None:
        """Pass over `type Events = ...`."""


def _is_union(node: ast.expr) -> bool:
    match node:
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return _is_class(left) and _is_class(right)
        case ast.Subscript(value=value):
            return last_name(value) in ("Union", "Optional")
        case _:
            return False


def _is_class(node: ast.expr) -> bool:
    return isinstance(node, ast.Name | ast.Attribute) or _is_union(node)


def _listed(tree: ast.Module) -> set[str]:
    """Return the names of lists that plans of this file are made of."""
    return {
        inner.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and last_name(node.func) == "TrackingPlan"
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name)
    }
