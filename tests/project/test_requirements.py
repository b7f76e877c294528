"""The requirement files: what they pin is what pyproject.toml asks, whole and checked by hash."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
EVERY_FILE = sorted(
    str(path.relative_to(ROOT))
    for folder in ("requirements", "tests", "benchmarks")
    for path in (ROOT / folder).rglob("*.txt")
    if path.parent.name == "requirements" or path.name.startswith("requirements-")
)


@pytest.fixture(scope="session")
def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text())


def logical(path: Path) -> list[str]:
    """Read one file as its logical lines, without comments."""
    text = path.read_text().replace("\\\n", " ")
    return [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]


def pins(lines: list[str]) -> set[tuple[str, str]]:
    """Each pinned name and version."""
    return {(m[1], m[2]) for line in lines if (m := re.match(r"([a-z0-9-]+)==([^\s;]+)", line))}


def asked(project: dict[str, Any], group: str) -> list[Requirement]:
    """What pyproject.toml asks for with ferryman[all] and one dependency group."""
    extras = project["project"]["optional-dependencies"]
    (everything,) = map(Requirement, extras["all"])
    groups = project["dependency-groups"]
    lines = [*project["project"]["dependencies"]]
    lines += [line for name in sorted(everything.extras) for line in extras[name]]
    for line in groups[group]:
        lines += groups[line["include-group"]] if isinstance(line, dict) else [line]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("name", EVERY_FILE)
def test_every_requirement_is_pinned_and_hashed(root: Path, name: str) -> None:
    """No line is an option, an address or a loose range, and each carries hashes."""
    lines = logical(root / name)

    pinned = re.compile(r"[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}")
    assert lines != []
    assert [line for line in lines if not pinned.match(line) or "://" in line] == []


def test_the_development_set_holds_the_other(root: Path) -> None:
    """Whoever has the tests' packages has exactly the releases that the demo runs on."""
    run, dev = (pins(logical(root / "requirements" / f"{name}.txt")) for name in ("run", "dev"))

    assert run
    assert run <= dev


@pytest.mark.parametrize(("name", "group"), [("run", "build"), ("dev", "dev")])
def test_the_pins_answer_pyproject(
    root: Path, project: dict[str, Any], name: str, group: str
) -> None:
    """What pyproject.toml asks is pinned, at a release within the asked range."""
    versions: dict[str, set[str]] = {}
    for package, version in pins(logical(root / "requirements" / f"{name}.txt")):
        versions.setdefault(package, set()).add(version)

    unmet = [
        str(requirement)
        for requirement in asked(project, group)
        if not (found := versions.get(requirement.name.lower().replace("_", "-")))
        or not all(requirement.specifier.contains(version) for version in found)
    ]

    assert unmet == []


def test_the_project_builds_with_the_pinned_backend(project: dict[str, Any]) -> None:
    """The build group is what the build system requires, since isolation is switched off."""
    assert project["dependency-groups"]["build"] == project["build-system"]["requires"]
