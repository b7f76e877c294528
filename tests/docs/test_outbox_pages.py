"""docs/outbox/ on dead letters, full outboxes and figures: what is shown is run and compared."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from ferryman import Stats
from ferryman.emulator import DEFAULT_PORT, Emulator
from ferryman.outbox.stores import holding, sqlite

PAGES = ("dead-letters.md", "overflow.md", "stats.md")
COMPILED = {"telemetry.py": "OpenTelemetry is not among the tests' packages"}
EMULATOR = f"http://127.0.0.1:{DEFAULT_PORT}"
"""Where the pages' emulator is; the test's own is elsewhere."""
AGE = re.compile(r" +\d+ s\b")
TRIES = re.compile(r"(status 400 +400) +\d+")
"""Two events that travel together are tried together, and then each by itself."""


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A Customer.io of this test's own."""
    with Emulator() as running:
        yield running


@pytest.fixture
def env(emulator: Emulator, tmp_path: Path) -> dict[str, str]:
    """The environment of the pages' application."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CUSTOMERIO_")}
    pasted = {n: value for n, value in emulator.env.items() if n.startswith("CUSTOMERIO_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    place = {"CUSTOMERIO_OUTBOX": f"sqlite:///{tmp_path / 'outbox.db'}", "COLUMNS": "100"}
    return kept | pasted | place | {"PATH": path, "HOME": str(tmp_path)}


def steps(page: str) -> Iterator[tuple[str, str]]:
    """Yield what *page* shows, in order: a file's name and text, or a command and its output."""
    for kind, block in re.findall(r"```(python|console)\n(.*?)```", page, flags=re.DOTALL):
        if kind == "python":
            head, _, text = block.partition("\n")
            yield head.removeprefix("# "), text
        else:
            for command, output in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
                yield f"$ {command}", output


def said(command: list[str], env: dict[str, str], folder: Path) -> str:
    ran = subprocess.run(
        command, env=env, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=100, check=False,
    )  # fmt: skip
    assert "Traceback" not in ran.stdout, ran.stdout
    return ran.stdout


def plain(text: str) -> str:
    """Return *text* without what differs each time: ages, tries, trailing blanks, empty lines."""
    lines = [AGE.sub(" 0 s", TRIES.sub(r"\1 1", line)).rstrip() for line in text.splitlines()]
    return "\n".join(line for line in lines if line and not set(line) <= set(" ─"))


def test_the_letters_page_does_what_it_shows(
    root: Path, tmp_path: Path, env: dict[str, str], emulator: Emulator
) -> None:
    """Each command in order, each output as it is shown; then the files that are run by name."""
    page = (root / "docs/outbox/dead-letters.md").read_text()
    commands = 0
    for step, shown in steps(page):
        if not step.startswith("$ "):
            (tmp_path / step).write_text(shown)
            continue
        commands += 1
        line = step.removeprefix("$ ").replace(EMULATOR, emulator.url)
        out = said(["sh", "-c", line], env, tmp_path).replace(str(tmp_path), "/srv/shop")
        assert plain(out) == plain(shown), f"{step}\n{out}"

    assert commands >= 10


def test_the_letters_pages_files_decide(root: Path, tmp_path: Path, env: dict[str, str]) -> None:
    """decide.py replays and skips what shop.py left; forget.py purges and suppresses."""
    files = dict(steps((root / "docs/outbox/dead-letters.md").read_text()))
    for name in ("shop.py", "decide.py", "forget.py"):
        (tmp_path / name).write_text(files[name])
    url = env["CUSTOMERIO_TRACK_URL"]
    faults = ["curl", "-s", "-o", "/dev/null", "-H", "content-type: application/json"]
    said([*faults, "-X", "PUT", "-d", '{"status": 400}', f"{url}/emulator/faults"], env, tmp_path)
    said([sys.executable, "shop.py"], env, tmp_path)
    said([*faults, "-X", "DELETE", f"{url}/emulator/faults"], env, tmp_path)
    decided = said([sys.executable, "decide.py"], env, tmp_path).splitlines()
    forgotten = said([sys.executable, "forget.py"], env, tmp_path)

    assert [line.split()[:2] for line in decided[:3]] == [
        ["1", "track"], ["2", "track"], ["3", "merge"]
    ]  # fmt: skip
    assert decided[3:] == ["2 0 0 0", "1"]
    assert forgotten == "0\n"


@pytest.mark.parametrize(
    ("page", "file"), [("overflow.md", "policies.py"), ("stats.md", "look.py")]
)
def test_a_file_prints_what_is_said_beneath(
    root: Path, tmp_path: Path, env: dict[str, str], page: str, file: str
) -> None:
    """The text block behind a file is its output."""
    text = (root / "docs/outbox" / page).read_text()
    (shown,) = re.findall(r"```text\n(.*?)```", text, flags=re.DOTALL)
    (tmp_path / file).write_text(dict(steps(text))[file])

    command = [sys.executable, "-W", "error", file]
    ran = subprocess.run(
        command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=True
    )

    assert ran.stdout == shown


def test_the_metrics_are_prometheus_text(root: Path, tmp_path: Path, env: dict[str, str]) -> None:
    """Each line is a name, perhaps a label, and a number."""
    (tmp_path / "metrics.py").write_text(
        dict(steps((root / "docs/outbox/stats.md").read_text()))["metrics.py"]
    )
    lines = said([sys.executable, "metrics.py"], env, tmp_path).split("\n")

    assert lines[-2:] == ["", ""]
    assert "ferryman_accepted 0" in lines
    assert all(re.fullmatch(r'ferryman_\w+(\{\w+="[^"]*"\})? [\d.]+', line) for line in lines[:-2])


def test_each_file_is_run_or_it_is_said_why_not(root: Path) -> None:
    """What no test of this page runs at least compiles."""
    run = {"shop.py", "decide.py", "forget.py", "policies.py", "look.py", "metrics.py"}
    files: dict[str, str] = {}
    for page in PAGES:
        text = (root / "docs/outbox" / page).read_text()
        files |= {name: block for name, block in steps(text) if not name.startswith("$ ")}
    for name, block in files.items():
        compile(block, name, "exec")

    assert set(files) == run | set(COMPILED)


def test_each_figure_is_told(root: Path) -> None:
    """The page of the figures names every one that stats() returns."""
    page = (root / "docs/outbox/stats.md").read_text()

    assert [name for name in msgspec.structs.fields(Stats) if f"`{name.name}`" not in page] == []


def test_the_bounds_are_the_codes(root: Path) -> None:
    """What the pages say an outbox holds by default is what it holds."""
    overflow = (root / "docs/outbox/overflow.md").read_text()
    letters = (root / "docs/outbox/dead-letters.md").read_text()

    assert (sqlite.MAX_BYTES, sqlite.MAX_ENTRIES) == (8 * 1024**3, 100_000_000)
    assert (holding.MAX_BYTES, holding.MAX_ENTRIES) == (256 * 1024**2, 10_000_000)
    assert (sqlite.MAX_DEAD_BYTES, holding.MAX_DEAD_BYTES) == (1024**3, 64 * 1024**2)
    assert "8 GiB and 100\nmillion in a file, 256 MiB and 10 million in memory" in overflow
    assert "1 GiB in a file, 64 MiB in memory" in letters
