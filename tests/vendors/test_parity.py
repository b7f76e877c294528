"""The emulator ends in the same state after the vendor's call and after ours.

Each case says one thing twice, to two emulators: with the vendor's client and with ferryman's.
Both emulators stand still at one moment. What differs by nature is left out of the comparison:
ids that an emulator makes, and (unless the case gives them) an event's id and time, which ferryman
adds.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest

from ferryman import Account, Anonymous, Client, Email, Http, ObjectId
from ferryman.emulator import Emulator

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECONDS = int(AT.timestamp())
ULID = "01J00000000000000000000001"
BY_EMULATOR = {"cio_id", "cio_object_id"}
BY_SENDER = {"id", "timestamp"}

Call = tuple[str, list[Any], dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """One thing to say: by the vendor's *calls* of a client, and by *ours*."""

    name: str
    client: Literal["customerio", "node"]
    calls: list[Call]
    ours: Callable[[Client], object]
    stamped: bool = False


def call(method: str, *given: Any, **named: Any) -> Call:
    return method, list(given), named


def in_turn(*steps: Callable[[Client], object]) -> Callable[[Client], None]:
    def ours(client: Client) -> None:
        for step in steps:
            step(client)

    return ours


def known(client: Client) -> None:
    """Make the person on whom most cases act."""
    client.identify("7", {"email": "seven@example.com", "plan": "gold"})


KNOWN = call("identify", "7", email="seven@example.com", plan="gold")
KNOWN_NODE = call("identify", "7", {"email": "seven@example.com", "plan": "gold"})

CASES = [
    Case("identify", "customerio", [KNOWN], known),
    Case(
        "identify with values of every kind",
        "customerio",
        [
            call(
                "identify",
                "7",
                n=3,
                share=0.5,
                yes=True,
                none=None,
                words=["a", "b"],
                deep={"a": 1},
            )
        ],
        lambda client: client.identify(
            "7",
            {
                "n": 3,
                "share": 0.5,
                "yes": True,
                "none": None,
                "words": ["a", "b"],
                "deep": {"a": 1},
            },
        ),
    ),
    Case(
        "identify by e-mail",
        "customerio",
        [call("identify", "Seven@Example.com", plan="gold")],
        lambda client: client.identify(Email("Seven@Example.com"), {"plan": "gold"}),
    ),
    Case(
        "remove an attribute",
        "customerio",
        [KNOWN, call("identify", "7", plan=None)],
        in_turn(known, lambda client: client.identify("7", {"plan": None})),
    ),
    Case(
        "an id of reserved characters",
        "customerio",
        [call("identify", "a/b +?&#%2F", plan="odd")],
        lambda client: client.identify("a/b +?&#%2F", {"plan": "odd"}),
    ),
    Case(
        "track with id and time",
        "customerio",
        [KNOWN, call("track", "7", "paid", {"total": 12.5}, id=ULID, timestamp=SECONDS)],
        in_turn(
            known,
            lambda client: client.track("7", "paid", data={"total": 12.5}, id=ULID, timestamp=AT),
        ),
        stamped=True,
    ),
    Case(
        "track somebody unknown",
        "customerio",
        [call("track", "8", "paid", {"total": 12.5})],
        lambda client: client.track("8", "paid", data={"total": 12.5}),
    ),
    Case(
        "track without data",
        "customerio",
        [KNOWN, call("track", "7", "waved")],
        in_turn(known, lambda client: client.track("7", "waved")),
    ),
    Case(
        "track anonymously, then know who it was",
        "customerio",
        [
            call("track_anonymous", "visitor", "looked", {"at": "shoes"}),
            call("identify", "7", anonymous_id="visitor"),
        ],
        in_turn(
            lambda client: client.track(Anonymous("visitor"), "looked", data={"at": "shoes"}),
            lambda client: client.identify("7", {"anonymous_id": "visitor"}),
        ),
    ),
    Case(
        "page",
        "customerio",
        [KNOWN, call("pageview", "7", "/pricing", referrer="search")],
        in_turn(known, lambda client: client.page("7", "/pricing", data={"referrer": "search"})),
    ),
    Case(
        "screen",
        "node",
        [
            KNOWN_NODE,
            call("track", "7", {"type": "screen", "name": "Basket", "data": {"lines": 2}}),
        ],
        in_turn(known, lambda client: client.screen("7", "Basket", data={"lines": 2})),
    ),
    Case(
        "add a device",
        "node",
        [
            KNOWN_NODE,
            call("addDevice", "7", "token", "ios", {"last_used": SECONDS, "device_model": "X"}),
        ],
        in_turn(
            known,
            lambda client: client.add_device(
                "7", "token", platform="ios", last_used=AT, attributes={"device_model": "X"}
            ),
        ),
    ),
    Case(
        "delete a device",
        "customerio",
        [
            KNOWN,
            call("add_device", "7", "one", "ios"),
            call("add_device", "7", "two", "android"),
            call("delete_device", "7", "one"),
        ],
        in_turn(
            known,
            lambda client: client.add_device("7", "one", platform="ios"),
            lambda client: client.add_device("7", "two", platform="android"),
            lambda client: client.delete_device("7", "one"),
        ),
    ),
    Case(
        "delete",
        "customerio",
        [KNOWN, call("delete", "7")],
        in_turn(known, lambda client: client.delete("7")),
    ),
    Case(
        "suppress",
        "customerio",
        [KNOWN, call("suppress", "7"), KNOWN],
        in_turn(known, lambda client: client.suppress("7"), known),
    ),
    Case(
        "unsuppress",
        "customerio",
        [KNOWN, call("suppress", "7"), call("unsuppress", "7"), KNOWN],
        in_turn(
            known,
            lambda client: client.suppress("7"),
            lambda client: client.unsuppress("7"),
            known,
        ),
    ),
    Case(
        "merge",
        "customerio",
        [
            KNOWN,
            call("identify", "other", nickname="o"),
            call("track", "other", "waved"),
            call("merge_customers", "email", "seven@example.com", "id", "other"),
        ],
        in_turn(
            known,
            lambda client: client.identify("other", {"nickname": "o"}),
            lambda client: client.track("other", "waved"),
            lambda client: client.merge(Email("seven@example.com"), "other"),
        ),
    ),
    Case(
        "segments",
        "node",
        [
            KNOWN_NODE,
            call("identify", "8", {"plan": "gold"}),
            call("addCustomersToSegment", 3, ["7", "8"]),
            call("removeCustomersFromSegment", 3, ["8"]),
        ],
        in_turn(
            known,
            lambda client: client.identify("8", {"plan": "gold"}),
            lambda client: client.add_to_segment(3, ["7", "8"]),
            lambda client: client.remove_from_segment(3, ["8"]),
        ),
    ),
    Case(
        "a form",
        "node",
        [call("submitForm", "contact", {"id": "7", "colour": "blue"})],
        lambda client: client.submit_form("contact", "7", {"colour": "blue"}),
    ),
    Case(
        "a metric",
        "node",
        [call("reportMetric", {"delivery_id": "d-1", "metric": "opened", "timestamp": SECONDS})],
        lambda client: client.report_metric("d-1", "opened", timestamp=AT),
    ),
    Case(
        "unsubscribe from a delivery",
        "node",
        [call("unsubscribe", "d-2")],
        lambda client: client.unsubscribe("d-2"),
    ),
    Case(
        "an object with somebody in it",
        "node",
        [
            KNOWN_NODE,
            call(
                "entity",
                {
                    "type": "object",
                    "action": "identify",
                    "identifiers": {"object_type_id": "1", "object_id": "acme"},
                    "attributes": {"name": "Acme"},
                    "cio_relationships": [{"identifiers": {"id": "7"}}],
                },
            ),
        ],
        in_turn(
            known,
            lambda client: client.identify_object(
                ObjectId("1", "acme"), {"name": "Acme"}, people=["7"]
            ),
        ),
    ),
]


