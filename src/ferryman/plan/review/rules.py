"""The rules of `plan check`: one table, which the checks, the command and its tests read.

Pure. A rule about the plan holds for every plan; a rule about the code holds for what Python
says in the scanned files. Here must not live: how a rule is checked.
"""

from typing import Final, Literal, NamedTuple, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "note"]
"""An error fails a check, a warning does so when it is strict, a note never does."""
Topic: TypeAlias = Literal["plan", "code"]


class Rule(NamedTuple):
    """What is looked for, how bad it is, why, and what to do about it."""

    topic: Topic
    severity: Severity
    finds: str
    why: str
    advice: str
    on: bool = True
    """Whether it is asked without being selected."""


RULES: Final[dict[str, Rule]] = {
    # names and limits of the plan
    "name-style": Rule(
        "plan", "error", "a name that is spelt against the plan's conventions",
        "campaigns and segments are built by people who type names from memory",
        "rename it, or change the plan's conventions",
    ),
    "mixed-styles": Rule(
        "plan", "warning", "a foreign plan whose names have no style in common",
        "campaigns and segments are built by people who type names from memory",
        "choose one style and rename the others",
    ),
    "name-limit": Rule(
        "plan", "error", "a name that is empty or longer than Customer.io takes",
        "beyond the documented limit Customer.io may refuse it, or lose it",
        "choose a shorter name",
    ),
    "too-many-attributes": Rule(
        "plan", "error", "a class with more than 300 attributes",
        "Customer.io takes no more in one call",
        "split the class, or keep in an object what is about an object",
    ),
    "reserved-name": Rule(
        "plan", "error", "a field with a name that Customer.io keeps for itself",
        "Customer.io acts by it, or overwrites it",
        "rename the field; where an event means it, say Field(reserved=True)",
    ),
    "reserved-event": Rule(
        "plan", "warning", "an event whose name does something else in the Pipelines API",
        "said there, it deletes or suppresses somebody, or changes a device, and is no event",
        "rename the event, or say it by the function of that name",
    ),
    "attribute-type": Rule(
        "plan", "error", "an attribute of another type than Customer.io reads it as",
        "Customer.io reads it as that type, whatever is sent",
        "give it the type that Customer.io reads",
    ),
    "default-wrong": Rule(
        "plan", "error", "a default that the type of its own field does not take",
        "whoever leaves the field out is refused",
        "correct the default, or widen the type",
    ),
    "slow-pattern": Rule(
        "plan", "warning", "a pattern whose search may take exponential time",
        "it is searched in every value, and a text made for it holds up the call for hours",
        "let each text match in one way: (a+)+ is a+, and (a|b|ab)* is (a|b)*",
    ),
    "too-large": Rule(
        "plan", "error", "a class or a field that is always larger than Customer.io takes",
        "not one of them could be delivered",
        "lower its bounds, or send a reference in place of the content",
    ),
    "may-be-too-large": Rule(
        "plan", "warning", "a class or a field that is larger than Customer.io takes when full",
        "those that are full are refused when they are said",
        "lower max_length, or send a reference in place of the content",
    ),
    # classes of the plan held against each other
    "duplicate-name": Rule(
        "plan", "error", "two classes with one name",
        "nobody can tell which of them a campaign is given",
        "remove one, or rename it",
    ),
    "similar-names": Rule(
        "plan", "warning", "names that differ only in case or separators",
        "a campaign that waits for one never sees the other, and people mistake them",
        "keep one; deprecate the other with the first as its successor",
    ),
    "same-shape": Rule(
        "plan", "warning", "two events with the same fields, at least three, and unlike names",
        "one thing with two names is counted twice, or by half",
        "keep one of them, or give each what it alone has",
    ),
    "field-type-differs": Rule(
        "plan", "warning", "a field whose type is another in another event",
        "a filter or a template that is copied between campaigns breaks",
        "use one type everywhere, or two names",
    ),
    # what the plan says about itself
    "description-missing": Rule(
        "plan", "warning", "a class without a description",
        "who builds a campaign reads the description, not the code",
        "write a docstring: one sentence about when it is said",
    ),
    "field-description-missing": Rule(
        "plan", "warning", "a field without a description",
        "who builds a campaign reads the description, not the code",
        "say Field(description=...)",
        on=False,
    ),
    "owner-missing": Rule(
        "plan", "warning", "a class without an owner",
        "nobody knows whom to ask before it is changed",
        'say the owner: class X(Event, owner="team")',
    ),
    "no-successor": Rule(
        "plan", "warning", "a deprecated event without a successor",
        "who still says it does not learn what to say instead",
        "say deprecated=TheEventThatTookItsPlace",
    ),
    "successor-unknown": Rule(
        "plan", "error", "a successor that is not in the plan, or leads back",
        "who follows it finds nothing to say",
        "name an event, or a field of the class, that is in the plan",
    ),
    "successor-deprecated": Rule(
        "plan", "warning", "a successor that is itself deprecated",
        "who follows it has to change twice",
        "name the event at the end of the chain",
    ),
    "version-invalid": Rule(
        "plan", "error", "a version that is no whole number from 1",
        "versions are compared",
        "count versions from 1",
    ),
    "version-in-name": Rule(
        "plan", "warning", "a name that ends in a version",
        "campaigns that wait for the name without it stop when code moves on",
        "keep the name and raise version=; for another meaning take another name",
    ),
    "personal-unmarked": Rule(
        "plan", "warning", "a field that looks personal and is not marked",
        "what is not marked is not found when a person asks what is kept of them",
        "say Field(personal=True)",
    ),
    # use in the code
    "undeclared-event": Rule(
        "code", "error", "a name that is tracked and is not in the plan",
        "a plan that is enforced refuses it; otherwise no campaign waits for it",
        "declare the event, or correct the name",
    ),
    "undeclared-class": Rule(
        "code", "error", "an event or person class that is said and is not in the plan",
        "a plan that is enforced refuses it; otherwise nobody knows of it",
        "list the class in the plan",
    ),
    "name-for-class": Rule(
        "code", "warning", "a declared event that is tracked by its name",
        "no type checker sees a wrong name or wrong data",
        "track an instance of its class",
    ),
    "unused-event": Rule(
        "code", "warning", "an event of the plan that the code never says",
        "a campaign that waits for it waits for ever",
        "track it, deprecate it, or remove it",
    ),
    "deprecated-event": Rule(
        "code", "warning", "a deprecated event that is still tracked",
        "it stays in use as long as code says it",
        "track its successor",
    ),
    "unknown-field": Rule(
        "code", "error", "a key of data= or of attributes that the class does not have",
        "a plan that is enforced refuses it; otherwise no template expects it",
        "correct the key, or declare the field",
    ),
    "missing-field": Rule(
        "code", "error", "data= that lacks a required field",
        "a plan that is enforced refuses it; otherwise templates show a gap",
        "give the field, or make it optional",
    ),
    "unreadable-name": Rule(
        "code", "note", "an event whose name is known only when the code runs",
        "it is not checked here, only when it is said",
        "track an instance of a class, where that is possible",
    ),
    "unreadable-file": Rule(
        "code", "note", "a file that is no Python of this version",
        "what it says is not checked",
        "correct it, or leave it out with --exclude",
    ),
    "unused-ignore": Rule(
        "code", "warning", "a comment `# ferryman: ignore` that silences nothing",
        "it would hide the next mistake on its line",
        "remove the comment",
    ),
}  # fmt: skip
"""Every rule by its name, which comments and options use."""
