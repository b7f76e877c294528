"""What these tests share: scenes of a folder of their own, and what a process left behind."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ferryman.emulator import Emulator
from ferryman.outbox import Outbox

HERE = Path(__file__).parent


@pytest.fixture
def place(tmp_path: Path) -> str:
    """The place of a SQLite outbox that is not there yet."""
    return f"sqlite:///{tmp_path / 'spool.db'}"


@pytest.fixture
def launch(tmp_path: Path, emulator: Emulator) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a command in this folder of tests; what is left of it is killed.

    ``place`` becomes the CUSTOMERIO_OUTBOX of its environment, which points at the emulator.
    """
    started: list[subprocess.Popen[str]] = []

    def start(*command: object, place: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *map(str, command)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            cwd=tmp_path,
            env={
                **os.environ,
                **{k: v for k, v in emulator.env.items() if k.startswith("CUSTOMERIO_")},
                "CUSTOMERIO_OUTBOX": place,
                "CUSTOMERIO_WORKSPACE": "default",  # as the tests open it
                "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]),
                "PYTHONUNBUFFERED": "1",
                "PYTHONDONTWRITEBYTECODE": "1",
            },
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):  # it, and children of its own
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)


@pytest.fixture
def scene(launch: Callable[..., subprocess.Popen[str]]) -> Callable[..., subprocess.Popen[str]]:
    """Start a scene of a file of this folder: ``scene("forks.name", *arguments, place=place)``."""

    def start(name: str, *arguments: object, place: str) -> subprocess.Popen[str]:
        file, _, function = name.partition(".")
        return launch(HERE / f"{file}.py", function, *arguments, place=place)

    return start


def accepted(out: str) -> dict[str, list[str]]:
    """Return the ids that processes printed as accepted, by person, in order."""
    found: dict[str, list[str]] = {}
    for line in out.splitlines():
        if len(words := line.split()) == 2:
            found.setdefault(words[1], []).append(words[0])
    return found


def finished(process: subprocess.Popen[str], *, code: int = 0) -> dict[str, list[str]]:
    """Wait until *process* ends with *code*; return what it and its children accepted."""
    out, err = process.communicate(timeout=90)
    assert process.returncode == code, err
    return accepted(out)


def deliver(place: str, account: object) -> None:
    """Deliver what is left, as the next process does."""
    with Outbox(place, account) as outbox:  # type: ignore[arg-type]  # the fixture's account
        outbox.flush(60)
        assert outbox.stats().pending == 0
