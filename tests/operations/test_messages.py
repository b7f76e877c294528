"""What goes to Pipelines and the App API: exact bodies, the vendor's documents, a server's word."""

import asyncio
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.operations.messages import EVERYTHING, MESSAGES, OWN, SENDS, STAMPED_AT, ULID, Said
from tests.operations.test_specification import any_of

from ferryman import Account, AsyncClient, Client, Repeat, operations
from ferryman.emulator import Emulator
from ferryman.operations import BroadcastTrigger, Delivery


@pytest.fixture(params=EVERYTHING, ids=str)
def said(request: pytest.FixtureRequest) -> Said:
    """Everything in turn."""
    return request.param  # type: ignore[no-any-return]  # Any by its source


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """An emulator that runs as long as the tests of this module."""
    with Emulator() as running:
        yield running


@pytest.fixture(scope="module")
def account(emulator: Emulator) -> Account:
    """Its account, with a key for each API."""
    env = emulator.env
    return Account(
        site_id=env["CUSTOMERIO_SITE_ID"],
        track_api_key=env["CUSTOMERIO_TRACK_API_KEY"],
        app_api_key=env["CUSTOMERIO_APP_API_KEY"],
        pipelines_write_key=env["CUSTOMERIO_PIPELINES_WRITE_KEY"],
        track_url=emulator.url,
        app_url=emulator.url,
        pipelines_url=emulator.url,
    )


def test_each_has_its_exact_body(said: Said) -> None:
    """An operation, stamped, is exactly the JSON that the table says, where the table says."""
    made = said.make().stamped(ULID, STAMPED_AT)

    assert json.loads(made.body or b"") == said.body
    assert (made.name, made.key, made.barrier) == (said.name, said.key, said.barrier)
    assert (made.path or made.endpoint.path) == said.path


def test_each_is_stamped_once(said: Said) -> None:
    """A second stamp changes nothing: every repeat is the same bytes, under the same id."""
    once = said.make().stamped(ULID, STAMPED_AT)

    assert once.stamped("01J99999999999999999999999", 1) == once
    assert once.id in (ULID, OWN)


def test_everything_of_the_catalogue_is_in_the_table() -> None:
    """No row of Pipelines or of the App API goes untried."""
    rows = {row.name for row in operations.CATALOGUE.values() if row.api != "track"}

    assert {each.name for each in EVERYTHING} == rows


def test_what_is_repeated_says_what_it_relies_on() -> None:
    """The catalogue does not claim that Pipelines drops repeats, and never repeats a send."""
    rows = operations.CATALOGUE

    assert "not documented" in rows["pipelines.track"].why
    assert {rows[each.name].repeat for each in SENDS} == {Repeat.ONCE}


@pytest.mark.parametrize("message", MESSAGES, ids=str)
def test_each_message_is_valid(message: Said, shared: Path) -> None:
    """A message alone, and in a batch, is valid by the vendor's document of Pipelines."""
    path = shared / "reference" / "openapi" / "pipelines.json"
    if not path.is_file():
        pytest.skip("needs ../shared/reference/openapi/pipelines.json")
    document = any_of(json.loads(path.read_text()))
    body = json.loads(message.make().stamped(ULID, STAMPED_AT).body or b"")

    assert _problems(document, message.path.removeprefix("/v1"), body) == []
    if body["type"] != "alias" and body.get("event") != "Report Delivery Event":  # not listed there
        assert _problems(document, "/batch", {"batch": [body]}) == []


@pytest.mark.parametrize("sent", SENDS, ids=str)
def test_each_send_is_valid(sent: Said, shared: Path) -> None:
    """The body of a send is valid by the request schemas of the App API, as far as they go."""
    folder = shared / "reference" / "openapi"
    path = folder / "journeys-app.requests-only.derived-2026-01.json"
    if not path.is_file():
        pytest.skip("needs ../shared/reference/openapi, the requests of the App API")
    document = any_of(json.loads(path.read_text()))
    template = sent.make().endpoint.path
    if template not in document["paths"]:
        assert sent.name in ("send_whatsapp", "send_in_app", "send_inbox_message")
        return

    assert _problems(document, template, json.loads(sent.make().body or b"")) == []


def _problems(document: dict[str, Any], path: str, body: Any) -> list[str]:
    content = document["paths"][path]["post"]["requestBody"]["content"]
    schema = {**content["application/json"]["schema"], "components": document.get("components", {})}
    return [error.message for error in Draft202012Validator(schema).iter_errors(body)]


def _is_answer(said: Said, answer: object) -> bool:
    if said.name == "trigger_broadcast":
        return isinstance(answer, BroadcastTrigger) and answer.id > 0
    if said in SENDS:
        queued = isinstance(answer, Delivery) and isinstance(answer.queued_at, datetime)
        return queued and bool(answer.delivery_id)
    return answer is None


def test_a_server_that_checks_takes_it(said: Said, account: Account) -> None:
    """A client says everything, and the answer is of the kind that the operation names."""
    with Client(account) as client:
        answer = client.perform(said.make())

    assert _is_answer(said, answer)


def test_a_server_that_checks_takes_it_when_awaited(said: Said, account: Account) -> None:
    """An async client says everything, and the answer is of the kind that the operation names."""

    async def say() -> object:
        async with AsyncClient(account) as client:
            return await client.perform(said.make())

    assert _is_answer(said, asyncio.run(say()))


def test_all_of_pipelines_shares_a_batch(account: Account) -> None:
    """Every message may share a request, and no send may."""
    with Client(account) as client:
        result = client.batch([each.make() for each in MESSAGES])

    assert (result.count, result.rejected) == (len(MESSAGES), {})
    assert not any(each.make().endpoint.batches for each in SENDS)
