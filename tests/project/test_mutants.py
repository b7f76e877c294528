"""Every patch of tests/mutants still breaks its rule's code, and names tests that are there.

Whether the tests notice is what `make mutants` tries, by hand.
"""

import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PATCHES = sorted((ROOT / "tests" / "mutants").glob("*.patch"))

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
def runner() -> ModuleType:
    """The module scripts/mutants.py."""
    spec = importlib.util.spec_from_file_location("mutants", ROOT / "scripts" / "mutants.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutants"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("patch", PATCHES, ids=lambda path: path.stem)
def test_a_patch_applies(patch: Path, program: Callable[..., str]) -> None:
    """Code that moves takes its mutants along."""
    done = subprocess.run(
        [program("git"), "apply", "--check", str(patch)],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("patch", PATCHES, ids=lambda path: path.stem)
def test_a_patch_names_tests_that_exist(patch: Path) -> None:
    """A test that was renamed is renamed here too."""
    named = re.findall(r"^# noticed-by: (\S+)$", patch.read_text(), re.MULTILINE)

    assert named != []
    for test in named:
        file, *_, name = test.split("::")
        texts = [(ROOT / file).read_text()]
        package = ROOT / "src" / "ferryman" / "testing" / "stores"
        texts += [path.read_text() for path in sorted(package.glob("*.py"))]
        assert any(f"def {name.partition('[')[0]}(" in text for text in texts), test


def test_each_rule_of_one_host_has_a_mutant(runner: ModuleType) -> None:
    """No rule is held by nobody: each is broken once on purpose, or it is said why not."""
    broken = {rule for each in runner.mutants() for rule in each.rule.split(", ")}

    assert broken | EXEMPT.keys() == RULES
    assert broken & EXEMPT.keys() == set(), "a reason that is no longer needed"


def test_a_header_must_say_its_rule_and_who_notices(runner: ModuleType, tmp_path: Path) -> None:
    """A patch without them is refused, rather than passed over."""
    (tmp_path / "a.patch").write_text("# rule: 7\ndiff --git a/x b/x\n")

    with pytest.raises(SystemExit, match="who notices"):
        runner.mutants(tmp_path)
