"""An emulator for the tests of clients, emptied for each, and what it holds."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from ferryman import Account, Client, Retry
from ferryman.emulator import Emulator


class Server:
    """A running emulator, and its control API in a few words."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._http = httpx2.Client(base_url=emulator.url, trust_env=False)

    @property
    def account(self) -> Account:
        """An account that it admits."""
        env = self._emulator.env
        return Account(
            site_id=env["CUSTOMERIO_SITE_ID"],
            track_api_key=env["CUSTOMERIO_TRACK_API_KEY"],
            app_api_key=env["CUSTOMERIO_APP_API_KEY"],
            track_url=self._emulator.url,
            app_url=self._emulator.url,
        )

    def client(self, **options: Any) -> Client:
        """A client that does not wait between its repeats."""
        return Client(self.account, **{"retry": Retry(wait_base=0.0), **options})

    def get(self, path: str) -> Any:
        """What stands under /emulator/."""
        return self._http.get(f"/emulator/{path}").raise_for_status().json()

    def fail(self, *faults: dict[str, Any]) -> None:
        """Go wrong like this from now on."""
        self._http.put("/emulator/faults", json=list(faults)).raise_for_status()

    def reset(self) -> None:
        """Forget everything."""
        self._http.delete("/emulator/faults").raise_for_status()
        self._http.post("/emulator/reset", json={}).raise_for_status()

    def close(self) -> None:
        """Let go of the control API."""
        self._http.close()


@pytest.fixture(scope="session")
def running() -> Iterator[Server]:
    """An emulator that runs as long as the tests."""
    with Emulator() as emulator:
        server = Server(emulator)
        yield server
        server.close()


@pytest.fixture
def server(running: Server) -> Server:
    """The running emulator, with nothing in it and no faults."""
    running.reset()
    return running
