"""The tree of errors: what is a kind of what, and that each travels whole."""

import copy
import pickle
from typing import Any

import pytest

from ferryman import errors
from ferryman._core.batch import BatchResult

FACTS: dict[str, Any] = {
    "status": 400,
    "operation": "track",
    "request_id": "r-1",
    "details": [errors.Detail("m", "r", "f", "c", 3)],
}
EXAMPLES: list[errors.FerrymanError] = [
    errors.InvalidOperation("must be str", field="data.x"),
    errors.InvalidOperation("must be str"),
    errors.ConfigurationError("x"),
    errors.Unreachable("x", sent=False, operation="track"),
    *(
        kind("x", **FACTS)
        for kind in (
            *(errors.Refused, errors.BadRequest, errors.Unauthorized, errors.Forbidden),
            *(errors.NotFound, errors.TooLarge, errors.ServerError),
        )
    ),
    errors.RateLimited("x", retry_after=2.5, details=FACTS["details"]),
    errors.ClientClosed("x"),
    *(errors.OutboxFull("x"), errors.OutboxClosed("x"), errors.StoreError("x")),
    errors.FlushTimeout("x", pending=7),
    errors.UnverifiedWebhook("x"),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize(
    "travel", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy]
)
def test_an_error_travels_whole(error: errors.FerrymanError, travel: Any) -> None:
    """An error of a worker process arrives with its text and all its facts."""
    arrived = travel(error)

    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert vars(arrived) == vars(error)


def test_the_part_that_was_done_travels_too() -> None:
    """What a failed batch had done before goes where its error goes."""
    error = errors.BadRequest("x", status=400)
    error.done = BatchResult(3, {1: errors.Detail("m")})
    arrived = pickle.loads(pickle.dumps(error))

    assert arrived.done == error.done


@pytest.mark.parametrize(
    ("kind", "parent"),
    [
        (errors.InvalidOperation, ValueError),
        (errors.Unreachable, errors.Undelivered),
        (errors.Refused, errors.Undelivered),
        (errors.RateLimited, errors.Refused),
        (errors.ClientClosed, errors.FerrymanError),
        (errors.OutboxFull, errors.FerrymanError),
        (errors.UnverifiedWebhook, errors.FerrymanError),
    ],
)
def test_the_tree(kind: type[Exception], parent: type[Exception]) -> None:
    """What is drawn is so: one except clause catches a whole branch."""
    assert issubclass(kind, parent)
    assert issubclass(kind, errors.FerrymanError)


def test_the_drawing_names_every_error() -> None:
    """Every class of the module stands in the drawing, and the drawing names no other."""
    named = {word.strip(",") for word in (errors.__doc__ or "").split() if word[0].isupper()}
    there = {n for n, c in vars(errors).items() if isinstance(c, type) and issubclass(c, Exception)}

    assert there <= named


def test_a_field_is_named_first() -> None:
    """InvalidOperation says the path of the field, then the rule."""
    error = errors.InvalidOperation("must be str", field="data.items[2].price")

    assert str(error) == "data.items[2].price: must be str"
    assert (error.field, error.rule) == ("data.items[2].price", "must be str")
