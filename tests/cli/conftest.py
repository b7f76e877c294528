"""What the tests of the command line share: the command in a process, and an emulator in one."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest


class Emulated(msgspec.Struct, frozen=True):
    """An emulator started by `ferryman emulator --json`, and a client of its control API."""

    ready: dict[str, Any]
    control: httpx2.Client

    def summary(self) -> dict[str, Any]:
        """What it holds, in figures."""
        return self.control.get("/emulator/summary").raise_for_status().json()

    def events(self, person: str) -> list[dict[str, Any]]:
        """The events of a person in order of arrival; numbers as decimals."""
        answer = self.control.get(f"/emulator/people/{person}").raise_for_status()
        return json.loads(answer.content, parse_float=Decimal)["events"]

    def everybody(self) -> Iterator[dict[str, Any]]:
        """All people with their events."""
        start = "0"
        while start:
            query = {"events": "true", "limit": "1000", "start": start}
            answer = self.control.get("/emulator/people", params=query).raise_for_status()
            page = json.loads(answer.content, parse_float=Decimal)
            yield from page["people"]
            start = page["next"]

    def faults(self, *faults: dict[str, Any]) -> None:
        """Let these go wrong from now on."""
        self.control.put("/emulator/faults", json=list(faults)).raise_for_status()


Ran = subprocess.CompletedProcess[str]


def figures(ran: Ran) -> dict[str, Any]:
    """The summary of `--json`."""
    return json.loads(ran.stdout)


def adds_up(summary: dict[str, Any]) -> bool:
    """Whether read = accepted + refused and accepted = delivered + dead + pending."""
    settled = summary["delivered"] + summary["dead"] + summary["pending"]
    return summary["read"] == summary["accepted"] + summary["refused"] and (
        summary["accepted"] == settled
    )


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until *condition* holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def bare_env(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment without settings, whose home and temporary files are the test's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CUSTOMERIO")}
    kept |= {"PYTHONPATH": str(root / "src"), "TMPDIR": str(tmp_path_factory.mktemp("tmp"))}
    kept |= {"XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache")), "COLUMNS": "80"}
    return kept


@pytest.fixture(scope="session")
def begin(bare_env: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command line; *env* is added to the bare environment."""
    begun: list[subprocess.Popen[str]] = []

    def start(*words: str | Path, **env: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "ferryman", *map(str, words)],
            env=bare_env | env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        return process

    yield start
    for process in begun:
        if process.poll() is None:  # its test failed before it ended
            process.kill()
            process.communicate()


@pytest.fixture(scope="session")
def command(begin: Callable[..., subprocess.Popen[str]]) -> Callable[..., Ran]:
    """Run the command line to its end, with *stdin* if any."""

    def run(*words: str | Path, stdin: str = "", **env: str) -> Ran:
        process = begin(*words, **env)
        out, err = process.communicate(stdin, timeout=110)
        return Ran(process.args, process.returncode, out, err)

    return run


@pytest.fixture(scope="module")
def running(begin: Callable[..., subprocess.Popen[str]]) -> Iterator[Emulated]:
    """An emulator that runs as long as the tests of a module."""
    process = begin("emulator", "--port", "0", "--tls-port", "0", "--json")
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    with httpx2.Client(base_url=ready["url"], trust_env=False, timeout=30) as control:
        yield Emulated(ready, control)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)


@pytest.fixture
def emulator(running: Emulated) -> Emulated:
    """The running emulator, with nothing in it and no faults."""
    running.control.delete("/emulator/faults").raise_for_status()
    running.control.post("/emulator/reset", json={}).raise_for_status()
    return running


@pytest.fixture
def ferryman(command: Callable[..., Ran], emulator: Emulated) -> Callable[..., Ran]:
    """Run the command line with the settings that point at the emulator."""

    def run(*words: str | Path, stdin: str = "", **env: str) -> Ran:
        return command(*words, stdin=stdin, **(emulator.ready["env"] | env))

    return run
