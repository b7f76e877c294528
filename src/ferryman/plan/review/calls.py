"""Which calls say something to Customer.io: told from others of the same name, or left alone.

Pure. `.track(` means many things. A call is ours when its receiver leads to ferryman; when the
receiver cannot be read, its arguments must fit and its name, or what is said, must be ours. What
leads to another package never is. Here must not live: whether what is said is right.
"""

import ast
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

from ferryman.plan.names.conventions import words_of
from ferryman.plan.review.modules import Bound, Module, Scope
from ferryman.plan.review.origins import Thing, Unknown, last_name
from ferryman.plan.review.resolving import Project

Verb: TypeAlias = Literal["track", "track_many", "identify"]
_KEYWORDS: Final[dict[Verb, frozenset[str]]] = {
    "track": frozenset({"data", "id", "timestamp", "context", "integrations"}),
    "identify": frozenset(
        {"update_only", "relationships_to", "timestamp", "anonymous", "context", "integrations",
         "id"}
    ),
}  # fmt: skip
_SPEAKERS: Final = frozenset({"outbox", "customerio", "cio", "ferryman", "ferry", "pipelines"})
"""Words in the name of a receiver that make it ours, where nothing says what it is."""
_PERHAPS: Final = frozenset({"client"})
"""Words that do so in a file that imports ferryman."""


class Call(NamedTuple):
    """A call that says, or may say, something."""

    node: ast.Call
    verb: Verb
    scope: Scope
    is_ours: bool
    """Whether that is known, and not only possible."""


class Said(NamedTuple):
    """What a call says: an event or attributes, and the data beside a name."""

    node: ast.expr
    data: ast.expr | None
    has_data: bool
    """Whether all of the data is in the call: False where keywords are spread."""


def calls_in(module: Module, project: Project) -> Iterator[Call]:
    """Yield the calls in *module* that say something, or may."""
    finder = _Finder(module, project)
    finder.visit(module.tree)
    yield from finder.found


class _Finder(ast.NodeVisitor):
    def __init__(self, module: Module, project: Project) -> None:
        self.module = module
        self.project = project
        self.scope = module.names.top
        self.found: list[Call] = []

    def generic_visit(self, node: ast.AST) -> None:
        before, self.scope = self.scope, self.module.names.scopes.get(node, self.scope)
        super().generic_visit(node)
        self.scope = before

    def visit_Call(self, node: ast.Call) -> None:
        if (call := self._read(node)) is not None:
            self.found.append(call)
        self.generic_visit(node)

    def _read(self, node: ast.Call) -> Call | None:
        func = node.func
        if not isinstance(func, ast.Name | ast.Attribute):
            return None
        named = last_name(func)
        if isinstance(func, ast.Attribute) and named not in _VERBS:
            return None
        if isinstance(func, ast.Name) and not any(map(_may_speak, self.scope.look_up(func.id))):
            return None
        origins = self.project.resolve(func, self.scope)
        for origin in origins:
            if isinstance(origin, Thing) and origin.root == "ferryman":
                verb = _VERBS.get(origin.last)
                return Call(node, verb, self.scope, True) if verb and _is_full(node, verb) else None
        if isinstance(func, ast.Name) or any(map(self.project.is_foreign, origins)):
            return None
        verb = _VERBS[named]
        # Where all that it may be was read, nothing of it is ferryman's: a wrapper, for one.
        if not any(isinstance(each, Unknown) for each in origins) or not _fits(node, verb):
            return None
        words = words_of(last_name(func.value))
        name = "".join(words)
        by_name = any(word in name if len(word) > 5 else word in words for word in _SPEAKERS)
        perhaps = bool(_PERHAPS & set(words)) and "ferryman" in self.module.names.imports
        return Call(node, verb, self.scope, by_name or perhaps)


_VERBS: Final[dict[str, Verb]] = {
    "track": "track",
    "track_many": "track_many",
    "identify": "identify",
}


def _may_speak(bound: Bound) -> bool:
    """Whether a name may be one of our functions: imported, or `say = outbox.track`."""
    if bound.how == "value" and bound.node is not None:
        return last_name(bound.node) in _VERBS
    return bound.path.rpartition(".")[2] in _VERBS


def _is_full(node: ast.Call, verb: Verb) -> bool:
    return bool(node.args) if verb == "track_many" else len(node.args) >= 2


def _fits(node: ast.Call, verb: Verb) -> bool:
    """Whether the arguments are those of our method."""
    if verb == "track_many":
        return bool(node.args)
    given = {each.arg for each in node.keywords}
    return len(node.args) == 2 and given <= _KEYWORDS[verb]


def said_in(call: Call) -> Iterator[Said]:
    """Yield what *call* says."""
    node = call.node
    if call.verb == "track_many":
        for argument in node.args:
            yield from _many(argument)
        return
    if any(isinstance(each, ast.Starred) for each in node.args[:2]):
        return
    data = next((each.value for each in node.keywords if each.arg == "data"), None)
    spread = any(each.arg is None for each in node.keywords)
    yield Said(node.args[1], data, not spread)


def _many(argument: ast.expr) -> Iterator[Said]:
    """Yield what a literal or a comprehension of pairs, or of events, says."""
    match argument:
        case ast.List(elts=items) | ast.Set(elts=items) | ast.Tuple(elts=items):
            for item in items:
                yield from _one(item)
        case ast.ListComp(elt=item) | ast.GeneratorExp(elt=item) | ast.SetComp(elt=item):
            yield from _one(item)
        case ast.Call():
            yield Said(argument, None, False)
        case _:
            return


def _one(item: ast.expr) -> Iterator[Said]:
    match item:
        case ast.Tuple(elts=[_, event]):
            yield Said(event, None, False)
        case ast.Tuple(elts=[_, event, data]):
            yield Said(event, data, True)
        case ast.Call():
            yield Said(item, None, False)
        case _:
            return
