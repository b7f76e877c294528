"""Every operation through a real client is taken by a server that checks."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from ferryman import Account, AsyncClient, Client
from ferryman.emulator import Emulator


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    """The account of an emulator that runs as long as the tests of this module."""
    with Emulator() as emulator:
        env = emulator.env
        yield Account(
            site_id=env["CUSTOMERIO_SITE_ID"],
            track_api_key=env["CUSTOMERIO_TRACK_API_KEY"],
            track_url=emulator.url,
        )


def test_each_operation_is_accepted(example: Any, account: Account) -> None:
    """A client says every operation, and no answer is a refusal."""
    with Client(account) as client:
        client.perform(example.make())


def test_each_operation_is_accepted_when_awaited(example: Any, account: Account) -> None:
    """An async client says every operation, and no answer is a refusal."""

    async def say() -> None:
        async with AsyncClient(account) as client:
            await client.perform(example.make())

    asyncio.run(say())


def test_all_of_track_v2_shares_one_batch(examples: list[Any], account: Account) -> None:
    """Everything that may share a request is accepted in batches, item by item."""
    said = [made for each in examples if (made := each.make()).endpoint.batches]
    with Client(account) as client:
        result = client.batch(said)

    assert len(said) > 20
    assert (result.count, result.rejected) == (len(said), {})
