"""A walk through one template: which variables it reads, where, and what is wrong with them.

Pure, and nothing is rendered. `template.analyze()` of the library lists variables without what a
loop or an assignment binds them to, so the tree is walked here. Here must not live: what a path
leads to (paths.py), or what a condition proves (guards.py).
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

from liquid import Node
from liquid.builtin.expressions import (
    Filter,
    FilteredExpression,
    LoopExpression,
    Path,
    StringLiteral,
)
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.case_tag import CaseNode, MultiExpressionBlockNode
from liquid.builtin.tags.for_tag import ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.tablerow_tag import TablerowNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.context import RenderContext
from liquid.expression import Expression

from ferryman.plan.templates.dialect import Dialect, Fault
from ferryman.plan.templates.fields import UNKNOWN, Missing, Spot, Value
from ferryman.plan.templates.guards import Keys, proved
from ferryman.plan.templates.paths import Paths
from ferryman.plan.templates.roots import Roots, Target

_Role: TypeAlias = Literal["shown", "tested", "bound"]
_NARROWING: Final = frozenset(
    {
        "compact", "json_array_uniq", "limit", "reject", "reverse", "slice", "sort",
        "sort_natural", "uniq", "where", "where_exp", "where_not",
    }
)  # fmt: skip
"""Filters that give back some items of a list, or the same in another order."""
_PICKING: Final = frozenset({"find", "find_exp", "first", "last"})
"""Filters that give back one item."""
_BY_FIELD: Final = frozenset(
    {
        "find", "group_by", "map", "reject", "sort", "sort_natural", "sum", "uniq", "where",
        "where_not",
    }
)  # fmt: skip
"""Filters whose first argument names a field of the items."""
_NEXT: Final = "add `| default: ...`, or an if around it"


class Read(NamedTuple):
    """A variable that is shown whatever the data, and the classes that have it."""

    name: str
    at: int
    owners: frozenset[str]


class _Scope(NamedTuple):
    names: dict[str, Value]
    present: Keys = frozenset()
    is_sure: bool = True

    def where(self, keys: Keys) -> "_Scope":
        return self._replace(present=self.present | keys, is_sure=False)


class Walk:
    """Reads one template; afterwards holds what it found."""

    def __init__(self, roots: Roots, target: Target, dialect: Dialect) -> None:
        self._roots = roots
        self._dialect = dialect
        self._assigned: dict[str, Value] = {}
        self.errors: list[Fault] = []
        self._paths = Paths(roots, target, self.errors)
        self.warnings: list[Fault] = []
        self.read: list[Read] = []
        self._told: set[tuple[str, bool]] = set()
        self.touched: set[tuple[str, str]] = set()
        """The fields that are read, by class and path, with those they stand in."""
        self.whole: set[tuple[str, str]] = set()
        """The fields that are read with all that they hold."""

    def through(self, nodes: list[Node], context: RenderContext) -> None:
        """Walk through *nodes*; *context* is never rendered with."""
        self._context = context
        counted = Counter(str(name) for node in self._all(nodes) for name in node.template_scope())
        self._assigned = dict.fromkeys(counted, UNKNOWN)
        self._once = {name for name, times in counted.items() if times == 1}
        self._nodes(nodes, _Scope({}))

    def _all(self, nodes: Iterable[Node]) -> Iterator[Node]:
        for node in nodes:
            yield node
            yield from self._all(node.children(self._context, include_partials=False))

    def _nodes(self, nodes: Iterable[Node], scope: _Scope) -> None:
        for node in nodes:
            self._node(node, scope)

    def _node(self, node: Node, scope: _Scope) -> None:
        match node:
            case OutputNode():
                self._value(node.expression, scope, "shown")
            case AssignNode():
                value = self._value(node.expression, scope, "bound")
                if str(node.name) in self._once:
                    self._assigned[str(node.name)] = value
            case ForNode() | TablerowNode():
                self._loop(node, scope)
            case IfNode() | UnlessNode():
                self._branches(node, scope)
            case CaseNode():
                self._case(node, scope)
            case _:
                for expression in node.expressions():
                    self._value(expression, scope, "tested")
                self._nodes(node.children(self._context, include_partials=False), scope)

    def _loop(self, node: ForNode | TablerowNode, scope: _Scope) -> None:
        expression: LoopExpression = node.expression
        looped = self._value(expression.iterable, scope, "bound")
        for each in (expression.limit, expression.offset, expression.cols):
            if each is not None:
                self._value(each, scope, "tested")
        items = self._roots.items(looped)
        item = UNKNOWN if isinstance(items, Missing) else items
        names = {**scope.names, expression.identifier: item}
        present = _keys(looped)
        self._node(node.block, scope._replace(names=names).where(present))
        if isinstance(node, ForNode) and node.default is not None:
            self._node(node.default, scope.where(frozenset()))

    def _branches(self, node: IfNode | UnlessNode, scope: _Scope) -> None:
        is_if = isinstance(node, IfNode)
        self._value(node.condition, scope, "tested")

        def known(condition: Expression, *, holds: bool) -> Keys:
            return proved(condition, lambda path: self._quiet(path, scope), holds=holds)

        self._node(node.consequence, scope.where(known(node.condition, holds=is_if)))
        past = known(node.condition, holds=not is_if)
        for branch in node.alternatives:
            self._value(branch.expression, scope.where(past), "tested")
            self._node(branch.block, scope.where(past | known(branch.expression, holds=True)))
            past |= known(branch.expression, holds=False)
        if node.default is not None:
            self._node(node.default, scope.where(past))

    def _case(self, node: CaseNode, scope: _Scope) -> None:
        self._value(node.expression, scope, "tested")
        keys: Keys = frozenset()
        if isinstance(node.expression, Path):
            keys = self._quiet(node.expression, scope)
        for block in node.blocks:
            if isinstance(block, MultiExpressionBlockNode):
                for expression in block.expression.children():
                    self._value(expression, scope, "tested")
                self._node(block.block, scope.where(keys))
            else:
                self._node(block, scope.where(frozenset()))

    def _value(self, expression: Expression, scope: _Scope, role: _Role) -> Value:
        match expression:
            case FilteredExpression(filters=[_, *_] as filters):
                return self._filtered(expression.left, filters, scope, role)
            case FilteredExpression():
                return self._value(expression.left, scope, role)
            case Path():
                return self._used(expression, scope, role)
            case _:
                for child in expression.children():
                    self._value(child, scope, "tested")
                return UNKNOWN

    def _filtered(
        self, left: Expression, filters: list[Filter], scope: _Scope, role: _Role
    ) -> Value:
        value = self._value(left, scope, "bound")
        if any(each.name == "default" for each in filters):
            value = _present(value)
        at = left.token.start_index
        for each in filters:
            if close := self._dialect.misspelt_filter(each.name):
                what = f"unknown filter {each.name}"
                self.errors.append(Fault(each.token.start_index, "filter", what, close))
            for child in each.children():
                self._value(child, scope, "shown")
            value = self._after(value, each, at, scope)
        if role != "bound":
            self._finish(value, at, scope, role)
        return value

    def _after(self, value: Value, used: Filter, at: int, scope: _Scope) -> Value:
        """Return what *value* is after a filter."""
        name = used.name
        field = UNKNOWN
        if name in _BY_FIELD and used.args and isinstance(used.args[0].value, StringLiteral):
            field = self._paths.stepped(self._item(value), used.args[0].value.value, at)
            self._touch(field, is_whole=True)
        if name in _NARROWING or name == "default":
            return value
        if name in _PICKING:
            return self._item(value)
        if name == "size" or field.spots:
            return UNKNOWN
        self._finish(value, at, scope, "shown")
        return UNKNOWN

    def _item(self, value: Value) -> Value:
        found = self._roots.items(value)
        return UNKNOWN if isinstance(found, Missing) else found

    def _used(self, path: Path, scope: _Scope, role: _Role) -> Value:
        for step in path.path[1:]:
            if isinstance(step, Path):
                self._value(step, scope, "tested")
        value = self._resolved(path, scope, is_told=True)
        self._touch(value, is_whole=False)
        if role != "bound":
            self._finish(value, path.token.start_index, scope, role)
        return value

    def _finish(self, value: Value, at: int, scope: _Scope, role: _Role) -> None:
        """Judge what is shown or tested in the end."""
        if not value.spots:
            return
        self._touch(value, is_whole=role == "shown")
        heirs = {str(spot.said.get("x-successor", "")) for spot in value.spots}
        if all(spot.said.get("deprecated") for spot in value.spots):
            what = f"{value.key} is deprecated"
            self.warnings.append(Fault(at, "deprecated", what, "".join(heirs)))
        if role != "shown":
            return
        if lacking := value.absent - scope.present:
            named = " and ".join(sorted(lacking))
            what = f"{named} may be missing, and then the message fails"
            self.warnings.append(Fault(at, "may-be-missing", what, _NEXT))
        if value.key.startswith("event.") and scope.is_sure:
            owners = frozenset(spot.owner for spot in value.spots)
            self.read.append(Read(value.key, at, owners))

    def _quiet(self, path: Path, scope: _Scope) -> Keys:
        return _keys(self._resolved(path, scope, is_told=False))

    def _resolved(self, path: Path, scope: _Scope, *, is_told: bool) -> Value:
        return self._paths.resolved(path, {**self._assigned, **scope.names}, is_told=is_told)

    def _touch(self, value: Value, *, is_whole: bool) -> None:
        if (value.key, is_whole) in self._told and not value.inside:
            return  # the same path of a template leads to the same fields
        self._told.add((value.key, is_whole))
        for spot in (*value.spots, *value.inside):
            if is_whole:
                self.whole.add((spot.owner, spot.path))
            path = spot.path
            while path:
                self.touched.add((spot.owner, path))
                path = path[: max(path.rfind("."), path.rfind("["), path.rfind("{"), 0)]


def _keys(value: Value) -> Keys:
    return frozenset({value.key}).union(*(spot.absent for spot in value.spots))


def _present(value: Value) -> Value:
    spots: tuple[Spot, ...] = tuple(spot._replace(absent=frozenset()) for spot in value.spots)
    return value._replace(spots=spots)
