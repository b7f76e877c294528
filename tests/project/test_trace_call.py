"""scripts/trace_call.py: how far one call goes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
# What one call on SQLite may enter at most; a mend lowers them. (The 38th is the guard of answers.)
MODULES_TO_RECEIPT = 15
CHANGES_TO_RECEIPT = 27
MODULES = 38


def traced(*words: str) -> str:
    """Return what the script prints."""
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "trace_call.py"), *words],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """The script's document."""
    document: dict[str, Any] = json.loads(traced("--json"))
    return document


def test_the_way_of_a_call_grows_no_longer(found: dict[str, Any]) -> None:
    """A call enters no more modules, and changes between them no more often, than it did."""
    caller = found["caller"]

    assert caller["modules"] <= MODULES_TO_RECEIPT
    assert caller["changes"] <= CHANGES_TO_RECEIPT
    assert found["modules"] <= MODULES


def test_the_way_is_told_module_by_module(found: dict[str, Any]) -> None:
    """The modules are files of the package, and the counts are those of the path."""
    for part in (found["caller"], found["relay"]):
        assert all((ROOT / "src" / "ferryman" / module).is_file() for module in part["calls_of"])
        assert set(part["path"]) == part["calls_of"].keys()
        assert len(part["path"]) == part["changes"]
        assert sum(part["calls_of"].values()) == part["calls"]


def test_the_text_says_what_the_document_says(found: dict[str, Any]) -> None:
    """Without --json the counts stand in three lines."""
    out = traced()

    modules, changes = found["caller"]["modules"], found["caller"]["changes"]
    assert f"from the call to the receipt: {modules} modules" in out
    assert f"{changes} changes of module" in out
    assert f"in all: {found['modules']} modules" in out
