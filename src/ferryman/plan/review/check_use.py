"""The plan's use in a code base: what is said that is not declared, and declared but never said.

Pure: parsed files in, findings out. Here must not live: which calls are meant (calls.py), what
an expression stands for (resolving.py).
"""

import ast
from collections.abc import Iterable, Sequence

import msgspec

from ferryman.plan.names.nearest import nearest
from ferryman.plan.review.calls import Call, Said, calls_in, said_in
from ferryman.plan.review.classes import Classes, Outsider
from ferryman.plan.review.declared import Declared, Plan
from ferryman.plan.review.finding import Findings, Spot
from ferryman.plan.review.modules import Module
from ferryman.plan.review.origins import Origin, Text, made_of
from ferryman.plan.review.resolving import Project
from ferryman.plan.review.usage import Usage


class Tally(msgspec.Struct):
    """How much was read."""

    files: int = 0
    calls: int = 0
    """Calls that say something."""
    unreadable: int = 0
    """Of these: with an event that could not be read."""


def check_use(plan: Plan, modules: Sequence[Module], project: Project, to: Findings) -> Tally:
    """Find what is wrong with the use of *plan* in *modules*, a part of *project*."""
    user = _User(plan, Classes(plan, project), project, to)
    for module in modules:
        user.read(module)
    user.judge()
    return user.tally


