"""The shop window: what `import ferryman` gives, and what it costs."""

import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import ferryman

# What the extras bring, and what the base needs only once it speaks over the network.
OPTIONAL = ("apsw", "cyclopts", "dotenv", "jinja2", "rich", "starlette", "trustme", "uvicorn")


def test_the_window_is_sorted_and_importable() -> None:
    """Every name of __all__ is there, once and in order."""
    names = list(ferryman.__all__)

    assert names == sorted(set(names))
    assert [name for name in names if not hasattr(ferryman, name)] == []


def test_nothing_public_stands_outside_the_window() -> None:
    """A name without an underscore is a promise, so it is in __all__ or is a module."""
    public = {
        name
        for name, value in vars(ferryman).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }

    assert public <= set(ferryman.__all__)


def test_the_version_is_the_projects(root: Path) -> None:
    """The package says the version under which it is published."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]

    assert ferryman.__version__ == project["version"]


def test_importing_brings_no_optional_package() -> None:
    """The base install is enough to import ferryman: extras are imported when first used."""
    code = f"import sys, ferryman; print([n for n in {OPTIONAL!r} if n in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True
    )

    assert result.stdout.strip() == "[]"
