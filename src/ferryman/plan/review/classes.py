"""Which class of the plan, or none, a class in the code is.

Pure. A class is known by its file and name; where the plan is a document, by the name of its
event. Here must not live: what is wrong with that.
"""

import ast
from typing import NamedTuple

from ferryman.plan.names.conventions import snake_case
from ferryman.plan.review.declared import Declared, Plan
from ferryman.plan.review.modules import Module
from ferryman.plan.review.origins import Local, Origin, Thing
from ferryman.plan.review.resolving import Project


class Outsider(NamedTuple):
    """A class derived from ferryman's Event or Person that is not in the plan."""

    kind: str
    name: str


class Classes:
    """The classes of a plan, as they are met in code."""

    def __init__(self, plan: Plan, project: Project) -> None:
        self.plan = plan
        self.project = project
        spoken = [each for each in plan.classes if each.kind in ("event", "person")]
        self.has_places = any(each.place for each in spoken)
        self._by_place = {(each.place.file, each.place.name): each for each in spoken if each.place}
        self._by_name = {each.class_name.rpartition(".")[2]: each for each in spoken}

    @property
    def names(self) -> set[str]:
        """What the classes are called in Python."""
        return set(self._by_name)

    def of(self, origin: Origin) -> Declared | Outsider | None:
        """Return the class of the plan that *origin* is or makes; None where it is none at all."""
        match origin:
            case Thing(path=path) if origin.root != "ferryman":
                # A module that is not scanned: its name is all that there is to go by.
                found = [self._by_name[step] for step in path.split(".") if step in self._by_name]
                return found[0] if found else None
            case Local(node=ast.ClassDef() as node, module=module):
                if self.has_places:
                    known = self._by_place.get((module.path, _qualified(module, node)))
                else:
                    known = self._declared_as(origin, node)
                if known is not None:
                    return known
                kind = self._kind(origin)
                return Outsider(kind, node.name) if kind else None
            case _:
                return None

    def _declared_as(self, origin: Local, node: ast.ClassDef) -> Declared | None:
        kind = self._kind(origin)
        if kind == "person":
            return self.plan.person
        if kind != "event":
            return None
        said = next((each.value for each in node.keywords if each.arg == "event"), None)
        if said is None:
            return self.plan.by_name.get(snake_case(node.name))
        name = said.value if isinstance(said, ast.Constant) else None
        return self.plan.by_name.get(name) if isinstance(name, str) else None

    def _kind(self, origin: Local, depth: int = 0) -> str:
        """Return "event" or "person" for a class derived from ferryman's, and "" for others."""
        for base in self.project.bases(origin) if depth < 10 else ():
            match base:
                case Thing() if base.root == "ferryman" and base.last in ("Event", "Person"):
                    return base.last.lower()
                case Local(node=ast.ClassDef()):
                    if kind := self._kind(base, depth + 1):
                        return kind
                case _:
                    pass
        return ""

    def is_instance(self, origin: Origin) -> bool:
        """Whether *origin* is known to be no name, but some Event, or an instance of a class."""
        if isinstance(origin, Thing):
            return origin.root == "ferryman" and origin.made
        return isinstance(origin, Local) and isinstance(origin.node, ast.ClassDef)


def _qualified(module: Module, node: ast.ClassDef) -> str:
    """Return the qualified name of a class, as Python makes it."""
    scope = module.names.scopes[node].parent
    name = node.name
    while scope is not None and scope.parent is not None:
        inner = getattr(scope.node, "name", "<lambda>")
        between = "" if isinstance(scope.node, ast.ClassDef) else ".<locals>"
        name = f"{inner}{between}.{name}"
        scope = scope.parent
    return name
