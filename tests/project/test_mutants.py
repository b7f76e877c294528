"""Every mutant of tests/mutants still breaks its rule's code, and names tests that are there.

Whether the tests notice is what `make mutants` tries, by hand.
"""

import ast
from pathlib import Path

import pytest
from mutation import apply, read, source

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "tests" / "mutants").iterdir())

RULES = {str(number) for number in range(1, 35)}
"""The rules of delivery that concern one host; 35 to 38 are those of an engine for many."""
# Rules without a mutant of their own, each with its reason.
EXEMPT = {
    "12": "PostgreSQL's",
    "26": "the HTTP library below has no retries that could be switched on by mistake",
    "29": "figures; what they promise is broken under 1, 28 and 30",
    "33": "leases are the engine's for many hosts",
}


@pytest.fixture(scope="module")
def texts() -> dict[Path, str]:
    """The modules of src."""
    return source(ROOT / "src")


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_a_mutant_applies(file: Path, texts: dict[Path, str]) -> None:
    """Each function that a mutant names has the code that it replaces, once."""
    assert file.suffix == ".mutant"
    changed = apply(read(file), texts)

    assert changed
    for path, text in changed.items():
        assert ast.dump(ast.parse(text)) != ast.dump(ast.parse(texts[path]))


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_a_mutant_names_tests_that_exist(file: Path) -> None:
    """A test that was renamed is renamed here too."""
    for test in read(file).noticed_by:
        path, *_, name = test.split("::")
        texts = [(ROOT / path).read_text()]
        package = ROOT / "src" / "ferryman" / "testing" / "stores"
        texts += [each.read_text() for each in sorted(package.glob("*.py"))]
        assert any(f"def {name.partition('[')[0]}(" in text for text in texts), test


def test_each_rule_of_one_host_has_a_mutant() -> None:
    """Each rule is broken once on purpose, or has a reason why it is not."""
    broken = {rule for file in FILES for rule in read(file).rules}

    assert broken | EXEMPT.keys() == RULES
    assert broken & EXEMPT.keys() == set(), "a reason that is no longer needed"
