"""Runs the vendor's own clients, unchanged, in environments of their own, against the emulator.

`customerio` and `customerio-cdp-analytics` overwrite each other's `customerio/__init__.py`, so each
has an environment under `build/vendors/` (ignored by git), built once from pinned, hashed files and
again when these change. A scenario (`drive_*`) runs once a module; the tests look at what it said
of each step and at the state in which it left the emulator.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

HERE = Path(__file__).resolve().parent
# A build downloads less than 2 MB; what takes longer than this has no network.
BUILD_TIMEOUT_S = 240
DRIVE_TIMEOUT_S = 60


class State:
    """What an emulator holds, read through its control API."""

    def __init__(self, url: str) -> None:
        self.address = url.removeprefix("http://")

    def get(self, path: str, method: str = "GET") -> tuple[int, Any]:
        """Return the status and the decoded JSON of one page of the control API."""
        connection = HTTPConnection(self.address, timeout=10)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request(method, f"/emulator/{path}", headers=headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def reset(self) -> None:
        """Forget everybody and everything."""
        assert self.get("reset", "POST")[0] == 200

    def everything(self) -> dict[str, Any]:
        """Return the whole state: all people with their events, objects, forms, deliveries."""
        whole: dict[str, Any] = self.get("people?limit=1000&events=true")[1]
        for page in ("objects", "forms", "deliveries"):
            whole |= self.get(page)[1]
        return whole | {"suppressed": self.summary()["suppressed"]}

    def summary(self) -> dict[str, Any]:
        """Return the counts."""
        counts: dict[str, Any] = self.get("summary")[1]
        return counts

    def person(self, name: str) -> dict[str, Any]:
        """Return a person, who must exist."""
        found: dict[str, Any]
        status, found = self.get(f"people/{quote(name, safe='')}")
        assert status == 200, f"no such person: {name}"
        return found

    def has(self, name: str) -> bool:
        """Tell whether there is such a person, suppressed or not."""
        return self.get(f"people/{quote(name, safe='')}")[0] == 200

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return a person's events, in order of arrival."""
        events: list[dict[str, Any]] = self.person(name)["events"]
        return events

    def event(self, person: str, name: str) -> dict[str, Any]:
        """Return the one event of that name that a person has."""
        (found,) = [each for each in self.events(person) if each["name"] == name]
        return found


@pytest.fixture(scope="session")
def vendors(root: Path) -> Path:
    """The folder in which the vendor's clients are installed."""
    return root / "build" / "vendors"


@pytest.fixture(scope="session")
def python_with(vendors: Path) -> Callable[[str], Path]:
    """Give the interpreter of the environment that `requirements-{name}.txt` pins."""

    def environment(name: str) -> Path:
        home, pins = vendors / name, HERE / f"requirements-{name}.txt"
        build_once(home, [pins], lambda: build_python(home, pins))
        return home / "bin" / "python"

    return environment


@pytest.fixture(scope="session")
def node_modules(vendors: Path, node: str, npm: str) -> Path:
    """The folder with the `node_modules` that `package-lock.json` pins."""
    home, pins = vendors / "node", [HERE / "package.json", HERE / "package-lock.json"]

    def build() -> None:
        home.mkdir(parents=True)
        for pin in pins:
            shutil.copy(pin, home)
        run_or_skip([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=home)

    build_once(home, pins, build)
    return home


def build_once(home: Path, pins: list[Path], build: Callable[[], None]) -> None:
    """Build what is missing or out of date; processes that want the same wait for the first."""
    content = b"".join(pin.read_bytes() for pin in pins) + sys.version.encode()
    wanted = hashlib.sha256(content).hexdigest()
    stamp = home / ".pins"
    with locked(home.with_suffix(".lock")):
        if not stamp.exists() or stamp.read_text() != wanted:
            shutil.rmtree(home, ignore_errors=True)
            build()
            stamp.write_text(wanted)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build_python(home: Path, pins: Path) -> None:
    if uv := shutil.which("uv"):
        run_or_skip([uv, "venv", "--quiet", "--python", sys.executable, str(home)])
        install = [uv, "pip", "install", "--quiet", "--python", str(home / "bin" / "python")]
    else:
        run_or_skip([sys.executable, "-m", "venv", str(home)])
        install = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    run_or_skip([*install, "--require-hashes", "-r", str(pins)])


def run_or_skip(command: list[str], cwd: Path | None = None) -> None:
    """Run one step of a build; a machine on which it fails lacks the network or a tool."""
    done = subprocess.run(
        command,
        cwd=cwd,
        # uv trusts the machine's certificates only when told to, under one name or the other.
        env={"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1", **os.environ, "VIRTUAL_ENV": ""},
        capture_output=True,
        text=True,
        timeout=BUILD_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        pytest.skip(f"needs the package index: {Path(command[0]).name}: {' '.join(last)}")


@pytest.fixture(scope="session")
def drive() -> Callable[..., dict[str, Any]]:
    """Run a scenario with the environment that the emulator prints; return what became of it."""

    def run(command: list[str], env: dict[str, str], told: str = "") -> dict[str, Any]:
        done = subprocess.run(
            command,
            input=told,
            env={**os.environ, **env, "NO_PROXY": "localhost,127.0.0.1", "PYTHONPATH": ""},
            capture_output=True,
            text=True,
            timeout=DRIVE_TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        results: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return results

    return run


@pytest.fixture(scope="session")
def script() -> Callable[[str], str]:
    """Give the path of a scenario of this folder."""
    return lambda name: str(HERE / name)


@pytest.fixture(scope="session")
def state_of() -> Callable[[str], State]:
    """Give a reader of the state of the emulator at an origin."""
    return State
