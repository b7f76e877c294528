"""How a mutant is read and put into the source, by example."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from mutation import Unfit, apply, read

HEADER = "rule: 7\nnoticed-by: tests/x.py::test_x\n"
LINE = '''
class Line:
    """A line."""

    limit = 3

    def take(self, size):
        if self.full(
            size, limit=self.limit
        ):  # a comment
            return None
        self.size += size
        return self.size

    def leave(self, size):
        def told(sign):
            log(sign)
        self.size -= size
        told("left")
        return self.size

def empty(line):
    line.size = 0
    line.limit = 0
'''
HEAP = "class Heap:\n    def take(self):\n        return 0\n\ndef empty(heap):\n    heap.clear()\n"


def mutated(path: Path, text: str) -> dict[str, str]:
    """Apply the mutant of this *text* to the modules `rooms.line` and `rooms.heap`."""
    path.write_text(text)
    changed = apply(read(path), {Path("rooms/line.py"): LINE, Path("rooms/heap.py"): HEAP})
    return {path.stem: text for path, text in changed.items()}


@pytest.fixture
def mutate(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """Apply a mutant that has these changes; return the modules that it changes."""
    return lambda changes: mutated(tmp_path / "a.mutant", f"{HEADER}\n{changes}\n")


@pytest.mark.parametrize(
    ("changes", "old", "new"),
    [
        ("in: Line.take\n- self.size += size\n+ self.size -= size", "+= size", "-= size"),
        ("in: Line.take\n- self.limit\n+ 9", "limit=self.limit", "limit=9"),
        (
            "in: Line.take\n- self.full(size,\n-     limit = self.limit,)\n+ False",
            "self.full(size, limit=self.limit)",
            "False",
        ),
        ('in: Line.leave\n  self.size -= size\n- told("left")', "        told('left')\n", ""),
        ("in: Line.leave.told\n- log(sign)", "log(sign)", "pass"),
        ("in: Line.limit\n- 3\n+ 4", "limit = 3", "limit = 4"),
        (
            "in: line.empty\n- line.size = 0\n- line.limit = 0",
            "    line.size = 0\n    line.limit = 0\n",
            "    pass\n",
        ),
        ("in: rooms.line\n- return None\n+ return", "return None", "return"),
    ],
)
def test_the_code_is_found_whatever_its_layout(
    changes: str, old: str, new: str, mutate: Callable[[str], dict[str, str]]
) -> None:
    """An expression or statements of the named function, class, constant or module."""
    plain = ast.unparse(ast.parse(LINE)) + "\n"
    assert plain.count(old) == 1

    changed = mutate(changes)

    assert changed == {"line": plain.replace(old, new).strip()}


def test_a_mutant_may_change_several_functions(mutate: Callable[[str], dict[str, str]]) -> None:
    """Each `in:` is one change; the next one finds what the last one left."""
    changed = mutate(
        "in: Line.take\n- self.limit\n+ 9\nin: Heap.take\n- 0\n+ 1\nin: Line.take\n- 9\n+ 8"
    )

    assert changed.keys() == {"line", "heap"}
    assert "limit=8" in changed["line"]
    assert "return 1" in changed["heap"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ("in: Line.gone\n- 3\n+ 4", "nothing in src is called Line.gone"),
        ("in: take\n- 0\n+ 1", "nothing in src is called take"),
        ("in: empty\n- 0\n+ 1", "rooms.heap.empty, rooms.line.empty"),
        ("in: Line.take\n- self.other\n+ 1", "0 times"),
        ("in: Line.take\n- size\n+ 1", "2 times, not once"),
        ("in: Line\n- return self.size\n+ return 0", "2 times"),
        ("in: Line.take\n+ return 0", "code that is replaced"),
        ("in: Line.take\n- self.size +\n+ 0", "no Python"),
        ("in: Line.take\n- return None\n+ from x import *", "no Python"),
        ("in: Line.take\nreturn None", "opens with none of"),
    ],
)
def test_a_mutant_that_does_not_apply_says_why(
    changes: str, why: str, mutate: Callable[[str], dict[str, str]]
) -> None:
    """Code that is gone, that is there more than once, or a name that says too little."""
    with pytest.raises(Unfit, match=why):
        mutate(changes)


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("rule: 7\n", "tests that notice"),
        ("noticed-by: tests/x.py::test_x\n", "one rule"),
        ("rule: 7\nrule: 8\nnoticed-by: tests/x.py::test_x\n", "one rule"),
        (f"{HEADER}quickly\n", "quickly"),
    ],
)
def test_a_header_must_say_its_rule_and_the_tests(header: str, why: str, tmp_path: Path) -> None:
    """A mutant without them is refused, rather than passed over."""
    with pytest.raises(Unfit, match=why):
        mutated(tmp_path / "a.mutant", f"{header}\nin: Line.limit\n- 3\n+ 4\n")


def test_a_header_is_read(tmp_path: Path) -> None:
    """The rules by number, the tests in order, and whether they are quick; comments are skipped."""
    path = tmp_path / "a-name.mutant"
    path.write_text(
        "# why\nrule: 2, 18\nnoticed-by: a\nnoticed-by: b\nquick\n\nin: Line.limit\n- 3\n+ 4\n"
    )

    mutant = read(path)

    assert (mutant.name, mutant.rules, mutant.noticed_by, mutant.quick) == (
        "a-name",
        frozenset({"2", "18"}),
        ("a", "b"),
        True,
    )
