"""PyPI `customerio-cdp-analytics` 1.1.0 against the Pipelines API of the emulator, over TLS."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ferryman.emulator import Emulator

NOON = 1_772_366_400


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture(scope="module")
def steps(
    emulator: Emulator,
    python_with: Callable[[str], Path],
    drive: Callable[..., dict[str, Any]],
    script: Callable[[str], str],
) -> dict[str, Any]:
    """What became of each step of the scenario."""
    python = str(python_with("cdp"))
    keys = [emulator.env["CUSTOMERIO_PIPELINES_WRITE_KEY"], emulator.ready.private_key]
    return drive([python, script("drive_cdp.py"), emulator.tls_url, *keys], emulator.env)


@pytest.fixture
def state(emulator: Emulator, steps: dict[str, Any], state_of: Callable[[str], Any]) -> Any:
    """The state of the emulator after the scenario."""
    assert steps
    return state_of(emulator.url)


def test_every_way_of_sending_is_answered_as_a_success(steps: dict[str, Any]) -> None:
    """Queued, gzipped, inline, with the private key, and (without strict mode) a wrong key."""
    assert steps == dict.fromkeys(["queued", "gzip", "private key", "sync_mode", "wrong key"], "ok")


def test_a_wrong_write_key_changes_nothing(state: Any) -> None:
    """Without strict mode Pipelines answers 200 all the same, but nothing is kept."""
    assert not state.has("cdp-stranger")


def test_identify_sets_and_updates_traits(state: Any) -> None:
    """A second identify changes what it names and leaves the rest."""
    attributes = state.person("cdp-1")["attributes"]

    assert attributes["email"] == "cdp-1@example.com"
    assert (attributes["plan"], attributes["seats"]) == ("silver", 3)


def test_a_message_said_twice_with_one_id_is_one_event(state: Any) -> None:
    """The message id is the event's; the second is dropped and counted."""
    event = state.event("cdp-1", "order_completed")

    assert (event["id"], event["timestamp"]) == ("cdp-message-1", NOON)
    assert event["data"] == {"total": 12.5}
    assert state.summary()["repeats"] == 1


@pytest.mark.parametrize(
    ("name", "kind", "known"),
    [
        ("Pricing", "page", {"url": "https://shop.example.com/pricing"}),
        ("Basket", "screen", {"lines": 2}),
    ],
)
def test_a_view_is_an_event_of_its_type(
    state: Any, name: str, kind: str, known: dict[str, Any]
) -> None:
    """page and screen arrive under their name, with their properties."""
    event = state.event("cdp-1", name)

    assert event["type"] == kind
    assert event["data"].items() >= known.items()


def test_an_anonymous_event_belongs_to_nobody_yet(state: Any) -> None:
    """It waits under its anonymous id."""
    event = state.event("cdp-anon", "looked")

    assert event["data"] == {"at": "shoes"}


def test_group_makes_an_object_and_relates_the_person(state: Any) -> None:
    """A group is an object of the type that its traits name."""
    _, found = state.get("objects")
    (acme,) = [each for each in found["objects"] if each["object_id"] == "cdp-acme"]

    assert acme["attributes"]["name"] == "Acme"
    assert [each["object_id"] for each in state.person("cdp-1")["relationships"]] == ["cdp-acme"]


def test_alias_leaves_both_people_as_they_are(state: Any) -> None:
    """Customer.io's own destination does not act on alias."""
    assert state.person("cdp-old")["attributes"]["nickname"] == "old"
    assert "nickname" not in state.person("cdp-1")["attributes"]


def test_a_gzipped_batch_is_read(state: Any) -> None:
    """The client's gzip option changes nothing about what arrives."""
    assert state.person("cdp-zip")["attributes"]["plan"] == "gold"


def test_a_private_key_opens_pipelines_as_bearer(state: Any) -> None:
    """The client sends an sk_ key as a Bearer token."""
    assert state.person("cdp-private")["attributes"]["plan"] == "gold"


def test_sync_mode_delivers_in_the_call(state: Any) -> None:
    """A call in sync mode is a batch of one."""
    assert state.event("cdp-1", "inline")["data"] == {"n": 1}