@pytest.fixture(scope="module")
def theirs() -> Iterator[Emulator]:
    with Emulator(clock=lambda: SECONDS) as running:
        yield running


@pytest.fixture(scope="module")
def mine() -> Iterator[Emulator]:
    with Emulator(clock=lambda: SECONDS) as running:
        yield running


@pytest.fixture(scope="module")
def client(mine: Emulator) -> Iterator[Client]:
    env = mine.env
    account = Account(
        site_id=env["CUSTOMERIO_SITE_ID"],
        track_api_key=env["CUSTOMERIO_TRACK_API_KEY"],
        track_url=mine.tls_url,
    )
    with Client(account, http=Http(ca=mine.ca_bundle)) as made:
        yield made


@pytest.fixture
def vendor(
    request: pytest.FixtureRequest,
    theirs: Emulator,
    drive: Callable[..., dict[str, Any]],
    script: Callable[[str], str],
) -> Callable[[Case], None]:
    """Make the vendor's calls of a case."""

    def run(case: Case) -> None:
        env = theirs.env
        place = [theirs.tls_url, env["CUSTOMERIO_SITE_ID"], env["CUSTOMERIO_TRACK_API_KEY"]]
        if case.client == "node":
            node: str = request.getfixturevalue("node")
            modules: Path = request.getfixturevalue("node_modules")
            command = [node, script("call_node.mjs"), str(modules), *place]
        else:
            python: Path = request.getfixturevalue("python_with")("customerio")
            command = [str(python), script("call_customerio.py"), *place]
        assert drive(command, env, json.dumps(case.calls)) == {"calls": len(case.calls)}

    return run


def comparable(value: Any, *, stamped: bool, within: str = "") -> Any:
    """Return *value* without what differs by nature."""
    if isinstance(value, list):
        return [comparable(each, stamped=stamped, within=within) for each in value]
    if not isinstance(value, dict):
        return value
    without = BY_EMULATOR | (BY_SENDER if within == "events" and not stamped else set())
    return {
        key: comparable(each, stamped=stamped, within=key)
        for key, each in value.items()
        if key not in without
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_clients_leave_the_same_state(
    case: Case,
    vendor: Callable[[Case], None],
    client: Client,
    theirs: Emulator,
    mine: Emulator,
    state_of: Callable[[str], Any],
) -> None:
    """Whoever says it, Customer.io knows the same afterwards."""
    before, after = state_of(theirs.url), state_of(mine.url)
    before.reset()
    after.reset()

    vendor(case)
    case.ours(client)

    expected = comparable(before.everything(), stamped=case.stamped)
    assert any(expected.values()) or case.name == "delete"
    assert comparable(after.everything(), stamped=case.stamped) == expected
