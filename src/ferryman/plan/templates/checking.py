"""Message templates held against a plan: what they read and nothing provides, and the reverse.

Pure: texts in, findings out; a template is read and never rendered. Here live whole templates:
what each is for, and what all of them together leave unread. Here must not live: files
(cli/plan_templates.py), single variables (walk.py), or Liquid (dialect.py).
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, TypeAlias

import msgspec
from liquid import Node
from liquid.builtin.tags.comment_tag import CommentNode
from liquid.context import RenderContext
from liquid.template import BoundTemplate

from ferryman.errors import InvalidOperation
from ferryman.plan.exchange.words import FORMAT
from ferryman.plan.jsonlike import object_at
from ferryman.plan.names.nearest import nearest
from ferryman.plan.templates.dialect import Dialect, Fault
from ferryman.plan.templates.fields import Spot
from ferryman.plan.templates.roots import Roots, Target
from ferryman.plan.templates.walk import Walk

Level: TypeAlias = Literal["error", "warning"]
_WORD: Final = re.compile(r"""(\w+)=("[^"]*"|'[^']*'|\S+)""")
_PREFIX: Final = "ferryman:"
_SILENCED: Final = frozenset(
    {"variable", "no-such-event", "tag", "filter", "may-be-missing", "deprecated"}
)
"""Rules that a template may ignore: not that it cannot be read, nor that it says so wrongly."""


