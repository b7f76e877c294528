"""What each operation puts on the wire, byte for byte of meaning; stamped once, never altered."""

import json
from typing import Any

import pytest

from ferryman import operations
from ferryman._core.message import ENTITY_PATH, Stamp


def test_each_operation_has_its_exact_body(example: Any, stamp: tuple[str, int]) -> None:
    """An operation, stamped, is exactly the JSON that the table says."""
    made = example.make().stamped(*stamp)

    assert (None if made.body is None else json.loads(made.body)) == example.body
    assert made.name == (example.says or example.name)


def test_each_operation_has_its_key_and_place(example: Any) -> None:
    """An operation says whom it is about, where it goes, and whether others may overtake it."""
    made = example.make()

    assert made.key == example.key
    assert (made.path or made.endpoint.path) == (example.path or made.endpoint.path)
    assert made.barrier is example.barrier


def test_a_stamped_operation_is_stamped_once(example: Any, stamp: tuple[str, int]) -> None:
    """A second stamp changes nothing: every repeat is the same bytes."""
    once = example.make().stamped(*stamp)
    twice = once.stamped("01J99999999999999999999999", 1)

    assert twice == once
    assert twice.id


def test_an_operation_shows_its_name_alone(example: Any) -> None:
    """No repr, rich's neither, holds anything of what is said."""
    made = example.make()

    assert repr(made) == f"<Operation {made.name}>"
    assert made.__rich_repr__() == [("name", made.name)]


def test_an_operation_is_a_value(example: Any) -> None:
    """Saying the same twice gives equal values, which are frozen."""
    made = example.make()

    assert made == example.make()
    with pytest.raises(AttributeError):
        made.body = b""


def test_what_is_said_is_encoded_at_the_call() -> None:
    """Later changes of the caller's data change nothing."""
    data = {"items": [1, 2]}
    made = operations.track("1", "x", data=data)
    data["items"].append(3)

    assert b"[1,2]" in (made.body or b"")


def test_an_own_id_and_moment_win() -> None:
    """What the caller gave is kept; only what is missing is stamped."""
    own = "01J00000000000000000000001"
    made = operations.track("1", "x", id=own).stamped("01ARZ3NDEKTSV4RRFFQ69G5FAV", 7)
    body = json.loads(made.body or b"")

    assert (made.id, body["id"]) == (own, own)
    assert (made.at, body["timestamp"]) == (7, 7)


@pytest.mark.parametrize("stamp_", [each for each in Stamp if each is not Stamp.NONE])
def test_only_what_owes_a_stamp_gets_one(stamp_: Stamp, examples: list[Any]) -> None:
    """The catalogue says which operations are stamped, and the operations do as it says."""
    rows = {made.name for example in examples if (made := example.make()).stamp is stamp_}

    track = [row for row in operations.CATALOGUE.values() if row.api == "track"]
    assert rows == {row.name for row in track if row.stamp is stamp_}


def test_of_track_only_v2_shares_requests(example: Any) -> None:
    """What goes to the v2 entity endpoint may be in a batch, and nothing else of Track."""
    made = example.make()

    assert made.endpoint.batches is (made.endpoint.path == ENTITY_PATH)
    assert made.endpoint.batches is (b'"action"' in (made.body or b""))
