"""Forks: a child has connections and ids of its own, and the parent's go on."""

import asyncio
import ctypes
import os
from collections.abc import Callable
from typing import Any

import pytest

from ferryman import Http
from ferryman._core.message import Reply, Request
from ferryman._io import process
from ferryman._io.aio import AsyncDriver
from ferryman._io.stamp import Ulids, stamp
from ferryman._io.sync import SyncDriver

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork"),
    # Python 3.12 warns of forking while threads run; the server of these tests is a thread.
    pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning"),
]


def in_child(act: Callable[[], bytes], fork: Callable[[], int] = os.fork) -> bytes:
    """Run *act* in a forked child and return what it returned."""
    reading, writing = os.pipe()
    child = fork()
    if child == 0:
        try:
            os.write(writing, act())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


def request(server: Any) -> Request:
    return Request("POST", server.url, {"Content-Type": "application/json"}, b"{}", "POST /")


def test_a_child_connects_anew_and_the_parent_goes_on(serve: Any) -> None:
    """The child asks over its own connection; the parent's next request uses the first."""
    server = serve()
    driver = SyncDriver(Http())

    def ask() -> bytes:
        answer = driver.send(request(server))
        driver.close()
        return str(answer.status if isinstance(answer, Reply) else answer).encode()

    before = driver.send(request(server))
    child = in_child(ask)
    after = driver.send(request(server))
    driver.close()

    assert (before, child, after) == (after, b"200", before)
    assert [number for number, _ in server.requests] == [1, 2, 1]


def test_a_child_of_an_async_driver_connects_anew(serve: Any) -> None:
    """A driver used on the parent's loop serves a loop of the child's own."""
    server = serve()
    driver = AsyncDriver(Http())

    async def ask() -> bytes:
        answer = await driver.send(request(server))
        return str(answer.status if isinstance(answer, Reply) else answer).encode()

    async def parent() -> bytes:
        await ask()
        said = in_child(child)
        await ask()
        await driver.aclose()
        return said

    def child() -> bytes:
        asyncio.set_event_loop(None)
        asyncio._set_running_loop(None)
        loop = asyncio.new_event_loop()
        return loop.run_until_complete(ask())

    said = asyncio.run(parent())

    assert said == b"200"
    assert [number for number, _ in server.requests] == [1, 2, 1]


STANDING = Ulids(lambda: 1_700_000_000_000_000_000)  # no new millisecond tells the two apart


@pytest.mark.parametrize("source", [STANDING, stamp])
def test_a_child_makes_ids_of_its_own(source: Ulids) -> None:
    """Nothing that a child counts was counted by its parent."""
    source()
    child = in_child(lambda: "".join(source()[0] for _ in range(1_000)).encode()).decode()
    children = {child[n : n + 26] for n in range(0, len(child), 26)}
    parents = {source()[0] for _ in range(1_000)}

    assert len(children) == len(parents) == 1_000
    assert not children & parents


@pytest.mark.parametrize("take", [lambda: [stamp()[0]], lambda: list(stamp.run()[0])])
def test_a_child_of_which_python_hears_nothing_makes_ids_of_its_own(
    take: Callable[[], list[str]],
) -> None:
    """A server that forks in C runs no hook: whoever asks for ids first looks, one or many."""
    take()
    child = in_child(lambda: "".join(take()).encode(), ctypes.PyDLL(None).fork).decode()
    children = {child[n : n + 26] for n in range(0, len(child), 26)}
    parents = {ident for _ in range(3) for ident in take()}

    assert children
    # The random part: the moment may be another.
    assert not {ident[10:] for ident in children} & {ident[10:] for ident in parents}


@pytest.mark.parametrize("make", [process._mark, process._Number])
def test_a_child_knows_that_it_is_another_process(make: Callable[[], Any]) -> None:
    """Whether the kernel empties a page or the process's number is asked."""
    mark = make()

    def child() -> bytes:
        before = bool(mark[0])
        mark[0] = 1
        return f"{before} then {bool(mark[0])}".encode()

    assert in_child(child) == b"False then True"
    assert mark[0]
