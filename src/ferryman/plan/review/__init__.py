"""What is wrong with a plan, and with its use in a code base: `ferryman plan check`.

Pure: a document and the texts of files in, findings out. The plan's own checks read the document
(check_names.py, sizes.py, check_defaults.py, check_patterns.py, check_pairs.py, check_notes.py);
the use is read with `ast` and never imported (modules.py, resolving.py, calls.py, usage.py,
check_use.py). Comments silence (silencing.py). Every rule stands in one table (rules.py). Here
must not live: files.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from ferryman.plan.review.check_defaults import check_defaults
from ferryman.plan.review.check_names import check_names
from ferryman.plan.review.check_notes import check_notes
from ferryman.plan.review.check_pairs import check_pairs
from ferryman.plan.review.check_patterns import check_patterns
from ferryman.plan.review.check_use import Tally, check_use
from ferryman.plan.review.declared import Place, Plan
from ferryman.plan.review.finding import Finding, Findings, Spot, in_order
from ferryman.plan.review.modules import Module
from ferryman.plan.review.resolving import Project
from ferryman.plan.review.rules import RULES, Rule, Severity
from ferryman.plan.review.silencing import ignores_in, silenced
from ferryman.plan.review.sizes import check_sizes

__all__ = [
    "ON",
    "RULES", "Finding", "Place", "Plan", "Rule", "Severity", "Source", "Tally", "review",
]  # fmt: skip


_PLAN_CHECKS: Final = (
    check_names, check_sizes, check_defaults, check_patterns, check_pairs, check_notes,
)  # fmt: skip
ON: Final = frozenset(name for name, rule in RULES.items() if rule.on)
"""The rules that are asked where nothing is selected."""


class Source(NamedTuple):
    """The text of a Python file."""

    path: str
    text: str


def review(
    plan: Plan,
    scanned: Sequence[Source],
    declaring: Iterable[Source] = (),
    *,
    asked: AbstractSet[str] = ON,
) -> tuple[list[Finding], Tally]:
    """Return what is wrong with *plan* and its use in *scanned* by the rules *asked*.

    *declaring* are the files in which the plan's classes stand: their comments silence, too,
    and what they import is understood, but what they say is not checked unless it is scanned.
    """
    to = Findings()
    for check in _PLAN_CHECKS:
        check(plan, to)
    read = {source.path: source for source in (*declaring, *scanned)}
    modules = {path: Module(path, source.text) for path, source in read.items()}
    looked_at = [modules[source.path] for source in scanned]
    tally = check_use(plan, looked_at, Project(modules.values()), to)
    for module in modules.values():
        if module.error is not None:
            line = getattr(module.error, "lineno", None) or 1
            at = Spot.at(module.path, line)
            to.add("unreadable-file", "file", _reason(module.error), at=at)
    ignores = [each for path in modules for each in ignores_in(path, read[path].text)]
    # Asked last: a comment that silences a rule nobody asked is no comment in vain.
    kept = [each for each in silenced(to, ignores) if each.rule in asked]
    return in_order(kept), tally


def _reason(error: Exception) -> str:
    if isinstance(error, SyntaxError | ValueError):
        said = error.msg if isinstance(error, SyntaxError) else error
        return f"cannot be parsed: {said}"
    return "is nested too deeply to be read"
