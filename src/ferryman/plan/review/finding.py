"""What a check finds: a rule, its place, what is wrong, why that matters, and what to do.

Pure. Here must not live: how findings are shown (ferryman.cli.plan_check).
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from ferryman.plan.review.rules import RULES, Severity


class Spot(NamedTuple):
    """A place in a file. Lines count from 1; 0 where it is not known."""

    file: str = ""
    line: int = 0
    first: int = 0
    """The first and the last line on which a comment speaks of this place."""
    last: int = 0

    @classmethod
    def at(cls, file: str, line: int, last: int = 0) -> "Spot":
        """Return a place of one line, or up to *last*."""
        return cls(file, line, line, max(line, last))


NOWHERE = Spot()


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong.

    *where* is the kind of class, its name and the path of the field (``event order_placed:
    lines[].price``), or the call in the code. *file* is "" and *line* 0 where they are unknown.
    """

    rule: str
    severity: Severity
    file: str
    line: int
    where: str
    what: str
    why: str
    advice: str


class Findings:
    """The findings so far, each with the lines on which a comment may silence it."""

    def __init__(self) -> None:
        self.found: list[tuple[Finding, Spot]] = []

    def add(self, rule: str, where: str, what: str, *, at: Spot, advice: str = "") -> None:
        """Note that *rule* is broken; *advice* says more than the rule's own."""
        said = RULES[rule]
        finding = Finding(
            rule=rule,
            severity=said.severity,
            file=at.file,
            line=at.line,
            where=where,
            what=what,
            why=said.why,
            advice=advice or said.advice,
        )
        if (finding, at) not in self.found[-50:]:  # one call reached by two ways is one finding
            self.found.append((finding, at))


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return *findings* by file and line, as a reader goes through them."""
    return sorted(findings, key=lambda each: (each.file, each.line, each.rule, each.where))
