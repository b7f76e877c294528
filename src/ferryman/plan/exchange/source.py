"""Python source, set as a formatter would: on one line where it fits, else one item a line.

Pure. What is split has a comma after its last item, which formatters keep under any line length
from 88 on; what has no items stands in parentheses, which a wider line may take away. Here must
not live: what the source says (generate.py).
"""

import datetime
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from ferryman.plan.jsonlike import is_array, is_object

WIDTH = 88


class Group(msgspec.Struct, frozen=True):
    """Items between brackets, such as a call or a subscript."""

    head: str
    items: tuple["Source", ...]
    tail: str


class Row(msgspec.Struct, frozen=True):
    """Parts on one line; where it is long, the first that can be is split."""

    parts: tuple["Source", ...]


Source: TypeAlias = str | Group | Row


def call(name: str, items: Sequence["Source"]) -> Group:
    """Return the call of *name* with *items*."""
    return Group(f"{name}(", tuple(items), ")")


def subscript(name: str, items: Sequence["Source"]) -> Group:
    """Return *name* with *items* in square brackets."""
    return Group(f"{name}[", tuple(items), "]")


def flat(source: Source) -> str:
    """Return *source* on one line."""
    if isinstance(source, str):
        return source
    if isinstance(source, Row):
        return "".join(map(flat, source.parts))
    return source.head + ", ".join(map(flat, source.items)) + source.tail


def lay(
    source: Source, *, indent: int = 0, before: str = "", after: str = "", wide: bool = True
) -> str:
    """Return *source* between *before* and *after*, over several lines where it is long.

    With *wide* off it is split even where it fits. *before* holds the indent of the first line.
    """
    whole = before + flat(source) + after
    if (wide and len(whole) <= WIDTH) or isinstance(source, str):
        return whole
    if isinstance(source, Row):
        return _lay_row(source, indent, before, after)
    if not source.items:
        return whole
    pad = " " * (indent + 4)
    # A comma after the only item of a subscript would make a tuple of it.
    comma = "" if source.tail == "]" and source.head != "[" and len(source.items) == 1 else ","
    lines = [lay(item, indent=indent + 4, before=pad, after=comma) for item in source.items]
    return "\n".join([before + source.head, *lines, " " * indent + source.tail + after])


def lay_field(name: str, annotation: Source, value: Source | None) -> str:
    """Return an annotated assignment in a class, split where a formatter splits it."""
    parts = _parts(annotation) if isinstance(annotation, Row) else [annotation]
    end = "" if value is None else f" = {flat(value)}"
    left = f"    {name}: {flat(annotation)}"
    if len(left + end) <= WIDTH:
        return left + end
    call = value if isinstance(value, Group) else None
    only = parts[0] if len(parts) == 1 and isinstance(parts[0], Group) else None
    if only is not None and len(only.items) > 1:
        head = lay(only, indent=4, before=f"    {name}: ", wide=False)
    elif call is not None and len(f"{left} = {call.head}") <= WIDTH:
        return lay(call, indent=4, before=f"{left} = ", wide=False)
    elif value is not None and len(left) + 4 <= WIDTH:
        return f"{left} = (\n{lay(value, indent=8, before=' ' * 8)}\n    )"
    else:
        operands = [part for part in parts if part != " | "]
        lines = [lay(o, indent=8, before="        | ") for o in operands]
        lines[0] = lines[0].replace("| ", "", 1)
        if len(together := f"        {flat(annotation)}") <= WIDTH:
            lines = [together]
        head = "\n".join([f"    {name}: (", *lines, "    )"])
    if call is not None and len(head.rpartition("\n")[2] + end) > WIDTH:
        return lay(call, indent=4, before=f"{head} = ", wide=False)
    return head + end


def _lay_row(row: Row, indent: int, before: str, after: str) -> str:
    parts = _parts(row)
    splits = [n for n, part in enumerate(parts) if isinstance(part, Group) and part.items]
    if not splits:
        return before + flat(row) + after
    n = splits[0]
    head = before + "".join(map(flat, parts[:n]))
    tail = "".join(map(flat, parts[n + 1 :])) + after
    return lay(parts[n], indent=indent, before=head, after=tail)


def _parts(row: Row) -> list[Source]:
    found: list[Source] = []
    for part in row.parts:
        found += _parts(part) if isinstance(part, Row) else [part]
    return found


def text(value: str) -> str:
    """Return *value* as a string literal, in double quotes where that needs no escape."""
    shown = repr(value)
    body = shown[1:-1]
    if shown[0] == "'" and '"' not in value:
        return f'"{body}"'
    if shown[0] == "'" and "'" in value and value.count('"') <= value.count("'"):
        inner = body.replace("\\'", "'").replace('"', '\\"')
        return f'"{inner}"'
    return shown


def literal(value: Any) -> str:
    """Return *value*, of JSON or of our types, as a Python expression."""
    return next((write(value) for cls, write in _WRITERS if isinstance(value, cls)), repr(value))


def spread(value: Any) -> Source:
    """Return *value* as :func:`literal` does, so that its items may stand one a line."""
    if is_array(value) and value:
        return Group("[", tuple(map(spread, value)), "]")
    if is_object(value) and value:
        entries = [Row((f"{literal(key)}: ", spread(item))) for key, item in value.items()]
        return Group("{", tuple(entries), "}")
    return literal(value)


def _items(value: Iterable[Any]) -> str:
    return ", ".join(map(literal, value))


def _tuple(value: Sequence[Any]) -> str:
    return f"({_items(value)}{',' if len(value) == 1 else ''})"


def _dict(value: Mapping[Any, Any]) -> str:
    return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"


def _number(value: float) -> str:
    return re.sub(r"e\+?(-?)0*", r"e\1", repr(value))


def _moment(value: datetime.datetime) -> str:
    parts: list[int] = [value.year, value.month, value.day, value.hour, value.minute]
    if value.second or value.microsecond:
        parts.append(value.second)
    if value.microsecond:
        parts.append(value.microsecond)
    return f"datetime.datetime({', '.join(map(str, parts))}, tzinfo=datetime.UTC)"


_WRITERS: Final[tuple[tuple[type, Callable[[Any], str]], ...]] = (
    (str, text),
    (float, _number),
    (datetime.datetime, _moment),
    (datetime.date, lambda day: f"datetime.date({day.year}, {day.month}, {day.day})"),
    (tuple, _tuple),
    (list, lambda items: f"[{_items(items)}]"),
    (dict, _dict),
)


def docstring(value: str, indent: int) -> str:
    """Return *value* as a docstring, its closing quotes on their own line where it has several."""
    pad = " " * indent
    body = value.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    body = "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in body
    )
    if body.endswith('"'):
        body = body[:-1] + '\\"'
    lines = body.split("\n")
    if len(lines) == 1:
        return f'{pad}"""{body}"""'
    rest = [pad + line if line else "" for line in lines[1:]]
    return "\n".join([f'{pad}"""{lines[0]}', *rest, f'{pad}"""'])
