"""What a mutant is: one rule of delivery that is broken on purpose. How it is put into the source.

A file ``tests/mutants/NAME.mutant`` opens with the rule, the tests that must fail, and ``quick``
where they need less than some five seconds together. Each ``in:`` names a function (class,
constant) of ``src``, and is followed by the code that is taken out and put in::

    rule: 7
    noticed-by: tests/outbox/test_order.py::test_a_key_in_flight_is_muted
    quick

    in: Line.take
    - self._muted |= choice.keys

The lines of ``-`` and of `` `` (kept) are an expression, or one or more statements, that must stand
in the function exactly once; layout and comments do not count. The lines of ``+`` and `` `` replace
them. A name is that of Python (``Line.take``). Where two modules have it, the module's name goes
before it (``order.Line.take``). A module's own name stands for all that is in it.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any, cast

Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign
HEADER = {"rule": 1, "noticed-by": None, "quick": 1}
"""The lines of a header, and how often each may stand there."""


class Unfit(Exception):
    """A mutant that cannot be read, or that the source no longer has the code for."""


@dataclass(frozen=True)
class Change:
    """Code of the function *name* that is replaced: *old* by *new*."""

    name: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """A rule that is broken, the changes that break it, and the tests that must notice."""

    name: str
    rule: str
    noticed_by: tuple[str, ...]
    quick: bool
    changes: tuple[Change, ...]

    @property
    def rules(self) -> frozenset[str]:
        """The rules by number."""
        return frozenset(re.findall(r"\d+", self.rule))


def read(path: Path) -> Mutant:
    """Return the mutant that *path* holds; raise Unfit."""
    header, *parts = re.split(r"^in: *", path.read_text(), flags=re.MULTILINE)
    lines = [line.partition(":") for line in header.splitlines() if line and line[0] != "#"]
    said = [(key.strip(), value.strip()) for key, _, value in lines]
    rules = [value for key, value in said if key == "rule"]
    tests = tuple(value for key, value in said if key == "noticed-by")
    if unknown := {key for key, _ in said} - HEADER.keys():
        raise Unfit(f"{path.name} says what is not known: {', '.join(sorted(unknown))}")
    if len(rules) != 1 or not rules[0] or not tests or not all(tests) or not parts:
        raise Unfit(f"{path.name} must name one rule, the tests that notice it, and a function")
    changes = tuple(_change(path.name, part) for part in parts)
    return Mutant(path.stem, rules[0], tests, ("quick", "") in said, changes)


def _change(file: str, part: str) -> Change:
    name, _, text = part.partition("\n")
    lines = [line for line in text.splitlines() if line.strip()]
    if wrong := [line for line in lines if line[:2].rstrip() not in ("", "-", "+")]:
        raise Unfit(f"{file} has a line that opens with none of '- ', '+ ' and '  ': {wrong[0]}")
    old, new = ([line[2:] for line in lines if line[0] in " " + sign] for sign in "-+")
    return Change(name.strip(), dedent("\n".join(old)), dedent("\n".join(new)))


def apply(mutant: Mutant, texts: Mapping[Path, str]) -> dict[Path, str]:
    """Return the files of *texts* (paths below ``src``) that *mutant* changes; raise Unfit."""
    changed: dict[Path, str] = {}
    for change in mutant.changes:
        path, text = _changed(change, {**texts, **changed})
        changed[path] = text
    return changed


def _changed(change: Change, texts: Mapping[Path, str]) -> tuple[Path, str]:
    path, name = _find(change.name, texts)
    tree = ast.parse(texts[path])
    scopes: list[ast.AST] = [scope for each, scope in _scopes(tree) if each == name]
    count = sum(_replace(scope, change) for scope in scopes or [tree])
    if count != 1:
        raise Unfit(f"{change.name} has this {count} times, not once:\n{change.old}")
    text = ast.unparse(ast.fix_missing_locations(tree))
    try:
        compile(text, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        raise Unfit(f"{change.name} is no Python with this in it:\n{change.new}") from error
    return path, text


def source(root: Path) -> dict[Path, str]:
    """Return the modules below *root*, a folder ``src``, by their paths in it."""
    return {path.relative_to(root): path.read_text() for path in sorted(root.rglob("*.py"))}


def _find(name: str, texts: Mapping[Path, str]) -> tuple[Path, str]:
    """Return the file that defines *name*, and the name in it; "" is the module itself."""
    last = name.rpartition(".")[2]
    found = {
        f"{_module(path)}.{each}": (path, each)
        for path, text in texts.items()
        for each in (_names(text) if last in text else ())
        if name == each or (name.endswith(f".{each}") and _ends(f"{_module(path)}.{each}", name))
    } or {_module(path): (path, "") for path in texts if _ends(_module(path), name)}
    if len(found) > 1:
        raise Unfit(f"{name} is several, put the module before it: {', '.join(sorted(found))}")
    if not found:
        raise Unfit(f"nothing in src is called {name}")
    return next(iter(found.values()))


def _ends(whole: str, name: str) -> bool:
    return f".{whole}".endswith(f".{name}")


def _module(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def _names(text: str) -> frozenset[str]:
    return frozenset(name for name, _ in _scopes(ast.parse(text)))


def _scopes(node: ast.AST, before: str = "") -> Iterator[tuple[str, Scope]]:
    """Yield what is defined in *node*, by its qualified name: an overload more than once."""
    for child in ast.iter_child_nodes(node):
        inner = before
        match child:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield before + child.name, child
                inner = f"{before}{child.name}."
            case ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)):
                yield before + name, child
            case _:
                pass
        yield from _scopes(child, inner)


def _replace(scope: ast.AST, change: Change) -> int:
    """Replace the old code wherever *scope* has it; return how often that was."""
    old: Sequence[ast.AST] = _statements(change.name, change.old)
    new: Sequence[ast.AST] = _statements(change.name, change.new)
    match old, new:
        case [], _:
            raise Unfit(f"{change.name}: there must be code that is replaced")
        case [ast.Expr(value=old_value)], [ast.Expr(value=new_value)]:
            old, new = [old_value], [new_value]  # within a statement too
        case _:
            pass
    dumps = [ast.dump(node) for node in old]
    kind = type(old[0])
    count = 0
    for node in list(ast.walk(scope)):
        for field, value in ast.iter_fields(node):
            several = isinstance(value, list)
            held: list[Any] = [*cast("list[Any]", value)] if several else [value]
            before = count
            for place in range(len(held) - len(old), -1, -1):
                part = held[place : place + len(old)]
                if type(part[0]) is kind and list(map(ast.dump, part)) == dumps:
                    held[place : place + len(old)] = new
                    count += 1
            if count > before:
                empty = [ast.Pass()] if field == "body" and not held else held
                setattr(node, field, empty if several else held[0])
    return count


def _statements(name: str, text: str) -> list[ast.stmt]:
    """Return *text* as statements; an expression that is broken into lines needs no parentheses."""
    for form in text, f"({text}\n)":
        try:
            return ast.parse(form).body
        except SyntaxError as error:
            why = error
    raise Unfit(f"no Python is given for {name}: {why.msg}\n{text}")
