"""The process-wide instances: one of each, for threads, forks and event loops as promised."""

import asyncio
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import ferryman
from ferryman import get_async_client, get_async_outbox, get_client, get_outbox, reset
from ferryman.errors import ClientClosed, ConfigurationError, FerrymanError


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """An environment that says mode off, and no instances before or after."""
    for name in [name for name in os.environ if name.startswith("CUSTOMERIO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CUSTOMERIO_MODE", "off")
    reset()
    yield monkeypatch
    reset()


@pytest.mark.parametrize("get", [get_client, get_outbox])
def test_fifty_threads_get_the_same(get: Callable[[], object]) -> None:
    """Threads that ask for the first time at the same moment get one instance."""
    together = threading.Barrier(50)

    def ask(_: int) -> int:
        together.wait()
        return id(get())

    with ThreadPoolExecutor(50) as pool:
        found = set(pool.map(ask, range(50)))

    assert found == {id(get())}


def test_it_is_the_same_everywhere() -> None:
    """A second call gives the first call's instance."""
    assert get_client() is get_client()
    assert get_outbox() is get_outbox()


def test_a_pipelines_key_is_enough_for_an_outbox(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An account of Pipelines alone has its outbox from the environment as from `Outbox(...)`."""
    environment.delenv("CUSTOMERIO_MODE")
    environment.setenv("CUSTOMERIO_PIPELINES_WRITE_KEY", "written")
    environment.setenv("CUSTOMERIO_PIPELINES_URL", "http://127.0.0.1:9")
    with pytest.raises(ConfigurationError) as lacking:
        get_outbox()
    environment.setenv("CUSTOMERIO_OUTBOX", f"sqlite:///{tmp_path / 'outbox.db'}")
    environment.setenv("CUSTOMERIO_WORKSPACE", "test")
    receipt = get_outbox().pipelines.track("1", "said")
    with pytest.raises(ConfigurationError, match="no key for the track API"):
        get_outbox().track("1", "said")

    async def ask() -> object:
        return await get_async_outbox().pipelines.track("1", "said")

    later = asyncio.run(ask())

    assert "CUSTOMERIO_OUTBOX=" in str(lacking.value)
    assert receipt.level == later.level == "power"


def test_the_environment_is_read_once(environment: pytest.MonkeyPatch) -> None:
    """What the environment says later counts after reset, so that all instances agree."""
    first = get_client()
    environment.setenv("CUSTOMERIO_REGION", "eu")
    second = get_client()
    reset()
    third = get_client()

    assert first is second
    assert (first.account.resolved_region, third.account.resolved_region) == ("us", "eu")


def test_what_cannot_work_is_said_at_every_call(environment: pytest.MonkeyPatch) -> None:
    """A failed start is not remembered: once the environment is right, the call works."""
    environment.delenv("CUSTOMERIO_MODE")
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="CUSTOMERIO_SITE_ID"):
            get_client()
    environment.setenv("CUSTOMERIO_MODE", "off")

    assert get_client().mode == "off"


def test_reset_closes_what_there_was() -> None:
    """After reset the old instance is closed and the next call makes another."""
    old = get_client()
    reset()

    assert get_client() is not old
    with pytest.raises(ClientClosed, match="closed"):
        old.delete("1")


def test_each_loop_has_its_own() -> None:
    """Within a loop it is the same, in another loop another."""

    async def ask() -> tuple[object, object]:
        assert get_async_client() is get_async_client()
        assert get_async_outbox() is get_async_outbox()
        return get_async_client(), get_async_outbox()

    one, other = asyncio.run(ask()), asyncio.run(ask())

    assert one[0] is not other[0]
    assert one[1] is not other[1]


@pytest.mark.parametrize("get", [get_async_client, get_async_outbox])
def test_there_is_none_outside_of_a_loop(get: Callable[[], object]) -> None:
    """Asked outside of a running loop, the call says so by its name."""
    with pytest.raises(FerrymanError, match=r"get_async_.*inside a running event loop"):
        get()


def test_it_is_closed_with_its_loop() -> None:
    """When its loop ends, an async client is closed by itself."""

    async def use() -> ferryman.AsyncClient:
        await get_async_client().track("1", "x")
        return get_async_client()

    client = asyncio.run(use())

    async def late() -> None:
        await client.delete("1")

    with pytest.raises(ClientClosed, match="closed"):
        asyncio.run(late())


def run(program: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {n: v for n, v in os.environ.items() if not n.startswith("CUSTOMERIO_")}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program)],
        env={**clean, "CUSTOMERIO_MODE": "off", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_forked_child_gets_its_own() -> None:
    """A child makes instances of its own and leaves the parent's alone; both end in silence."""
    done = run(
        """
        import os, sys, warnings
        from ferryman import get_client, get_outbox
        warnings.filterwarnings("ignore", message=".*fork", category=DeprecationWarning)
        client, outbox = get_client(), get_outbox()
        child = os.fork()
        if child == 0:
            assert get_client() is get_client() is not client
            assert get_outbox() is get_outbox() is not outbox
            get_client().track("1", "x"); client.track("1", "x")
            get_outbox().track("1", "x")
            sys.exit(7)
        _, status = os.waitpid(child, 0)
        assert get_client() is client and get_outbox() is outbox
        client.track("1", "x")
        print(os.waitstatus_to_exitcode(status))
        """
    )

    assert (done.stdout, done.stderr) == ("7\n", "")


def test_a_program_that_closes_nothing_ends_in_silence() -> None:
    """Nobody has to close the process-wide instances: no warning, no error, exit code 0."""
    done = run(
        """
        import asyncio
        from ferryman import get_async_client, get_async_outbox, get_client, get_outbox

        async def main():
            await get_async_client().track("1", "x")
            await get_async_outbox().track("1", "x")

        get_client().track("1", "x")
        get_outbox().track("1", "x")
        asyncio.run(main())
        """
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_importing_does_no_work() -> None:
    """Import reads no variable, starts no thread and opens no connection."""
    done = run(
        """
        import threading
        import ferryman
        assert threading.active_count() == 1
        import ferryman.settings
        assert not ferryman.settings._instances
        """,
        CUSTOMERIO_REGION="nowhere",
    )

    assert (done.returncode, done.stderr) == (0, "")
