"""One change between two plans, and the list they are gathered in.

Pure. The law of all verdicts: what narrows is breaking, for code that says it is refused; what
widens is risky, for campaigns, segments and templates meet what they never met; what is taken
away from those who read is breaking; what only describes is safe. Here must not live: what a
difference means (types.py, bounds.py, marks.py).
"""

from typing import Literal, TypeAlias

import msgspec

Verdict: TypeAlias = Literal["breaking", "risky", "safe"]


class Change(msgspec.Struct, frozen=True):
    """One difference between two plans: *where*, *what*, its *verdict*, and the *reason* for it.

    *where* is ``plan``, or what kind of class, its name, and the path of the field:
    ``event order_placed: lines[].price``.
    """

    where: str
    what: str
    verdict: Verdict
    reason: str


class Place(msgspec.Struct, frozen=True):
    """Where two documents are held against each other."""

    owner: str
    path: str = ""

    def field(self, name: str) -> "Place":
        """Return the place of the field *name*."""
        return Place(self.owner, f"{self.path}.{name}" if self.path else name)

    def inside(self, mark: str) -> "Place":
        """Return the place of what this one holds: ``[]`` for items, ``{}`` for values."""
        return Place(self.owner, f"{self.path}{mark}")

    def __str__(self) -> str:
        """Return the place as people read it."""
        return f"{self.owner}: {self.path}" if self.path else self.owner


class Changes:
    """The changes found so far, in their order."""

    def __init__(self) -> None:
        self.found: list[Change] = []

    def breaking(self, where: Place, what: str, reason: str) -> None:
        """Note what stops code, a campaign or a template that works today."""
        self.found.append(Change(str(where), what, "breaking", reason))

    def risky(self, where: Place, what: str, reason: str) -> None:
        """Note what may hurt, depending on what reads it."""
        self.found.append(Change(str(where), what, "risky", reason))

    def safe(self, where: Place, what: str, reason: str) -> None:
        """Note what hurts nobody."""
        self.found.append(Change(str(where), what, "safe", reason))
