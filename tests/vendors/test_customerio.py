"""PyPI `customerio` 3.2.0, which always speaks TLS, against the emulator's TLS port."""

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
    python = str(python_with("customerio"))
    keys = [emulator.env["CUSTOMERIO_SITE_ID"], emulator.env["CUSTOMERIO_TRACK_API_KEY"]]
    return drive([python, script("drive_customerio.py"), emulator.tls_url, *keys], emulator.env)


@pytest.fixture
def state(emulator: Emulator, steps: dict[str, Any], state_of: Callable[[str], Any]) -> Any:
    """The state of the emulator after the scenario."""
    assert steps
    return state_of(emulator.url)


def test_every_call_of_the_client_is_answered_as_a_success(steps: dict[str, Any]) -> None:
    """Whatever the client can say, with the right keys, is taken."""
    failed = {name: told for name, told in steps.items() if told != "ok"}

    assert set(failed) == {"wrong key"}


def test_a_wrong_key_is_the_401_that_the_client_reports(steps: dict[str, Any], state: Any) -> None:
    """A key that is not the workspace's opens nothing and changes nothing."""
    assert steps["wrong key"].startswith("401: ")
    assert "Unauthorized request" in steps["wrong key"]
    assert not state.has("py-stranger")


def test_identify_sets_and_updates_attributes(state: Any) -> None:
    """A second identify changes what it names and leaves the rest."""
    attributes = state.person("py-1")["attributes"]

    assert attributes["email"] == "py-1@example.com"
    assert (attributes["plan"], attributes["seats"]) == ("silver", 3)
    assert attributes["created_at"] == NOON


def test_an_event_keeps_its_data_time_and_id(state: Any) -> None:
    """What track is given arrives as it was given, moments as Unix seconds."""
    event = state.event("py-1", "order_completed")

    assert event["data"] == {"total": 12.5, "lines": [{"sku": "A"}], "at": NOON}
    assert (event["timestamp"], event["id"]) == (NOON, "01J00000000000000000000001")


def test_an_event_said_twice_with_one_id_is_one_event(steps: dict[str, Any], state: Any) -> None:
    """The second is answered as a success, dropped, and counted as a repeat."""
    assert steps["track repeated"] == "ok"
    assert len([each for each in state.events("py-1") if each["name"] == "order_completed"]) == 1
    assert state.summary()["repeats"] == 1


def test_a_pageview_is_an_event_of_type_page(state: Any) -> None:
    """Its name is the page."""
    event = state.event("py-1", "/pricing")

    assert (event["type"], event["data"]) == ("page", {"referrer": "search"})


def test_a_backfilled_event_has_the_time_it_was_given(state: Any) -> None:
    """A backfill is an event in the past."""
    event = state.event("py-1", "joined")

    assert (event["timestamp"], event["data"]) == (1_700_000_000, {"via": "invitation"})


def test_an_anonymous_event_joins_whoever_is_identified_later(state: Any) -> None:
    """identify with an anonymous_id takes over what the stranger did."""
    event = state.event("py-6", "looked")

    assert event["data"] == {"at": "shoes"}


def test_a_device_is_kept_until_it_is_deleted(state: Any) -> None:
    """Of two devices, the one that was not deleted remains."""
    (device,) = state.person("py-1")["devices"]

    assert "token-1" in device.values()
    assert device["platform"] == "ios"


def test_a_suppressed_person_is_gone_and_stays_gone(state: Any) -> None:
    """What is said about somebody suppressed is answered as a success and ignored."""
    person = state.person("py-2")

    assert (person["suppressed"], person["attributes"], person["events"]) == (True, {}, [])


def test_an_unsuppressed_person_can_be_said_anew(state: Any) -> None:
    """unsuppress brings back no data, only the possibility."""
    person = state.person("py-3")

    assert (person["suppressed"], person["attributes"]["plan"]) == (False, "bronze")


def test_merge_moves_everything_to_the_primary(state: Any) -> None:
    """The secondary is gone; its attributes and events are the primary's."""
    assert state.person("py-1")["attributes"]["nickname"] == "four"
    assert state.event("py-1", "waved")["type"] == "event"
    assert not state.has("py-4")


def test_a_deleted_person_is_gone(state: Any) -> None:
    """delete removes the person without suppressing."""
    assert not state.has("py-5")


def test_an_id_of_reserved_characters_names_one_person(state: Any) -> None:
    """What the client percent-encodes arrives as the id that was meant."""
    person = state.person("py/7 + 8?&#%2Fé")

    assert person["identifiers"]["id"] == "py/7 + 8?&#%2Fé"
    assert person["attributes"]["plan"] == "odd"


def test_a_batch_applies_each_of_its_items(state: Any) -> None:
    """People, events and objects in one request, each as if said alone."""
    person = state.person("py-9")

    assert person["attributes"]["plan"] == "batch"
    assert state.event("py-9", "batched")["data"] == {"n": 1}
    assert [each["object_id"] for each in person["relationships"]] == ["py-acme"]
