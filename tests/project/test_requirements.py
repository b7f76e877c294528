"""The requirement files: what they pin is what pyproject.toml asks, whole and checked by hash."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from packaging.requirements import Requirement

Logical: TypeAlias = Callable[[str], list[str]]

SETS = pytest.mark.parametrize("name", ["run", "dev"])


@pytest.fixture(scope="session")
def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text())


@pytest.fixture(scope="session")
def logical(root: Path) -> Logical:
    """Read one file as its logical lines, without comments."""

    def read(name: str) -> list[str]:
        text = (root / "requirements" / f"{name}.txt").read_text().replace("\\\n", " ")
        return [
            line for line in text.splitlines() if line.strip() and not line.startswith((" ", "#"))
        ]

    return read


def pins(lines: list[str]) -> set[tuple[str, str]]:
    """Each pinned name and version."""
    return {(m[1], m[2]) for line in lines if (m := re.match(r"([a-z0-9-]+)==([^\s;]+)", line))}


def asked(project: dict[str, Any], group: str) -> list[Requirement]:
    """What pyproject.toml asks for with all extras and one dependency group."""
    extras = project["project"]["optional-dependencies"]
    groups = project["dependency-groups"]
    lines = [*project["project"]["dependencies"]]
    lines += [line for name, extra in extras.items() if name != "all" for line in extra]
    for line in groups[group]:
        lines += groups[line["include-group"]] if isinstance(line, dict) else [line]
    return [Requirement(line) for line in lines]


@SETS
def test_every_requirement_is_pinned_and_hashed(logical: Logical, name: str) -> None:
    """No line is an option, an address or a loose range, and each carries hashes."""
    lines = logical(name)

    assert len(lines) > 20
    assert [
        line for line in lines if not re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:\w{64}", line)
    ] == []
    assert [line for line in lines if "://" in line] == []


def test_the_development_set_holds_the_other(logical: Logical) -> None:
    """Whoever has the tests' packages has exactly the releases that the demo runs on."""
    assert pins(logical("run")) <= pins(logical("dev"))


@pytest.mark.parametrize(("name", "group"), [("run", "build"), ("dev", "dev")])
def test_the_pins_answer_pyproject(
    logical: Logical, project: dict[str, Any], name: str, group: str
) -> None:
    """What pyproject.toml asks is pinned, at a release within the asked range."""
    versions: dict[str, set[str]] = {}
    for package, version in pins(logical(name)):
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
