"""What a stranger may expect of the files in the repository."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

LONGEST = 300

# Files of src/ that may be longer, each with its reason.
LONG: dict[str, str] = {}

# Written in pieces, so that this file does not hold what it looks for.
MACHINE_PATH = re.compile(r"(?<![\w.~])/(?:" + "|".join(("work", "root", "farm", "tmp")) + r")/")
INDEX_HOST = re.compile(
    "|".join(
        (
            r"registry ?= ?\"https?:",
            r"\"resolved\": ?\"https?:",
            r"--(?:extra-)?" + "index-url",
            r"(?<!emit)-" + "-find-links",
            r"files\.python" + r"hosted\.org",
            r"pypi\.org/" + "simple",
            r"registry\.npm" + r"js\.org",
        )
    )
)


@pytest.fixture(scope="session")
def tracked(root: Path, program: Callable[..., str]) -> dict[str, str]:
    """Each tracked text file and its content."""
    listing = subprocess.run(
        [program("git"), "ls-files", "-z"], check=False, cwd=root, capture_output=True, text=True
    )
    if listing.returncode:
        pytest.skip("needs the git repository, to know its files")
    texts: dict[str, str] = {}
    for name in filter(None, listing.stdout.split("\0")):
        path = root / name
        if not path.is_file():
            continue
        data = path.read_bytes()
        if b"\0" not in data:
            texts[name] = data.decode()
    return texts


def found(tracked: dict[str, str], pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in tracked.items()
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_file_names_a_path_of_one_machine(tracked: dict[str, str]) -> None:
    """The repository means the same on every machine."""
    assert found(tracked, MACHINE_PATH) == []


def test_no_file_names_a_package_index(tracked: dict[str, str]) -> None:
    """Where packages come from is the installer's affair."""
    assert found(tracked, INDEX_HOST) == []


@pytest.mark.parametrize(
    "line",
    [
        "see /" + "work/notes",
        "open('/" + "tmp/x')",
        "--extra-" + "index-url https://example.test",
        "--" + "find-links dir",
        '"resolved": "' + "https://example.test/a.tgz",
        'registry = "' + "https://example.test",
    ],
)
def test_the_scan_finds_what_it_looks_for(line: str) -> None:
    """A planted line is found, so that an empty result means something."""
    hits = [*found({"a": line}, MACHINE_PATH), *found({"a": line}, INDEX_HOST)]

    assert len(hits) == 1


def test_a_file_is_short_enough_to_hold_in_mind(tracked: dict[str, str]) -> None:
    """A file of the package longer than 300 lines is split along its meaning, or says why not."""
    long = {
        name: text.count("\n")
        for name, text in tracked.items()
        if name.startswith("src/") and name.endswith(".py") and text.count("\n") > LONGEST
    }

    assert {name: lines for name, lines in long.items() if name not in LONG} == {}
    assert set(LONG) <= set(long), "a reason that is no longer needed"


def test_a_module_opens_with_its_law(tracked: dict[str, str]) -> None:
    """Every module of the package says first what lives there."""
    silent = [
        name
        for name, text in tracked.items()
        if name.startswith("src/") and name.endswith(".py") and not text.startswith(('"""', 'r"""'))
    ]

    assert silent == []


def test_each_make_target_says_what_it_does(tracked: dict[str, str]) -> None:
    """Every target of the Makefile has its one comment, which `make help` prints."""
    targets = re.findall(r"^([a-z][\w-]*):(?!=)(.*)$", tracked["Makefile"], re.MULTILINE)

    assert {name for name, _ in targets} >= {"demo", "test", "lint", "bench", "help"}
    assert [name for name, rest in targets if " ## " not in rest] == []