class Template(msgspec.Struct, frozen=True):
    """The text of a template, and what findings call it, such as its path.

    *event* or *message* say what it is for, where the text itself does not. Else a folder of
    *path*, or its file up to the first dot, says it when it is called like an event or a message.
    """

    name: str
    source: str
    event: str = ""
    message: str = ""
    path: str = ""


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong with a template, or with the plan as templates use it.

    *where* is the template's name, or a place of the plan: ``event order_paid: lines[].sku``.
    *line* and *column* count from 1, and are 0 in the plan. *hint* is what to write instead.
    """

    where: str
    line: int
    column: int
    level: Level
    rule: str
    what: str
    hint: str = ""


class Checked(msgspec.Struct, frozen=True):
    """What came of a check: the findings, and how many templates each event or message has.

    *undecided* counts the templates that read an event's or a message's data, and fit several.
    """

    findings: list[Finding]
    templates: dict[str, int]
    undecided: int


def check(document: dict[str, Any], templates: Iterable[Template]) -> Checked:
    """Hold *templates* against *document*, a plan as :meth:`TrackingPlan.schema` gives it.

    Errors are syntax that cannot be read, variables that nothing of the plan provides, and
    plainly misspelt filters and tags. Warnings are fields that may be missing where no default
    or condition guards them, deprecated fields, and fields of an event or a message that none
    of its templates reads. Raises InvalidOperation for a document of another form.
    """
    if object_at(document, "x-ferryman").get("format") != FORMAT:
        raise InvalidOperation("is no plan of this version: read it first", field="document")
    checker = _Checker(Roots(document))
    for template in templates:
        checker.one(template)
    findings = [*checker.findings, *checker.unused()]
    return Checked(findings, dict(sorted(checker.count.items())), checker.undecided)


class _Checker:
    """Checks one template after the other."""

    def __init__(self, roots: Roots) -> None:
        self._roots = roots
        self._dialect = Dialect()
        self._touched: set[tuple[str, str]] = set()
        self._whole: set[tuple[str, str]] = set()
        self.findings: list[Finding] = []
        self.count: dict[str, int] = {}
        self.undecided = 0

    def one(self, template: Template) -> None:
        """Check *template*."""
        tree = self._dialect.read(template.source)
        errors, warnings = list(tree.faults), list[Fault]()
        target = self._target(template, tree.nodes, errors)
        walk = Walk(self._roots, target, self._dialect)
        parsed = BoundTemplate(self._dialect, nodes=tree.nodes)
        try:
            walk.through(tree.nodes, RenderContext(parsed))
        except RecursionError:
            errors.append(Fault(0, "limit", "is nested too deeply to be checked"))
        errors += walk.errors
        if not target.kind:
            target = self._likely(walk, errors)
        if target.kind:
            self.count[str(target)] = self.count.get(str(target), 0) + 1
        elif any(owner.startswith(("event ", "message ")) for owner, _ in walk.touched):
            self.undecided += 1
        self._touched |= walk.touched
        self._whole |= walk.whole
        warnings += walk.warnings
        starts = _line_starts(template.source)
        placed = [_placed(template.name, fault, "error", starts) for fault in errors]
        placed += [_placed(template.name, fault, "warning", starts) for fault in warnings]
        placed = self._heeded(template, tree.nodes, placed, starts)
        placed.sort(key=lambda each: (each.line, each.column, each.level))
        self.findings += dict.fromkeys(placed)

    def _heeded(
        self, template: Template, nodes: list[Node], found: list[Finding], starts: list[int]
    ) -> list[Finding]:
        """Return *found* without the rules that the template ignores; what ignores none is told."""
        kept = found
        for text, node in _comments(nodes):
            for word, rules in _WORD.findall(text):
                for rule in rules.strip("\"'").split(",") if word == "ignore" else ():
                    left = [each for each in kept if each.rule not in {rule} & _SILENCED]
                    if len(left) == len(kept):
                        what = f"ignore={rule} silences nothing here"
                        fault = Fault(node.token.start_index, "directive", what)
                        left.append(_placed(template.name, fault, "warning", starts))
                    kept = left
        return kept

    def unused(self) -> Iterator[Finding]:
        """Yield the fields that no template reads, of what has templates."""
        spots = {**_named("event", self._roots.events), **_named("message", self._roots.messages)}
        for owner in sorted(self.count):
            for path in self._unread(spots[owner], frozenset()):
                what = "no template reads this field"
                yield Finding(f"{owner}: {path}", 0, 0, "warning", "unused", what)

    def _unread(self, spot: Spot, above: frozenset[int]) -> Iterator[str]:
        if (spot.owner, spot.path) in self._whole:
            return
        for _, inner in self._roots.inside(spot):
            if inner.said.get("x-personal") or inner.said.get("deprecated"):
                continue  # rightly left out of messages
            if (inner.owner, inner.path) not in self._touched:
                yield inner.path
            elif not (inside := frozenset(map(id, inner.schemas))) & above:
                yield from self._unread(inner, above | inside)

    def _target(self, template: Template, nodes: list[Node], errors: list[Fault]) -> Target:
        """Return what *template* is for: as it says, as was given, or as its path is called."""
        said: dict[str, str] = {}
        for text, node in _comments(nodes):
            said |= self._directive(text, node, errors)
        for given in (said, {"event": template.event, "message": template.message}):
            for target in (Target("event", given.get("event", "")),
                           Target("message", given.get("message", ""))):  # fmt: skip
                if target.name and self._roots.has(target):
                    return target
        *folders, file = (template.path or template.name).split("/")
        for name in (file.partition(".")[0], file.rpartition(".")[0], *reversed(folders)):
            for target in (Target("event", name), Target("message", name)):
                if self._roots.has(target):
                    return target
        return Target()

    def _directive(self, text: str, node: Node, errors: list[Fault]) -> dict[str, str]:
        said = {word: name.strip("\"'") for word, name in _WORD.findall(text)}
        at = node.token.start_index
        known = {"event": self._roots.events, "message": self._roots.messages}
        for word, name in said.items():
            if word == "ignore":
                continue
            if word not in known:
                what = f"{_PREFIX} knows event=NAME, message=NAME and ignore=RULE, not {word}="
                errors.append(Fault(at, "directive", what))
            elif name not in known[word]:
                what = f"the plan has no {word} {name}"
                errors.append(Fault(at, "directive", what, nearest(name, known[word])))
        if not said:
            errors.append(
                Fault(at, "directive", f"{_PREFIX} says neither event=, message= nor ignore=")
            )
        return said

    def _likely(self, walk: Walk, errors: list[Fault]) -> Target:
        """Return the only event that has all that is read whatever the data, if there is one."""
        fitting: frozenset[str] | None = None
        before: list[str] = []
        for read in walk.read:
            left = read.owners if fitting is None else fitting & read.owners
            if not left:
                others = ", ".join(dict.fromkeys(before))
                what = f"no event that has {others} has {read.name}, too"
                errors.append(Fault(read.at, "no-such-event", what))
                return Target()
            fitting = left
            before.append(read.name)
        if fitting is None or len(fitting) > 1:
            return Target()
        return Target("event", next(iter(fitting)).removeprefix("event "))


def _comments(nodes: list[Node]) -> Iterator[tuple[str, Node]]:
    """Yield what the comments of a template say to this check, without the word before it."""
    for node in nodes:
        if isinstance(node, CommentNode):
            text = (node.text or "").strip()
            if text.startswith(_PREFIX):
                yield text.removeprefix(_PREFIX), node


def _named(kind: str, spots: dict[str, Spot]) -> dict[str, Spot]:
    return {f"{kind} {name}": spot for name, spot in spots.items()}


def _placed(name: str, fault: Fault, level: Level, starts: list[int]) -> Finding:
    line = bisect_right(starts, fault.at)
    column = fault.at - starts[line - 1] + 1
    return Finding(name, line, column, level, fault.rule, fault.what, fault.hint)


def _line_starts(source: str) -> list[int]:
    return [0, *(found.end() for found in re.finditer(r"\r\n|\r|\n", source))]
