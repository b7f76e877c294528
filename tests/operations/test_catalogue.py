"""The catalogue, the functions and the methods are one list, said once."""

import functools
import inspect
import operator
from typing import Any, get_overloads

import pytest

from ferryman import AsyncClient, AsyncOutbox, Client, Outbox, Repeat, operations
from ferryman._core.message import ENTITY_PATH, Endpoint
from ferryman.operations import CATALOGUE
from ferryman.operations.catalogue import PACES, ROWS
from ferryman.operations.pipelines.speaking import Pipelines

FUNCTIONS = {name for name in operations.__all__ if name[0].islower()} - {"pipelines"}
PIPELINES = {f"pipelines.{name}" for name in operations.pipelines.__all__}
WITHOUT_FUNCTION = {"track_anonymous"}  # what track says of an Anonymous person
BY_HAND = {"track", "identify"}  # overloads that a descriptor would collapse
WRITES = {name for name in FUNCTIONS if CATALOGUE[name].writes}
SPEAKERS: tuple[type[Any], ...] = (Client, AsyncClient, Outbox, AsyncOutbox)


def parameters(function: Any) -> list[tuple[str, Any, Any]]:
    found = inspect.signature(function).parameters.values()
    return [(p.name, p.kind, p.default) for p in found if p.name != "self"]


def test_every_row_has_its_function_and_every_function_its_row() -> None:
    """What the catalogue lists can be said, and what can be said is listed."""
    assert set(CATALOGUE) - WITHOUT_FUNCTION == FUNCTIONS | PIPELINES


def test_no_row_hides_another() -> None:
    """Each name stands once."""
    assert len(CATALOGUE) == len(ROWS)


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_everybody_says_every_write(speaker: type[Any]) -> None:
    """Every write is a method of clients and outboxes; questions are the clients' alone."""
    methods = {name for name in FUNCTIONS if hasattr(speaker, name)}

    asks = speaker in (Client, AsyncClient)
    assert methods == WRITES | ({"region"} if asks else set())


@pytest.mark.parametrize("speaker", SPEAKERS)
@pytest.mark.parametrize("name", sorted(WRITES - BY_HAND))
def test_a_method_has_the_functions_signature_and_docstring(speaker: type[Any], name: str) -> None:
    """Signature and docstring of a method are the function's own, in every colour."""
    method, function = getattr(speaker, name), getattr(operations, name)

    assert inspect.signature(method.__wrapped__) == inspect.signature(function)
    assert inspect.getdoc(method) == inspect.getdoc(function)


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_identify_takes_what_the_operation_takes(speaker: type[Any]) -> None:
    """The hand-written identify has the operation's parameters in every colour."""
    assert parameters(speaker.identify) == parameters(operations.identify)


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_track_passes_on_what_the_operation_takes(speaker: type[Any]) -> None:
    """The hand-written track has overloads with the operation's names in every colour."""
    names = {name for name, *_ in parameters(operations.track)}
    said = {n for each in get_overloads(speaker.track) for n, *_ in parameters(each)}

    assert said == names


@pytest.mark.parametrize("name", sorted(FUNCTIONS | PIPELINES))
def test_every_docstring_cites_its_page(name: str) -> None:
    """A public docstring is one imperative sentence, more, and the page that it follows."""
    text = inspect.getdoc(operator.attrgetter(name)(operations)) or ""

    assert "https://docs.customer.io/" in text
    assert text.split("\n\n")[0].rstrip()[-1] in ".:"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_says_why_it_may_be_repeated_or_not(row: Endpoint) -> None:
    """A row names its reason and its page, and a path that is a path."""
    assert row.why
    assert row.docs.startswith("https://docs.customer.io/")
    assert row.path.startswith("/")
    assert row.method in {"GET", "POST"}


SENDS = {name for name in CATALOGUE if name.startswith("send_")} | {"trigger_broadcast"}
ONCE = {
    *("merge", "report_push", "submit_form", "report_metric", "report_push_event"),
    *("pipelines.report_delivery", *SENDS),
}
DEDUPLICATED = {
    *("track", "page", "screen", "track_anonymous", "invite"),
    *("pipelines.track", "pipelines.page", "pipelines.screen"),
}


def test_the_table_of_repeats() -> None:
    """Events carry an id, forms, metrics, merges and sends go once, the rest is repeated."""
    found = {kind: {r.name for r in ROWS if r.repeat is kind} for kind in Repeat}

    assert found == {
        Repeat.ONCE: ONCE,
        Repeat.DEDUPLICATED: DEDUPLICATED,
        Repeat.SAME: set(CATALOGUE) - ONCE - DEDUPLICATED,
    }


def test_barriers_are_those_of_the_delivery_rules() -> None:
    """Delete, suppress, unsuppress and merge, and deleting an object, are barriers."""
    barriers = {row.name for row in ROWS if row.barrier}

    assert barriers == {
        *("delete", "suppress", "unsuppress", "merge", "delete_object"),
        *("pipelines.delete", "pipelines.suppress", "pipelines.unsuppress"),
        "pipelines.delete_object",
    }


def test_three_endpoints_need_no_key() -> None:
    """Only what the specification declares open is sent without credentials."""
    opened = {row.name for row in ROWS if not row.authenticated}

    assert opened == {"report_metric", "report_push_event", "unsubscribe"}


def test_what_v2_can_say_goes_through_v2() -> None:
    """Only what Track v2 has no words for goes through v1."""
    by_v1 = {row.name for row in ROWS if row.api == "track" and row.path != ENTITY_PATH}

    assert by_v1 == {
        *("track_anonymous", "invite", "submit_form", "add_to_segment", "remove_from_segment"),
        *("report_metric", "report_push_event", "unsubscribe", "region"),
    }


def test_the_route_of_a_row_is_its_apis_batch() -> None:
    """Track v2 and Pipelines share requests, each its own; nothing else shares any."""
    routes = {row.name: row.route for row in ROWS}

    assert {name for name, route in routes.items() if route == "pipelines"} == PIPELINES
    assert {name for name, route in routes.items() if route == "track"} == {
        row.name for row in ROWS if row.path == ENTITY_PATH
    }


def test_every_row_counts_against_a_limit_that_is_known() -> None:
    """Each row names a rate of the table, sends and broadcasts their own."""
    paces = {row.name: row.pace for row in ROWS}

    assert set(paces.values()) <= set(PACES)
    assert {name for name, pace in paces.items() if pace in ("send", "broadcast")} == SENDS
    assert paces["trigger_broadcast"] == "broadcast"
    assert {paces[name] for name in PIPELINES} == {"pipelines"}


@pytest.mark.parametrize("speaker", SPEAKERS)
@pytest.mark.parametrize("name", operations.pipelines.__all__)
def test_everybody_says_everything_of_pipelines(speaker: type[Any], name: str) -> None:
    """The namespace of every speaker has each function, with its signature and docstring."""
    method = getattr(Pipelines, name)
    function = getattr(operations.pipelines, name)

    assert isinstance(inspect.getattr_static(speaker, "pipelines"), functools.cached_property)
    if name in BY_HAND:
        said = {n for each in get_overloads(method) for n, *_ in parameters(each)}
        assert said == {n for n, *_ in parameters(function)}
    else:
        assert method.__wrapped__ is function
        assert inspect.getdoc(method) == inspect.getdoc(function)
