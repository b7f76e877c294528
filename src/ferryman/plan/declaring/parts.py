"""The classes of a whole plan, each in its place.

Pure. Here must not live: how they are collected and held against each other
(tracking/collecting.py).
"""

from typing import Any

import msgspec

from ferryman.plan.declaring.standins import Model


class Parts(msgspec.Struct, frozen=True):
    """The classes of a plan, each kind sorted by its name on the wire."""

    events: tuple[Model[Any], ...]
    person: Model[Any] | None
    objects: tuple[Model[Any], ...]
    messages: tuple[Model[Any], ...]

    def all(self) -> tuple[Model[Any], ...]:
        """Return every class, events first."""
        people = () if self.person is None else (self.person,)
        return (*self.events, *people, *self.objects, *self.messages)
