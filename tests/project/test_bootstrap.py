"""scripts/bootstrap: which Python it takes, when it works anew, and that it says what is wrong.

The script runs in a folder of its own with spaces in its name; a small uv stands on PATH, writes
down what it is asked and makes the environment's python, so that nothing is downloaded.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

UV = """#!/bin/sh
echo "$*" >>"$LOG"
case $1 in
    venv) mkdir -p .venv/bin; ln -sf "$PYTHON_HERE" .venv/bin/python ;;
esac
"""
OLD = "#!/bin/sh\n[ \"$1\" = --version ] && echo 'Python 3.9.18'; exit 1\n"

Bootstrap: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]


def executable(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def project(tmp_path: Path, root: Path) -> Path:
    """A copy of what the script reads, in a folder whose name has spaces."""
    folder = tmp_path / "a project of mine"
    for name in (
        "scripts/bootstrap",
        "pyproject.toml",
        "requirements/run.txt",
        "requirements/dev.txt",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, folder / name)
    return folder


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """The first folder of PATH, which holds uv and this Python as python3."""
    folder = tmp_path / "programs"
    folder.mkdir()
    executable(folder / "uv", UV)
    executable(folder / "python3", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    return folder


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """What uv was asked, a line each."""
    path = tmp_path / "uv.log"
    path.touch()
    return path


@pytest.fixture
def bootstrap(project: Path, programs: Path, log: Path) -> Bootstrap:
    """Run the script in a clean environment."""

    def run(
        name: str = "dev", folder: Path = project, **env: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [folder / "scripts" / "bootstrap", name],
            check=False,
            capture_output=True,
            text=True,
            env={
                "PATH": f"{programs}:/usr/bin:/bin",
                "LOG": str(log),
                "PYTHON_HERE": sys.executable,
                **env,
            },
        )

    return run


def test_it_installs_by_hash_and_then_the_project_itself(bootstrap: Bootstrap, log: Path) -> None:
    """The packages come with their hashes checked, the project last and without any package."""
    result = bootstrap()

    assert result.returncode == 0, result.stderr
    venv, packages, project = log.read_text().splitlines()
    assert venv.startswith("venv ")
    assert packages.endswith("--require-hashes -r requirements/dev.txt")
    assert project.endswith("--no-deps --no-build-isolation -e .")


def test_what_fits_is_left_alone(bootstrap: Bootstrap, log: Path) -> None:
    """A second call does nothing, and the smaller set is part of the larger."""
    bootstrap()
    before = log.read_text()

    again, smaller = bootstrap(), bootstrap("run")

    assert (again.returncode, smaller.returncode) == (0, 0)
    assert again.stdout + smaller.stdout == ""
    assert log.read_text() == before


def test_a_changed_requirement_is_installed(bootstrap: Bootstrap, project: Path, log: Path) -> None:
    """A change of the requirement file makes the script work again."""
    bootstrap()
    before = log.read_text()

    with (project / "requirements" / "dev.txt").open("a") as file:
        file.write("# changed\n")
    bootstrap()

    assert len(log.read_text()) > len(before)


def test_a_moved_project_gets_a_new_environment(
    bootstrap: Bootstrap, project: Path, log: Path
) -> None:
    """An environment holds absolute paths, so that of another folder is not used."""
    bootstrap()
    (project / ".venv" / "old").touch()
    moved = project.rename(project.with_name("elsewhere"))
    log.write_text("")

    bootstrap(folder=moved)

    assert log.read_text().startswith("venv ")
    assert not (moved / ".venv" / "old").exists()


def test_an_interrupted_installation_is_resumed(
    bootstrap: Bootstrap, programs: Path, log: Path
) -> None:
    """Where the installer failed, the next call does not take the environment for finished."""
    executable(programs / "uv", UV + "[ $1 = venv ]\n")
    failed = bootstrap()
    executable(programs / "uv", UV)
    log.write_text("")

    resumed = bootstrap()

    assert failed.returncode != 0
    assert resumed.returncode == 0
    assert "--require-hashes" in log.read_text()


def test_a_newer_python_is_found_beside_an_old_one(bootstrap: Bootstrap, programs: Path) -> None:
    """Where python3 is too old, python3.13, 3.12 or 3.11 is taken."""
    (programs / "python3").rename(programs / "python3.12")
    executable(programs / "python3", OLD)
    executable(programs / "python3.13", OLD)

    result = bootstrap()

    assert result.returncode == 0, result.stderr


def test_an_old_python_is_refused_in_one_sentence(bootstrap: Bootstrap, programs: Path) -> None:
    """Where no Python is new enough, the script says what it needs and what to do."""
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        executable(programs / name, OLD)

    result = bootstrap()

    assert result.returncode == 1
    assert "needs Python 3.11 or newer" in result.stderr
    assert "Python 3.9.18" in result.stderr
    assert "PYTHON=" in result.stderr


def test_a_named_python_is_taken_or_refused(
    bootstrap: Bootstrap, programs: Path, log: Path
) -> None:
    """PYTHON names the interpreter; one that is too old is refused, not replaced."""
    executable(programs / "old", OLD)

    refused = bootstrap(PYTHON=str(programs / "old"))

    assert refused.returncode == 1
    assert "needs Python 3.11 or newer" in refused.stderr
    assert log.read_text() == ""
    assert bootstrap(PYTHON=sys.executable).returncode == 0
