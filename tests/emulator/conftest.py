"""Emulators for the tests of this room: one for a module, emptied for every test."""

import ssl
from collections.abc import Callable, Iterator

import httpx2
import pytest

from ferryman.emulator import DEFAULT_WORKSPACE, Emulator
from ferryman.emulator.world import World

TRACK = (DEFAULT_WORKSPACE.site_id, DEFAULT_WORKSPACE.track_api_key)
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and costs nothing to make
PIPELINES = (DEFAULT_WORKSPACE.write_key, "")


@pytest.fixture
def world() -> World:
    """An empty workspace."""
    return World()


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    """An emulator that runs as long as the tests of a module."""
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    """The running emulator, with nothing in it and no faults."""
    with httpx2.Client(base_url=running.url) as client:
        client.delete("/emulator/faults").raise_for_status()
        client.post("/emulator/reset", json={}).raise_for_status()
    return running


@pytest.fixture
def connect(emulator: Emulator) -> Iterator[Callable[..., httpx2.Client]]:
    """Open clients of the emulator: over http, or over TLS with its bundle."""
    opened: list[httpx2.Client] = []

    def open_(auth: tuple[str, str] | None, *, tls: bool = False) -> httpx2.Client:
        trust = ssl.create_default_context(cafile=emulator.ca_bundle) if tls else NO_TLS
        url = emulator.tls_url if tls else emulator.url
        opened.append(httpx2.Client(base_url=url, auth=auth, verify=trust, trust_env=False))
        return opened[-1]

    yield open_
    for client in opened:
        client.close()


@pytest.fixture
def track(connect: Callable[..., httpx2.Client]) -> httpx2.Client:
    """A client with the credentials of the Track API."""
    return connect(TRACK)


@pytest.fixture
def pipelines(connect: Callable[..., httpx2.Client]) -> httpx2.Client:
    """A client with the credentials of the Pipelines API."""
    return connect(PIPELINES)


@pytest.fixture
def control(connect: Callable[..., httpx2.Client]) -> httpx2.Client:
    """A client without credentials, for the control API."""
    return connect(None)
