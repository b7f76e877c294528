"""From runs to medians: what one contender did in one case, over all rounds. Pure."""

from statistics import median
from typing import TypeAlias

import msgspec

from benchmarks.rows import Section

SUMMED = ("lost", "duplicates")
Place: TypeAlias = tuple[Section, str, str]
Medians: TypeAlias = dict[Place, dict[str, float]]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One contender in one case and one round: what it was asked, and all that was measured."""

    section: Section
    row: str
    case: str
    round: int
    events: int
    values: dict[str, float]

    @property
    def place(self) -> Place:
        """Return whose run it is."""
        return self.section, self.row, self.case


def medians(runs: list[Run]) -> Medians:
    """Return the values of each contender and case: medians, but the sums of what must be 0.

    `rate_low` and `rate_high` tell how far its rounds lie apart.
    """
    groups: dict[Place, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.place, []).append(run)
    return {place: _merged(group) for place, group in groups.items()}


def _merged(group: list[Run]) -> dict[str, float]:
    merged = {"events": float(group[0].events), "rounds": float(len(group))}
    for name in dict.fromkeys(name for run in group for name in run.values):
        found = [run.values[name] for run in group if name in run.values]
        merged[name] = sum(found) if name in SUMMED else median(found)
        if name == "rate":
            merged |= {"rate_low": min(found), "rate_high": max(found)}
    return merged
