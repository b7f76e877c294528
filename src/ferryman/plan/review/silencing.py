"""Comments that silence findings: `# ferryman: ignore`, or `# ferryman: ignore[rule, rule]`.

Pure. Only comments count: the same words in a string say nothing.
"""

import io
import re
import tokenize
from typing import Final

from ferryman.plan.review.finding import Finding, Findings, Spot
from ferryman.plan.review.rules import RULES

_SAID: Final = re.compile(r"#\s*ferryman:\s*ignore\b(?:\[([^\]]*)\])?")


class Ignore:
    """One comment."""

    def __init__(self, file: str, line: int, rules: frozenset[str]) -> None:
        self.file = file
        self.line = line
        self.rules = rules
        """Those that are named; none stands for all."""
        self.used: set[str] = set()

    def silences(self, finding: Finding, spot: Spot) -> bool:
        """Whether *finding*, at *spot*, is silenced; notes that it was."""
        if spot.file != self.file or not spot.first <= self.line <= spot.last:
            return False
        if self.rules and finding.rule not in self.rules:
            return False
        self.used.add(finding.rule)
        return True


def ignores_in(file: str, text: str) -> list[Ignore]:
    """Return the comments of *text* that silence something."""
    if not _SAID.search(text):
        return []
    found: list[Ignore] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            said = _SAID.search(token.string) if token.type == tokenize.COMMENT else None
            if said:
                rules = frozenset(re.split(r"[,\s]+", (said[1] or "").strip())) - {""}
                found.append(Ignore(file, token.start[0], rules))
    except (tokenize.TokenError, SyntaxError):
        return []  # told as a file that cannot be read
    return found


def silenced(to: Findings, ignores: list[Ignore]) -> list[Finding]:
    """Return what no comment silences, and what is wrong with the comments themselves."""
    by_file: dict[str, list[Ignore]] = {}
    for ignore in ignores:
        by_file.setdefault(ignore.file, []).append(ignore)
    kept: list[Finding] = []
    for finding, spot in to.found:
        # Every comment is asked, so that two on one call are both used.
        silenced_by = [each for each in by_file.get(spot.file, []) if each.silences(finding, spot)]
        if not silenced_by:
            kept.append(finding)
    more = Findings()
    for ignore in ignores:
        at = Spot.at(ignore.file, ignore.line)
        if not ignore.rules and not ignore.used:
            more.add("unused-ignore", "comment", "nothing here is silenced by it", at=at)
        for rule in sorted(ignore.rules - ignore.used):
            what = f"{rule} is not found here" if rule in RULES else f"there is no rule {rule}"
            more.add("unused-ignore", "comment", what, at=at)
    return kept + [finding for finding, _ in more.found]
