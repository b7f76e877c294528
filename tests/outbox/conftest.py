"""What the tests of this room share: entries made by hand, emulators, and child processes."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ferryman._core.account import Account
from ferryman.emulator import DEFAULT_WORKSPACE, Emulator
from ferryman.outbox.entry import Entry
from ferryman.outbox.stores import open_store

CHILDREN = Path(__file__).with_name("children.py")


class Making:
    """Makes entries with increasing places, as a store would read them."""

    def __init__(self) -> None:
        self.seq = 0

    def __call__(self, name: str, key: str, other: str = "", *, size: int = 100) -> Entry:
        """Return the next entry; *name* may be ``"barrier"``, an identify that changes who."""
        self.seq += 1
        barrier = name in ("delete", "suppress", "merge", "barrier")
        name = "identify" if name == "barrier" else name
        path = "/api/v1/forms/f/submit" if name == "submit_form" else ""
        body = b"x" * size
        return Entry(self.seq, f"id{self.seq}", name, key, body, other, barrier, path, 1)


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """The path of a spool that is not there yet."""
    return tmp_path / "spool.db"


@pytest.fixture
def opened(spool: Path) -> Iterator[Callable[..., Any]]:
    """Opens the spool, with keys or without; what is left open is closed."""
    with contextlib.ExitStack() as stack:

        def open_(keys: str | None = None) -> Any:
            store = open_store(f"sqlite:///{spool}", workspace="default", keys=keys)
            stack.callback(store.close)
            return store

        yield open_


@pytest.fixture
def make() -> Making:
    """Makes entries."""
    return Making()


@pytest.fixture
def account() -> Account:
    """An account that no server knows."""
    return Account(site_id="s", track_api_key="k", track_url="http://127.0.0.1:9")


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    """An emulator that runs as long as the tests of a module."""
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(running: Emulator) -> Iterator[Emulator]:
    """The running emulator, with nothing in it and no faults."""
    _clear(running)
    yield running
    _clear(running)


def _clear(emulator: Emulator) -> None:
    with httpx2.Client(base_url=emulator.url) as client:
        client.delete("/emulator/faults").raise_for_status()
        client.post("/emulator/reset", json={}).raise_for_status()


@pytest.fixture
def live(emulator: Emulator) -> Account:
    """The account of the emulator."""
    return account_of(emulator.url)


def account_of(url: str) -> Account:
    return Account(
        site_id=DEFAULT_WORKSPACE.site_id,
        track_api_key=DEFAULT_WORKSPACE.track_api_key,
        track_url=url,
    )


class Seen:
    """What an emulator holds: the ids of events, by person, in order of arrival."""

    def __init__(self, url: str) -> None:
        self._client = httpx2.Client(base_url=url, timeout=30)

    def close(self) -> None:
        self._client.close()

    def summary(self) -> dict[str, Any]:
        found: dict[str, Any] = self._client.get("/emulator/summary").json()
        return found

    def faults(self, *faults: dict[str, object]) -> None:
        self._client.put("/emulator/faults", json=list(faults)).raise_for_status()

    def by_person(self) -> dict[str, list[str]]:
        """Return each person's event ids in order of arrival."""
        found: dict[str, list[str]] = {}
        start = "0"
        while start:
            page = self._client.get(
                "/emulator/people", params={"start": start, "limit": 1000, "events": "true"}
            ).json()
            for person in page["people"]:
                found[person["identifiers"]["id"]] = [e["id"] for e in person["events"]]
            start = page["next"]
        return found

    def ids(self) -> list[str]:
        return [ident for ids in self.by_person().values() for ident in ids]


@pytest.fixture
def seen(emulator: Emulator) -> Iterator[Seen]:
    """Looks into the running emulator."""
    looking = Seen(emulator.url)
    yield looking
    looking.close()


@pytest.fixture
def child() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a scene of children.py in a process of its own; whatever is left is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(scene: str, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(CHILDREN), scene, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONWARNINGS": "default", "PYTHONUNBUFFERED": "1"},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):  # it, and children of its own
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)
