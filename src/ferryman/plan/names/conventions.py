"""How names are spelt: the styles a team may choose, one for its events and one for its fields.

Pure. Here must not live: what Customer.io itself reserves or limits (limits.py).
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from ferryman.errors import InvalidOperation

_WORDS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Style(NamedTuple):
    """One way to spell a name."""

    pattern: str
    join: Callable[[list[str]], str]


def _capitalized(words: list[str]) -> list[str]:
    return [word.capitalize() for word in words]


def _camel(words: list[str]) -> str:
    return words[0] + "".join(_capitalized(words[1:]))


def _pascal(words: list[str]) -> str:
    return "".join(_capitalized(words))


def _title(words: list[str]) -> str:
    return " ".join(_capitalized(words))


STYLES: Final[dict[str, Style]] = {
    "snake_case": Style(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", "_".join),
    "kebab-case": Style(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", "-".join),
    "camelCase": Style(r"[a-z][a-zA-Z0-9]*", _camel),
    "PascalCase": Style(r"[A-Z][a-zA-Z0-9]*", _pascal),
    "Title Case": Style(r"[A-Z0-9][a-zA-Z0-9]*( [A-Z0-9][a-zA-Z0-9]*)*", _title),
    "any": Style(r".*", "".join),
}
"""The styles, by a name that is an example of each."""


class Conventions(msgspec.Struct, frozen=True, kw_only=True):
    """How a plan spells its names: each a style of :data:`STYLES`, or a regular expression.

    An expression must match the whole name. Raises InvalidOperation for one that is none.
    """

    events: str = "snake_case"
    fields: str = "snake_case"

    def __post_init__(self) -> None:
        for field in self.__struct_fields__:
            style = getattr(self, field)
            try:
                re.compile(style)
            except (re.error, TypeError):
                rule = f"is neither one of {', '.join(STYLES)} nor a regular expression"
                raise InvalidOperation(rule, field=f"conventions.{field}") from None


def breaks(name: str, style: str) -> str:
    """Return what is wrong with *name* in *style*, and how to spell it; "" when nothing is."""
    known = STYLES.get(style)
    pattern = known.pattern if known else style
    if re.fullmatch(pattern, name, re.DOTALL):
        return ""
    if known is None:
        return f"does not match {style!r}"
    words = words_of(name)
    better = known.join(words) if words else ""
    hint = f": write {better}" if better and re.fullmatch(pattern, better) else ""
    return f"is not {style}{hint}"


def words_of(name: str) -> list[str]:
    """Return the words of *name* in small letters, however it is spelt; digits stay with theirs."""
    parts = re.split(r"[\W_]+", _WORDS.sub("_", name))
    return [part.lower() for part in parts if part]


def snake_case(name: str) -> str:
    """Return a class *name* as an event name: SignedUp is signed_up, HTTPCalled http_called."""
    return _WORDS.sub("_", name).lower()
