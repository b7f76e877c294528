"""The tracking plan: what an application may say, collected, and asked at run time.

Pure but for its tally of deviations. Here lives what a plan collects, what makes it impossible,
and what it answers about an event or a person. Here must not live: documents
(exchange/schema.py), or how a value is checked (checking/, declaring/standins.py).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, cast, get_args, get_origin

from typing_extensions import TypeVar

from ferryman._core.kinds import take
from ferryman._core.plain import Wrong
from ferryman.errors import InvalidOperation
from ferryman.plan.checking.loose import Loose
from ferryman.plan.declaring.events import Event, MessageData, Object, Person
from ferryman.plan.declaring.parts import Parts
from ferryman.plan.declaring.standins import Model, check_named, check_value, is_model
from ferryman.plan.declaring.wire import encode_event, encode_person
from ferryman.plan.names.conventions import Conventions
from ferryman.plan.tracking.collecting import collected, members_of
from ferryman.plan.tracking.deviations import Deviation, DeviationKind, Tally

PlanMode: TypeAlias = Literal["enforce", "warn", "off"]
E = TypeVar("E", default=Event)
P = TypeVar("P", default=Person)
# Of those who say: who takes any event may stand where these are said, and no other way round.
E_contra = TypeVar("E_contra", contravariant=True, default=Event)
P_contra = TypeVar("P_contra", contravariant=True, default=Person)
_DEVIATES: dict[DeviationKind, str] = {
    "unknown_event": "event",
    "wrong_event": "event",
    "unknown_person": "attributes",
    "wrong_person": "attributes",
}


class _Parametrized(GenericAlias):
    """``TrackingPlan[Events, Shopper]``, which holds a new plan against its parameters."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        cls: Any = get_origin(self)
        plan: TrackingPlan[Any, Any] = cls(*args, **kwargs)
        plan.covers(*get_args(self))
        return plan


