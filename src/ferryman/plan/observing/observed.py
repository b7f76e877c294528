"""What passes by, counted by event and by shape: the start of a plan, and the test of one.

Pure, of bounded memory, and without the values of customers: only how often, of which types and
formats, and how many distinct short texts; which texts, only where *values* says so. Not safe to
share between threads: who listens to several holds a lock (_io/overhearing.py).
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from ferryman.errors import InvalidOperation
from ferryman.plan.observed_form import FORMAT, ObservedForm
from ferryman.plan.observing.recognising import is_data
from ferryman.plan.observing.seen import MAX_NAME, Room, Shape

MAX_EVENTS: Final = 500
"""Names of events that are kept apart; what comes later is counted as more."""
_DIRECT: Final = frozenset({"_update", "_timestamp", "cio_relationships"})
"""Names among the attributes that direct the call (names/limits.py)."""
_decode: Final = msgspec.json.Decoder(ObservedForm).decode


class Observed:
    """Counts events and the attributes of people.

    With *values* it keeps, of fields that hold few short texts and do not look personal, the
    texts themselves, from which a plan can propose a ``Literal``.
    """

    def __init__(self, *, values: bool = False) -> None:
        self.events: dict[str, Shape] = {}
        self.person: Shape | None = None
        self.more = 0
        self._room = Room(keeps_values=values)

    @property
    def keeps_values(self) -> bool:
        """Whether it keeps short texts."""
        return self._room.keeps_values

    def track(self, name: str, data: Mapping[str, Any]) -> None:
        """Count an event with its *data*, decoded JSON."""
        shape = self.events.get(name) or self._new(name)
        if shape is None:
            self.more += 1
        else:
            shape.take(data, self._room)

    def identify(self, attributes: Mapping[str, Any]) -> None:
        """Count the *attributes* that were said of a person, decoded JSON."""
        if not _DIRECT.isdisjoint(attributes):
            attributes = {k: value for k, value in attributes.items() if k not in _DIRECT}
        if self.person is None:
            self.person = Shape()
        self.person.take(attributes, self._room)

    def _new(self, name: str) -> Shape | None:
        if len(self.events) >= MAX_EVENTS or len(name) > MAX_NAME or is_data(name):
            return None
        shape = self.events[name] = Shape()
        return shape

    def merge(self, other: "Observed") -> None:
        """Add what *other* counted."""
        self.more += other.more
        for name, theirs in other.events.items():
            mine = self.events.get(name) or self._new(name)
            if mine is None:
                self.more += theirs.count
            else:
                mine.merge(theirs, self._room)
        if other.person is not None:
            if self.person is None:
                self.person = Shape()
            self.person.merge(other.person, self._room)

    def document(self, *, values: bool = True) -> bytes:
        """Return the counts as JSON, an :class:`ObservedForm`; without *values* no texts."""
        values = values and self.keeps_values
        form = ObservedForm(
            observed=FORMAT,
            keeps_values=values,
            events={name: shape.form(values=values) for name, shape in self.events.items()},
            person=UNSET if self.person is None else self.person.form(values=values),
            more=self.more,
        )
        return msgspec.json.encode(form)

    @classmethod
    def read(cls, document: bytes) -> "Observed":
        """Return the counts of a *document*; raise InvalidOperation for one of another form."""
        try:
            form = _decode(document)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            rule = "is no document of what was observed, or of another version"
            raise InvalidOperation(rule, field="document") from None
        made = cls(values=form.keeps_values)
        made.more = form.more
        made.events = {name: Shape.read(each) for name, each in form.events.items()}
        if not isinstance(form.person, UnsetType):
            made.person = Shape.read(form.person)
        for shape in (*made.events.values(), *([made.person] if made.person else [])):
            made._room.left -= shape.size()
        return made
