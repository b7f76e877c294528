"""What two plans say differently, whom each change hurts, and why.

Pure: two documents in, a list out, in an order that does not hang on that of their keys. Here
live the plan and its classes. Here must not live: types (types.py), or files.
"""

from typing import Any, Final

from ferryman.errors import InvalidOperation
from ferryman.plan.diff.change import Change, Changes, Place
from ferryman.plan.diff.types import Types
from ferryman.plan.exchange.words import FORMAT
from ferryman.plan.jsonlike import object_at

_GROUPS: Final = (("events", "event"), ("objects", "object"), ("messages", "message"))
_ROOT: Final = frozenset({"x-ferryman", "$defs", "properties", "title", "description"})
_STRICT: Final = ("off", "warn", "enforce")
_GONE: Final = {
    "event": "code that says it is refused, and campaigns that it starts start no more",
    "person": "code that says attributes has no class, and nothing keeps what segments read",
    "object": "code that says it has no class, and nothing keeps what campaigns read of it",
    "message": "code that sends it has no class, and nothing keeps what its template reads",
}


def diff(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """Return what changed from *old* to *new*, two documents of :meth:`TrackingPlan.schema`.

    Each change says where, what, whether it is breaking, risky or safe, and why. Raises
    InvalidOperation for a document of another form: read a foreign one with
    :func:`read_document` first.
    """
    for document, name in ((old, "old"), (new, "new")):
        if object_at(document, "x-ferryman").get("format") != FORMAT:
            raise InvalidOperation("is no plan of this version: read it first", field=name)
    to = Changes()
    types = Types(old, new, to)
    _plan(old, new, to)
    for group, kind in _GROUPS[:1]:
        _group(_classes(old, group), _classes(new, group), kind, types, to)
    people = [{"": found} if found else {} for found in map(_person, (old, new))]
    _group(people[0], people[1], "person", types, to)
    for group, kind in _GROUPS[1:]:
        _group(_classes(old, group), _classes(new, group), kind, types, to)
    return to.found


def _classes(document: dict[str, Any], group: str) -> dict[str, str]:
    """Return the key in ``$defs`` of each class of *group*, by its name."""
    listed = object_at(document, "properties", group, "properties")
    return {name: _key(said) for name, said in listed.items()}


def _person(document: dict[str, Any]) -> str:
    return _key(object_at(document, "properties", "person"))


def _key(said: Any) -> str:
    return str(object_at(said).get("$ref", "")).removeprefix("#/$defs/")


def _group(old: dict[str, str], new: dict[str, str], kind: str, types: Types, to: Changes) -> None:
    for name in sorted(old.keys() | new.keys()):
        where = Place(f"{kind} {name}" if name else kind)
        if name not in new:
            heirs = [each for each, key in new.items() if key == old[name] and each not in old]
            hint = f"; its class now says {heirs[0]}" if heirs else types.successor(old[name])
            to.breaking(where, f"{kind} removed", _GONE[kind] + hint)
        elif name in old:
            types.classes(old[name], new[name], where)
        elif kind == "person":
            reason = "attributes were free; code that says others than the class has is refused"
            to.breaking(where, "person added", reason)
        else:
            to.safe(where, f"{kind} added", "nobody says it yet, and nobody reads it yet")


def _plan(old: dict[str, Any], new: dict[str, Any], to: Changes) -> None:
    where = Place("plan")
    for word in ("title", "description"):
        if old.get(word) != new.get(word):
            to.safe(where, f"{word} changed", "it is read by people, not by code")
    was, is_now = object_at(old, "x-ferryman"), object_at(new, "x-ferryman")
    _mode(str(was.get("mode", "enforce")), str(is_now.get("mode", "enforce")), where, to)
    for names in ("events", "fields"):
        before = object_at(was, "conventions").get(names, "snake_case")
        after = object_at(is_now, "conventions").get(names, "snake_case")
        if before != after:
            what = f"convention of {names} changed from {before} to {after}"
            if after == "any":
                to.safe(where, what, "every name that was allowed still is")
            else:
                to.risky(where, what, "names that branches and teams add today may be refused")
    known = {"format", "mode", "conventions"}
    differing = [
        word for word in (was.keys() | is_now.keys()) - known if was.get(word) != is_now.get(word)
    ]
    differing += [
        word for word in (old.keys() | new.keys()) - _ROOT if old.get(word) != new.get(word)
    ]
    for word in sorted(differing):
        reason = "what this word does to who says or reads events is not known here: look"
        to.risky(where, f"{word} changed", reason)


def _mode(old: str, new: str, where: Place, to: Changes) -> None:
    if old == new:
        return
    what = f"mode changed from {old} to {new}"
    if new == "enforce":
        to.breaking(where, what, "what was sent against the plan raises an error now")
    elif old in _STRICT and new in _STRICT and _STRICT.index(new) > _STRICT.index(old):
        to.safe(where, what, "everything is sent as before, and deviations are counted")
    else:
        to.risky(where, what, "what is against the plan reaches campaigns, or is counted no more")