class TrackingPlan(Generic[E, P]):
    """Collect what an application may say: ``TrackingPlan[Events, Shopper](events=[...], ...)``.

    *Events* is the union of the event classes, which type checkers read; *events* lists the
    same classes, or stand-ins made by :func:`event`, and a list that lacks or adds one is
    refused. *person* is the class of attributes, *objects* and *messages* list the others.
    *conventions* say how names are spelt (snake_case), *title* and *description* what the plan
    is called.

    *mode* is what happens to what is said against it. ``"enforce"`` raises InvalidOperation for
    an unknown event and for wrong data. ``"warn"`` sends both as they are, where JSON can hold
    them, counts them (:meth:`report`) and tells of the first of each kind. ``"off"`` sends them
    and says nothing. Deprecated events are sent in every mode, and noted unless it is off.

    Raises InvalidOperation that lists everything wrong: names twice or spelt against the
    conventions, successors that are not in the plan, what Customer.io cannot take.
    """

    def __init__(
        self,
        events: Sequence[type[E] | Model[E]],
        *,
        person: type[P] | None = None,
        objects: Sequence[type[Object]] = (),
        messages: Sequence[type[MessageData]] = (),
        mode: PlanMode = "enforce",
        conventions: Conventions | None = None,
        title: str = "Tracking plan",
        description: str = "",
    ) -> None:
        if mode not in get_args(PlanMode):
            raise InvalidOperation("is 'enforce', 'warn' or 'off'", field="mode")
        self.mode: PlanMode = mode
        self.conventions = conventions or Conventions()
        self.title = title
        self.description = description
        self.parts: Parts = collected(events, person, objects, messages, self.conventions)
        self.tally = Tally()
        self._by_class = {model.cls: model for model in self.parts.events}
        # Under enforce nothing is left to ask about these: the encoder checks their data.
        self._at_once = frozenset(
            model.cls
            for model in self.parts.events
            if mode == "enforce" and issubclass(model.cls, Event) and not model.facts.deprecated
        )
        self._by_name = {model.facts.name: model for model in self.parts.events}
        self._loose = Loose("track")

    if not TYPE_CHECKING:

        def __class_getitem__(cls, parameters: Any) -> Any:
            given = parameters if isinstance(parameters, tuple) else (parameters,)
            return _Parametrized(cls, given)

    def covers(self, events: Any = None, person: Any = None) -> None:
        """Raise InvalidOperation when *events*, a union, and *person* are not what was listed."""
        named = members_of(events)
        if named is not None:
            _same("events", named, {model.cls for model in self.parts.events})
        if isinstance(person, type) and person is not Person:
            _same("person", {person}, {self.parts.person.cls} if self.parts.person else set())

    def report(self) -> tuple[Deviation, ...]:
        """Return what was sent against the plan since it was made, the most frequent first."""
        return self.tally.report()

    def schema(self) -> dict[str, Any]:
        """Return the plan as a document of JSON Schema 2020-12: see exchange/schema.py.

        Raises InvalidOperation for a type that JSON Schema cannot say.
        """
        from ferryman.plan.exchange.schema import document

        return document(
            self.parts,
            title=self.title,
            description=self.description,
            mode=self.mode,
            conventions=self.conventions,
        )

    def schema_bytes(self) -> bytes:
        """Return :meth:`schema` as UTF-8 JSON, the same bytes for the same plan."""
        from ferryman.plan.exchange.schema import document_bytes

        return document_bytes(self.schema())

    def __repr__(self) -> str:
        """Name the plan, its size and its mode."""
        return f"<TrackingPlan {self.title!r} {len(self.parts.events)} events {self.mode}>"

    # -- asked by whoever says something

    def admit_event(self, event: object, data: Mapping[str, object] | None) -> tuple[object, Any]:
        """Return *event* and *data* as they may be said; raises InvalidOperation under enforce.

        A stand-in becomes a name and its data, and so does, in the other modes, an event whose
        data is wrong.
        """
        if type(event) in self._at_once:
            return event, data
        if isinstance(event, str):
            self._admit_name(event, {} if data is None else data)
            return event, data
        model = self._by_class.get(type(event))
        if model is None:
            if isinstance(event, Event):
                self._unknown(event.__event__)
                return self._typed(event, event.__event__, data)
            return event, data  # no event at all: who says it says so
        self._note_deprecated(model)
        if isinstance(event, Event):
            return self._typed(event, model.facts.name, data)
        if data is not None:
            raise InvalidOperation("a typed event carries its own data", field="data")
        self._checked("wrong_event", model, lambda: check_value(event, at=model.facts.name))
        return model.facts.name, event

    def admit_class(self, cls: type) -> None:
        """Admit an event of *cls* that its class has checked; raises InvalidOperation as above."""
        model = self._by_class.get(cls)
        if model is not None:
            self._note_deprecated(model)
        elif issubclass(cls, Event):
            self._unknown(cls.__event__)

    def _typed(self, event: Event, name: str, data: Any) -> tuple[object, Any]:
        # Under enforce the encoder checks it, a moment later.
        if self.mode == "enforce" or data is not None:
            return event, data
        try:
            encode_event(event, "track")
        except InvalidOperation as wrong:
            self._deviates("wrong_event", name, wrong)
            return name, event
        return event, None

    def _admit_name(self, name: str, data: Mapping[str, object]) -> None:
        model = self._by_name.get(name)
        if model is None:
            self._unknown(name)
            return
        self._note_deprecated(model)
        self._checked("wrong_event", model, lambda: self._check_named(model, data, name))

    def admit_person(self, attributes: object) -> Any:
        """Return *attributes* as they may be said; raises InvalidOperation under enforce.

        A mapping may lack attributes of the plan's class: it says what changes.
        """
        model = self.parts.person
        if model is None or attributes is None:
            return attributes
        if isinstance(attributes, model.cls):
            if isinstance(attributes, Person):
                return self._typed_person(attributes)
            self._checked("wrong_person", model, lambda: check_value(attributes, at="attributes"))
            return take(attributes, "track", 0)
        if isinstance(attributes, Mapping):
            said = cast("Mapping[str, object]", attributes)
            look = lambda: self._check_named(model, said, "attributes", partial=True)  # noqa: E731 - a line of its own, used on the next
            self._checked("wrong_person", model, look)
        elif isinstance(attributes, Person):
            got = type(attributes).__name__
            rule = InvalidOperation(f"expected {model.cls.__name__}, got {got}", field="attributes")
            self._deviates("unknown_person", got, rule)
        return cast("Any", attributes)

    def _typed_person(self, person: Person) -> Any:
        if self.mode == "enforce":
            return person
        try:
            encode_person(person, "track")
        except InvalidOperation as wrong:
            self._deviates("wrong_person", type(person).__name__, wrong)
            return take(person, "track", 0)
        return person

    def _check_named(
        self, model: Model[Any], data: Mapping[str, object], at: str, *, partial: bool = False
    ) -> None:
        if is_model(model.cls):
            check_named(model.cls, data, at=at, partial=partial)
            return
        try:
            self._loose.check(model.cls, data, partial=partial)
        except Wrong as wrong:
            raise wrong.located(at) from None

    def _checked(self, kind: DeviationKind, model: Model[Any], look: Callable[[], None]) -> None:
        try:
            look()
        except InvalidOperation as wrong:
            self._deviates(kind, model.facts.name, wrong)

    def _unknown(self, name: str) -> None:
        near = get_close_matches(name, self._by_name, n=1)
        hint = f"; is {near[0]} meant?" if near else ""
        shown = name if len(name) <= 60 else name[:59] + "…"
        rule = f"{shown!r} is not in the tracking plan{hint}"
        self._deviates("unknown_event", name[:60], InvalidOperation(rule, field="event"))

    def _deviates(self, kind: DeviationKind, name: str, wrong: InvalidOperation) -> None:
        if self.mode == "enforce":
            raise wrong
        if self.mode == "warn":
            self.tally.note(Deviation(kind, name, wrong.field or "", wrong.rule))

    def _note_deprecated(self, model: Model[Any]) -> None:
        facts = model.facts
        if facts.deprecated and self.mode != "off":
            rule = f"say {facts.successor} instead" if facts.successor else "is deprecated"
            self.tally.note(Deviation("deprecated_event", facts.name, rule=rule))


def _same(what: str, named: Iterable[type], listed: set[type]) -> None:
    names = set(named)
    lacking = sorted(cls.__name__ for cls in names - listed)
    added = sorted(cls.__name__ for cls in listed - names)
    wrong = [f"lacks {', '.join(lacking)}"] if lacking else []
    wrong += [f"has {', '.join(added)}, which the plan's parameters do not name"] if added else []
    if wrong:
        raise InvalidOperation(" and ".join(wrong), field=what)
