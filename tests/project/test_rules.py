"""docs/delivery-rules.md holds every rule and gate that the project cites."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "delivery-rules.md"
ROOMS = ("src", "tests", "scripts", "benchmarks", "docs", ":(glob)*.md")
NUMBERS = r"[\s:=\"]{1,4}(\d+(?:(?:,\s+|\s+and\s+|\s+to\s+)\d+)*)"
"""What follows the word: ``rule: 9``, ``rules 7 to 9``, ``gates 1, 5 and 8``."""


def cited(word: str, text: str) -> Iterator[int]:
    """Yield each number that *text* cites with *word*; ``7 to 9`` is 7, 8 and 9."""
    for numbers in re.findall(rf"\b{word}s?\b{NUMBERS}", text, re.IGNORECASE):
        for part in re.split(r",\s+|\s+and\s+", numbers):
            first, *last = re.split(r"\s+to\s+", part)
            yield from range(int(first), int(last[0] if last else first) + 1)


def headings(word: str) -> list[int]:
    """Return the numbers of the page's headings that begin with *word*."""
    return [int(n) for n in re.findall(rf"^### {word} (\d+): \S", PAGE.read_text(), re.MULTILINE)]


@pytest.fixture(scope="module")
def texts(program: Callable[..., str]) -> dict[str, str]:
    """The text of each tracked file of the project, but for the page and this file."""
    listing = subprocess.run(
        [program("git"), "ls-files", "-z", "--", *ROOMS],
        check=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    paths = [ROOT / name for name in filter(None, listing.stdout.split("\0"))]
    own = (PAGE, Path(__file__))
    kept = [path for path in paths if path not in own and path.is_file()]
    return {str(path.relative_to(ROOT)): path.read_text(errors="replace") for path in kept}


@pytest.mark.parametrize("word", ["Rule", "Gate"])
def test_a_cited_number_stands_on_the_page(word: str, texts: dict[str, str]) -> None:
    """A reader of the code finds each rule and gate that it cites."""
    known = set(headings(word))

    unknown = {
        f"{name}: {word} {number}"
        for name, text in texts.items()
        for number in cited(word, text)
        if number not in known
    }

    assert known
    assert not unknown


@pytest.mark.parametrize("word", ["Rule", "Gate"])
def test_the_page_counts_without_a_gap(word: str) -> None:
    """A number is given once, and numbers follow each other."""
    numbers = headings(word)

    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("(delivery rule 21)", [21]),
        ("# rule: 2, 18", [2, 18]),
        ("rules 7 to 9 and 30", [7, 8, 9, 30]),
        ("rules 22,\n24, 27", [22, 24, 27]),
        ('rule = "9"', [9]),
        ("a rule of the plan, rules[0]", []),
    ],
)
def test_a_citation_is_found(text: str, numbers: list[int]) -> None:
    """The forms in which code, tests and mutants cite."""
    assert list(cited("Rule", text)) == numbers
