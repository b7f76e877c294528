"""The contracts of import-linter name every room they are about, as rooms are added."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

PURE = (
    "_core",
    "operations",
    "plan",
    "outbox/entry.py",
    "outbox/judge.py",
    "outbox/order.py",
    "outbox/pump.py",
    "emulator/world.py",
)
SAYS_PURE = re.compile(r"\bPure\b")


@pytest.fixture(scope="session")
def package(root: Path) -> Path:
    return root / "src" / "ferryman"


@pytest.fixture(scope="session")
def contracts(root: Path) -> dict[str, Any]:
    """The contracts by name."""
    tools = tomllib.loads((root / "pyproject.toml").read_text())["tool"]
    return {contract["name"]: contract for contract in tools["importlinter"]["contracts"]}


def dotted(package: Path, path: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def within(name: str, rooms: set[str]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def test_every_pure_room_is_held_pure(package: Path, contracts: dict[str, Any]) -> None:
    """A room that decides, and a module whose law says it is pure, is under the contract."""
    held = set(contracts["The pure rooms decide and do nothing"]["source_modules"])

    rooms = {dotted(package, path) for name in PURE for path in package.glob(name)}
    say_so = {
        dotted(package, path)
        for path in package.rglob("*.py")
        if SAYS_PURE.search(ast.get_docstring(ast.parse(path.read_text())) or "")
    }
    assert {name for name in rooms | say_so if not within(name, held)} == set()
