"""The guide to a plan is true: its files are written, its commands run, its outputs compared."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ferryman.emulator import DEFAULT_PORT, Emulator

GUIDE = "docs/plan/from-untyped-to-a-plan.md"
EMULATOR = f"http://127.0.0.1:{DEFAULT_PORT}"
"""Where the guide's emulator is; the test's own is elsewhere."""


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """The emulator that runs in the guide's second terminal."""
    with Emulator() as running:
        yield running


@pytest.fixture
def env(emulator: Emulator, tmp_path: Path) -> dict[str, str]:
    """The environment of the guide's first terminal."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CUSTOMERIO_")}
    pasted = {n: value for n, value in emulator.env.items() if n.startswith("CUSTOMERIO_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    return kept | pasted | {"PATH": path, "PYTHONUNBUFFERED": "1", "HOME": str(tmp_path)}


def steps(guide: str) -> Iterator[tuple[str, str]]:
    """Yield what the guide does, in order: a file's name and text, or a command and its output."""
    for kind, block in re.findall(r"```(python|console)\n(.*?)```", guide, flags=re.DOTALL):
        if kind == "python":
            head, _, text = block.partition("\n")
            yield head.removeprefix("# "), text
        else:
            for command, output in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
                yield f"$ {command}", output


def test_the_guide_does_what_it_shows(
    root: Path, shared: Path, tmp_path: Path, env: dict[str, str], emulator: Emulator
) -> None:
    """Each block in order, each output as it is shown; at the end three mistakes are refused."""
    guide = (root / GUIDE).read_text()
    shutil.copy(shared / "data" / "purchases.csv", tmp_path)
    said: dict[str, str] = {}
    for step, shown in steps(guide):
        if not step.startswith("$ "):
            (tmp_path / step).write_text(shown)
            continue
        ran = subprocess.run(
            ["sh", "-c", step.removeprefix("$ ").replace(EMULATOR, emulator.url)],
            env=env, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=100, check=False,
        )  # fmt: skip
        said[step] = ran.stdout
        assert ran.stdout == shown, f"{step}\n{ran.stdout}"

    assert len(said) >= 10
    assert said["$ python mistakes.py"].count("\n") == 3
    for line in (9, 10, 11):
        assert f"mistakes.py:{line}: error:" in said["$ mypy mistakes.py | grep error:"]
