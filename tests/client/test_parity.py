"""Both colours do the same: one scenario through each leaves the same state and the same errors."""

import asyncio
import inspect
from datetime import UTC, datetime
from typing import Any

import pytest

from ferryman import (
    Anonymous,
    AsyncClient,
    BadRequest,
    Client,
    Email,
    InvalidOperation,
    ObjectId,
    Retry,
    operations,
)

AT = datetime(2026, 3, 1, tzinfo=UTC)
ULID = "01ARZ3NDEKTSV4RRFFQ69G5FA"
ACME = ObjectId("1", "acme")

SCENARIO: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("identify", ("1", {"plan": "pro"}), {"timestamp": AT, "relationships_to": [ACME]}),
    ("identify", (Email("j@x.io"), {"a": None}), {"timestamp": AT}),
    ("track", ("1", "paid"), {"data": {"n": 1}, "id": ULID + "0", "timestamp": AT}),
    ("track", ("1", "paid"), {"data": {"n": 1}, "id": ULID + "0", "timestamp": AT}),
    ("track", (Anonymous("a"), "seen"), {"id": ULID + "1", "timestamp": AT}),
    ("page", ("1", "/p"), {"id": ULID + "2", "timestamp": AT}),
    ("add_device", ("1", "t"), {"platform": "ios", "last_used": AT}),
    ("merge", ("1", Email("j@x.io")), {}),
    ("suppress", ("2",), {}),
    ("submit_form", ("f", "1", {"a": "b"}), {}),
    ("add_to_segment", (7, ["1"]), {}),
    ("region", (), {}),
    ("batch", ([operations.track("3", "x", id=ULID + "3", timestamp=AT)],), {}),
    ("request", ("PUT", "/api/v1/customers/4"), {"json": {"b": 2}}),
    ("track", ("", "x"), {}),
    ("request", ("GET", "/api/../x"), {}),
    ("batch", ([operations.region()],), {}),
]


def outcome(result: Any) -> Any:
    return repr(result)


def failed(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def blocking(server: Any) -> list[Any]:
    said: list[Any] = []
    with Client(server.account) as client:
        for name, args, named in SCENARIO:
            try:
                said.append(outcome(getattr(client, name)(*args, **named)))
            except Exception as error:
                said.append(failed(error))
    return [*said, dict(client.stats())]


def awaited(server: Any) -> list[Any]:
    async def main() -> list[Any]:
        said: list[Any] = []
        async with AsyncClient(server.account) as client:
            for name, args, named in SCENARIO:
                try:
                    said.append(outcome(await getattr(client, name)(*args, **named)))
                except Exception as error:
                    said.append(failed(error))
        return [*said, dict(client.stats())]

    return asyncio.run(main())


def state(server: Any) -> Any:
    """What the emulator holds, without the moments and ids that it made itself."""

    def timeless(part: Any) -> Any:
        if isinstance(part, dict):
            made = {"created", "at", "updated", "received", "cio_id"}
            return {k: timeless(v) for k, v in part.items() if k not in made}
        return [timeless(each) for each in part] if isinstance(part, list) else part

    people = [server.get(f"people/{person}") for person in ("1", "3", "4")]
    return timeless([*people, server.get("summary")])


def test_one_scenario_through_both_colours(server: Any) -> None:
    """Results, errors, counts and the server's state are the same, blocking and awaited."""
    by_blocking, state_one = blocking(server), state(server)
    server.reset()
    by_awaiting, state_two = awaited(server), state(server)

    assert by_blocking == by_awaiting
    assert state_one == state_two
    assert sum(": " in str(each) for each in by_blocking[:-1]) >= 3


@pytest.mark.parametrize("fault", [{"status": 503, "count": 2}, {"drop": "after", "count": 1}])
def test_both_repeat_alike(server: Any, fault: dict[str, Any]) -> None:
    """The same faults cost both colours the same requests, and lose nothing."""

    async def say() -> None:
        async with AsyncClient(server.account, retry=Retry(wait_base=0.0)) as client:
            await client.track("1", "x")

    server.fail(fault)
    with server.client() as client:
        client.track("1", "x")
    one = server.get("summary")
    server.reset()
    server.fail(fault)
    asyncio.run(say())

    assert server.get("summary") == one
    assert one["events"] == 1


def test_many_tasks_share_a_client(server: Any) -> None:
    """Many tasks say things over one client at the same time, and all of it arrives once."""

    async def main() -> None:
        async with AsyncClient(server.account) as client:
            await asyncio.gather(*(client.track(str(n % 8), "x") for n in range(200)))

    asyncio.run(main())
    summary = server.get("summary")

    assert (summary["events"], summary["repeats"]) == (200, 0)


def test_loops_have_connections_of_their_own(server: Any) -> None:
    """One client serves one loop after another; none uses what another opened."""
    client = AsyncClient(server.account)

    async def say() -> None:
        await client.track("1", "x")
        await client._driver.aclose()

    for _ in range(3):
        asyncio.run(say())
    asyncio.run(client.aclose())

    assert server.get("summary")["events"] == 3


def test_both_have_the_same_methods() -> None:
    """What one colour has the other has, with the same parameters; only closing is named apart."""
    one = {name for name in dir(Client) if not name.startswith("_")}
    other = {name for name in dir(AsyncClient) if not name.startswith("_")}

    assert one ^ other == {"close", "aclose", "abandon"}
    for name in ("perform", "batch", "request", "identify", "track"):
        signature = inspect.signature(getattr(Client, name)).parameters
        assert list(signature) == list(inspect.signature(getattr(AsyncClient, name)).parameters)
        assert inspect.iscoroutinefunction(getattr(AsyncClient, name))


def test_errors_are_the_same_classes(server: Any) -> None:
    """The same refusal is the same class with the same facts."""
    server.fail({"status": 400})

    async def say() -> BadRequest:
        async with AsyncClient(server.account) as client:
            with pytest.raises(BadRequest) as raised:
                await client.delete("1")
            return raised.value

    with server.client() as client, pytest.raises(BadRequest) as raised:
        client.delete("1")
    other = asyncio.run(say())

    assert str(other) == str(raised.value)
    assert vars(other) == vars(raised.value)
    assert not isinstance(other, InvalidOperation)