class _User:
    def __init__(self, plan: Plan, classes: Classes, project: Project, to: Findings) -> None:
        self.plan = plan
        self.classes = classes
        self.project = project
        self.to = to
        self.tally = Tally()
        self.words = ["track", "identify", "TrackingPlan", *classes.names, *plan.by_name]
        self.used: set[str] = set()
        self.texts: set[str] = set()
        self.planned: set[Origin] = set()
        self.outsiders: list[tuple[Origin, Outsider, str, Spot]] = []

    def read(self, module: Module) -> None:
        """Read all that *module* says and uses."""
        self.tally.files += 1
        if not any(word in module.text for word in self.words):
            return  # most files of a code base say nothing, and need not be parsed
        try:
            self._read(module)
        except RecursionError as error:
            module.error = error

    def _read(self, module: Module) -> None:
        usage = Usage(module, self.project, self.classes.names)
        self.texts |= usage.texts
        self.planned |= {
            origin for origin in usage.planned if isinstance(self.classes.of(origin), Outsider)
        }
        for origin in usage.origins:
            self._use(self.classes.of(origin))
        for call in calls_in(module, self.project):
            for said in said_in(call):
                self._said(call, said, module)

    def judge(self) -> None:
        """Say what only the whole shows."""
        for origin, outsider, where, at in self.outsiders:
            if origin not in self.planned:  # another plan of this code has it
                what = f"{outsider.name} is not in the plan"
                self.to.add("undeclared-class", where, what, at=at)
        if not self.tally.calls:
            return  # the code that says something is elsewhere
        for each in self.plan.events:
            if not each.deprecated and each.name not in self.used | self.texts:
                what = f"{each.class_name} is never said in the files that were read"
                self.to.add("unused-event", each.where(), what, at=each.spot())

    def _use(self, known: Declared | Outsider | None) -> None:
        if isinstance(known, Declared):
            self.used.add(known.name)

    def _said(self, call: Call, said: Said, module: Module) -> None:
        where = f"{call.verb}()"
        last = call.node.end_lineno or call.node.lineno
        at = Spot(module.path, said.node.lineno, call.node.lineno, last)
        if call.verb == "identify":
            self._identified(call, said, where, at)
            return
        origins = self.project.resolve(said.node, call.scope)
        meant = [self.classes.of(origin) for origin in origins]
        texts = [origin.value for origin in origins if isinstance(origin, Text)]
        if not call.is_ours and not any(meant) and not any(t in self.plan.by_name for t in texts):
            return
        self.tally.calls += 1
        is_dark = False
        for origin, known in zip(origins, meant, strict=True):
            if isinstance(origin, Text):
                self._named(call, said, origin.value, where, at)
            elif isinstance(known, Declared):
                if getattr(origin, "is_sure", True):
                    self._use(known)
                    self._deprecated(known, where, at)
            elif isinstance(known, Outsider):
                if known.kind == "event":
                    self.outsiders.append((made_of(origin, made=False), known, where, at))
            elif not self.classes.is_instance(origin):
                is_dark = True
        if is_dark:
            self.tally.unreadable += 1
            what = f"{_shortened(said.node)} could not be read"
            self.to.add("unreadable-name", where, what, at=at)

    def _named(self, call: Call, said: Said, name: str, where: str, at: Spot) -> None:
        known = self.plan.by_name.get(name)
        if known is None:
            if call.is_ours:
                self._undeclared(name, where, at)
            return
        self._use(known)
        if known.place is not None or self.plan.file == "":
            advice = f"say {known.class_name}(...) in place of {name!r}"
            what = f"{name!r} is said by name"
            self.to.add("name-for-class", where, what, at=at, advice=advice)
        self._deprecated(known, where, at)
        if said.data is not None or (said.has_data and call.verb == "track"):
            self._data(known, said.data, where, at, complete=said.has_data)

    def _undeclared(self, name: str, where: str, at: Spot) -> None:
        shown = name if len(name) <= 60 else name[:59] + "…"
        near = nearest(name, self.plan.by_name)
        advice = f"is {near} meant? otherwise declare the event" if near else ""
        self.to.add(
            "undeclared-event", where, f"{shown!r} is not in the plan", at=at, advice=advice
        )

    def _deprecated(self, known: Declared, where: str, at: Spot) -> None:
        if known.deprecated:
            successor = self.plan.by_name.get(known.successor)
            advice = f"track {successor.class_name} instead" if successor else ""
            what = f"{known.name} is deprecated"
            self.to.add("deprecated-event", where, what, at=at, advice=advice)

    def _data(
        self, known: Declared, data: ast.expr | None, where: str, at: Spot, *, complete: bool
    ) -> None:
        keys: list[tuple[str, int]] = []
        if data is not None:
            found = _keys(data)
            if found is None:
                return
            keys, complete = found
        self._unknown(known, keys, where, at)
        lacking = sorted(known.required - {key for key, _ in keys})
        if complete and lacking:
            what = f"data for {known.name} lacks {', '.join(lacking)}"
            self.to.add("missing-field", where, what, at=at)

    def _unknown(
        self, known: Declared, keys: Iterable[tuple[str, int]], where: str, at: Spot
    ) -> None:
        if known.schema.get("additionalProperties", False) is not False:
            return
        for key, line in keys:
            if key not in known.properties:
                near = nearest(key, known.properties)
                advice = f"is {near} meant? otherwise declare the field" if near else ""
                what = f"{key!r} is no field of {known.name or known.class_name}"
                spot = at._replace(line=line)
                self.to.add("unknown-field", where, what, at=spot, advice=advice)

    def _identified(self, call: Call, said: Said, where: str, at: Spot) -> None:
        person = self.plan.person
        if not call.is_ours or person is None:
            return
        self.tally.calls += 1
        if (found := _keys(said.node)) is not None:
            self._unknown(person, found[0], where, at)
            return
        for origin in self.project.resolve(said.node, call.scope):
            known = self.classes.of(origin)
            if isinstance(known, Outsider) and known.kind == "person":
                self.outsiders.append((made_of(origin, made=False), known, where, at))


def _keys(data: ast.expr) -> tuple[list[tuple[str, int]], bool] | None:
    """Return the keys in *data* with their lines, and whether they are all; None for no literal."""
    match data:
        case ast.Constant(value=None):
            return [], True
        case ast.Dict(keys=keys):
            found = [
                (key.value, key.lineno)
                for key in keys
                if isinstance(key, ast.Constant) and isinstance(key.value, str)
            ]
            return found, len(found) == len(keys)
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=words):
            said = [(word.arg, word.lineno) for word in words if word.arg is not None]
            return said, len(said) == len(words)
        case _:
            return None


def _shortened(node: ast.expr) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 60 else text[:59] + "…"
