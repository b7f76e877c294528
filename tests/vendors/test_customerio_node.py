"""npm `customerio-node` 5.2.0, Track and Pipelines, against the emulator over TLS.

It asks for Node 22 and works on 20 with a warning of npm.
"""

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
    node: str,
    node_modules: Path,
    drive: Callable[..., dict[str, Any]],
    script: Callable[[str], str],
) -> dict[str, Any]:
    """What became of each step of the scenario."""
    env = emulator.env
    keys = [
        env["CUSTOMERIO_SITE_ID"],
        env["CUSTOMERIO_TRACK_API_KEY"],
        env["CUSTOMERIO_PIPELINES_WRITE_KEY"],
    ]
    origins = [emulator.tls_url, emulator.tls_url]
    return drive([node, script("drive_node.mjs"), str(node_modules), *origins, *keys], env)


@pytest.fixture
def state(emulator: Emulator, steps: dict[str, Any], state_of: Callable[[str], Any]) -> Any:
    """The state of the emulator after the scenario."""
    assert steps
    return state_of(emulator.url)


def test_every_call_with_the_right_keys_succeeds(steps: dict[str, Any]) -> None:
    """No method of either client is refused."""
    failed = {name for name, told in steps.items() if "error" in told}

    assert failed == {"wrong key", "cdp wrong key, strict"}


@pytest.mark.parametrize("step", ["wrong key", "cdp wrong key, strict"])
def test_a_wrong_key_is_a_401(steps: dict[str, Any], step: str) -> None:
    """Track always says so, Pipelines in strict mode."""
    assert steps[step]["status"] == 401


def test_a_wrong_key_changes_nothing(state: Any) -> None:
    """Nobody appears who was said with it."""
    assert not state.has("js-stranger")
    assert not state.has("js-cdp-stranger")


def test_identify_sets_and_updates_attributes(state: Any) -> None:
    """A second identify changes what it names and leaves the rest."""
    attributes = state.person("js-1")["attributes"]

    assert attributes["email"] == "js-1@example.com"
    assert (attributes["plan"], attributes["seats"]) == ("silver", 3)


def test_an_event_said_twice_with_one_id_is_one_event(state: Any) -> None:
    """It keeps its data, time and id; the second is dropped."""
    event = state.event("js-1", "order_completed")

    assert event["data"] == {"total": 12.5}
    assert (event["timestamp"], event["id"]) == (NOON, "01J00000000000000000000002")


def test_a_page_view_is_an_event_of_type_page(state: Any) -> None:
    """Its name is the page."""
    assert state.event("js-1", "/pricing")["type"] == "page"


def test_an_anonymous_event_belongs_to_nobody_yet(state: Any) -> None:
    """It waits under its anonymous id."""
    assert state.event("js-anon", "looked")["data"] == {"at": "shoes"}


def test_a_device_is_kept_until_it_is_deleted(state: Any) -> None:
    """Of two devices, the one that was not deleted remains, with its attributes."""
    (device,) = state.person("js-1")["devices"]

    assert (device["token"], device["platform"]) == ("token-1", "ios")
    assert (device["last_used"], device["attributes"]["device_model"]) == (NOON, "X")


def test_a_suppressed_person_is_gone_and_stays_gone(state: Any) -> None:
    """What is said about somebody suppressed is answered as a success and ignored."""
    person = state.person("js-2")

    assert (person["suppressed"], person["attributes"]) == (True, {})


def test_an_unsuppressed_person_can_be_said_anew(state: Any) -> None:
    """unsuppress brings back no data, only the possibility."""
    assert state.person("js-3")["attributes"]["plan"] == "bronze"


def test_merge_moves_everything_to_the_primary(state: Any) -> None:
    """The secondary is gone; its attributes are the primary's."""
    assert state.person("js-1")["attributes"]["nickname"] == "four"
    assert not state.has("js-4")


def test_a_destroyed_person_is_gone(state: Any) -> None:
    """destroy removes the person without suppressing."""
    assert not state.has("js-5")


def test_an_id_of_reserved_characters_names_one_person(state: Any) -> None:
    """What the client percent-encodes arrives as the id that was meant."""
    assert state.person("js/7 + 8?&#%2Fé")["attributes"]["plan"] == "odd"


def test_a_segment_holds_who_was_added_and_not_removed(state: Any) -> None:
    """Manual segments are kept with the person."""
    assert [str(each) for each in state.person("js-6")["segments"]] == ["7"]
    assert state.person("js-7")["segments"] == []


def test_a_form_is_kept_and_makes_its_person(state: Any) -> None:
    """Whoever submits a form becomes a person with its fields as attributes."""
    _, found = state.get("forms")

    assert "contact" in str(found["forms"])
    assert state.person("js-8")["attributes"]["colour"] == "blue"


@pytest.mark.parametrize("delivery", ["delivery-1", "delivery-2", "delivery-3"])
def test_reports_on_deliveries_are_kept(state: Any, delivery: str) -> None:
    """Metrics, push events and unsubscriptions are found under their delivery."""
    _, found = state.get("deliveries")

    assert delivery in str(found["deliveries"])


def test_the_region_names_where_to_go_on(steps: dict[str, Any]) -> None:
    """The account's region carries an address, a region and an environment."""
    assert set(steps["getAccountRegion"]) == {"url", "region", "environment_id"}


def test_entity_and_batch_apply_as_if_said_alone(state: Any) -> None:
    """v2 changes the same person as v1."""
    person = state.person("js-9")

    assert person["attributes"]["plan"] == "entity"
    assert state.event("js-9", "batched")["data"] == {"n": 1}
    assert [device["token"] for device in person["devices"]] == ["token-9"]


def test_a_batch_with_one_bad_item_keeps_the_others(steps: dict[str, Any], state: Any) -> None:
    """The answer names the bad one by its index; the good one is applied."""
    (error,) = steps["batch in part"]["errors"]

    assert error["batch_index"] == 1
    assert state.event("js-9", "kept")["type"] == "event"


def test_pipelines_identifies_through_traits(state: Any) -> None:
    """Traits are attributes, alone or in a batch."""
    attributes = state.person("js-cdp")["attributes"]

    assert attributes["email"] == "js-cdp@example.com"
    assert (attributes["plan"], attributes["seats"]) == ("gold", 3)


@pytest.mark.parametrize(
    ("name", "kind", "data"),
    [
        ("order_completed", "event", {"total": 12.5}),
        ("Pricing", "page", {"plan": "gold"}),
        ("Basket", "screen", {"lines": 2}),
        ("batched", "event", {"n": 1}),
    ],
)
def test_pipelines_events_arrive_with_type_and_data(
    state: Any, name: str, kind: str, data: dict[str, Any]
) -> None:
    """track, page, screen and a batch's track are events of the person."""
    event = state.event("js-cdp", name)

    assert (event["type"], event["data"]) == (kind, data)


def test_a_pipelines_group_relates_the_person(state: Any) -> None:
    """A group is an object to which the person is related."""
    assert [each["object_id"] for each in state.person("js-cdp")["relationships"]] == ["js-acme"]
