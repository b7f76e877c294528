"""The shop window: what `import ferryman` gives, and what it costs."""

import ast
import importlib
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

import ferryman

# What the extras bring, and what the base needs only once it speaks over the network.
OPTIONAL = (
    "apsw", "cryptography", "cyclopts", "dotenv", "jinja2", "rich", "starlette", "trustme",
    "uvicorn",
)  # fmt: skip


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


def test_the_window_says_the_same_to_type_checkers(root: Path) -> None:
    """What is imported when first used is what type checkers and completion are shown."""
    tree = ast.parse((root / "src/ferryman/__init__.py").read_text())
    (shown,) = [node for node in tree.body if isinstance(node, ast.If)]
    imported = {
        alias.name: node.module
        for node in shown.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    assert set(imported) == set(ferryman.__all__)
    for name, module in imported.items():
        assert getattr(ferryman, name) is getattr(importlib.import_module(str(module)), name)


def test_the_window_is_seen_before_anything_is_used() -> None:
    """A fresh import lists every name, gives all of them to a star, and refuses any other."""
    code = """
import ferryman
assert set(ferryman.__all__) <= set(dir(ferryman))
assert ferryman.errors.FerrymanError is ferryman.FerrymanError
assert not hasattr(ferryman, "get_outbocks")
from ferryman import *
print(sorted(set(ferryman.__all__) - set(globals())))
"""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True
    )

    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("statement", "spared"),
    [
        ("import ferryman", ("httpx2", "anyio", "ssl", "asyncio", "msgspec", "orjson")),
        ("import ferryman.errors", ("httpx2", "anyio", "ssl", "asyncio", "orjson")),
        ("from ferryman import Event, Person, TrackingPlan", ("httpx2", "anyio", "ssl", "asyncio")),
    ],
)
def test_what_is_not_used_is_not_imported(statement: str, spared: tuple[str, ...]) -> None:
    """A module that declares events, or catches errors, does not wait for the network's library."""
    code = f"import sys; {statement}; print([n for n in {spared!r} if n in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True
    )

    assert result.stdout.strip() == "[]"


def test_the_version_is_the_projects(root: Path) -> None:
    """The package says the version under which it is published."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]

    assert ferryman.__version__ == project["version"]


def test_importing_brings_no_optional_package() -> None:
    """The base install is enough to import ferryman: extras are imported when first used."""
    code = (
        f"import sys; from ferryman import *; print([n for n in {OPTIONAL!r} if n in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True
    )

    assert result.stdout.strip() == "[]"
