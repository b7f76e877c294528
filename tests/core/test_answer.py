"""Every envelope that Customer.io answers with, and what else can stand in its place."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferryman._core.answer import Failed, Ok, broken, details, failure, parsed, read
from ferryman._core.message import NoReply, Reply
from ferryman.errors import (
    BadRequest,
    Detail,
    Forbidden,
    NotFound,
    RateLimited,
    Refused,
    ServerError,
    TooLarge,
    Unauthorized,
    Undelivered,
    Unreachable,
)
from ferryman.operations import delete, region

HTML = b"<!DOCTYPE html><html><title>Page Not Found | Customer.io</title></html>"
HTML_TYPE = {"content-type": "text/html; charset=utf-8"}


def error_of(reply: Reply | NoReply) -> Undelivered | None:
    return failure(reply, operation="track", now=0.0)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            {"meta": {"error": "Unauthorized request"}}, [("Unauthorized request",)], id="E1"
        ),
        pytest.param({"meta": {"errors": ["one", "two"]}}, [("one",), ("two",)], id="E2"),
        pytest.param(
            {"errors": [{"reason": "required", "field": "name", "message": "is missing"}]},
            [("is missing", "required", "name")],
            id="E3",
        ),
        pytest.param(
            {"errors": [{"batch_index": 3, "reason": "invalid", "field": "type", "message": "no"}]},
            [("no", "invalid", "type", "", 3)],
            id="E4",
        ),
        pytest.param(
            {
                "errors": [
                    {
                        "detail": "rate limited (reference a1b2c3)",
                        "status": "429",
                        "code": "too_many",
                        "source": {"pointer": "/data/attributes/x"},
                        "meta": {},
                    }
                ]
            },
            [("rate limited (reference a1b2c3)", "429", "/data/attributes/x", "too_many")],
            id="E5",
        ),
        pytest.param({"code": "c", "message": "m"}, [("m", "", "", "c")], id="E7"),
        pytest.param({"error": "plain"}, [("plain",)], id="error"),
        pytest.param({"errors": "text"}, [("text",)], id="errors-text"),
        pytest.param({"meta": {"errors": "text"}}, [("text",)], id="E2-text"),
        pytest.param({"meta": {"error": {"message": "m"}}}, [("m",)], id="E1-object"),
    ],
)
def test_every_envelope_gives_its_reasons(
    content: object, expected: list[tuple[object, ...]]
) -> None:
    """A refusal in any envelope gives the reasons it holds, each part in its place."""
    found = details(content)

    assert found == tuple(Detail(*each) for each in expected)


@pytest.mark.parametrize(
    "content",
    [
        *({}, [], [1], None, True, 0, "x", {"errors": None}, {"errors": []}, {"errors": {}}),
        *({"meta": None}, {"meta": []}, {"meta": {"error": None}}, {"meta": {"errors": None}}),
        *(
            {"meta": {"errors": []}},
            {"exports": None},
            {"results": []},
            {"code": "c"},
            {"error": {}},
        ),
    ],
)
def test_null_lists_and_other_bodies_hold_no_reasons(content: object) -> None:
    """A null list is an empty one, and a body that is no envelope gives no reason."""
    found = details(content)

    assert found == ()


@pytest.mark.parametrize("junk", [None, 7, [], [[[]]], {"a": 1}, {"message": {"a": [1]}}, "x", 1.5])
def test_junk_inside_an_envelope_still_says_that_something_was_refused(junk: object) -> None:
    """An entry of another shape is one reason all the same, so that a refusal is not lost."""
    found = details({"errors": [junk]})

    assert len(found) == 1
    assert isinstance(found[0].message, str)
    assert found[0].batch_index is None


@pytest.mark.parametrize("index", ["0", 0.0, True, None, [0]])
def test_only_whole_numbers_name_an_item(index: object) -> None:
    """A batch_index that is no whole number names no item."""
    found = details({"errors": [{"batch_index": index, "message": "m"}]})

    assert found[0].batch_index is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((400, BadRequest), (401, Unauthorized), (403, Forbidden), (404, NotFound)),
        *((405, BadRequest), (408, BadRequest), (409, BadRequest), (413, TooLarge)),
        *((418, BadRequest), (422, BadRequest), (425, BadRequest), (429, RateLimited)),
        *((500, ServerError), (501, ServerError), (503, ServerError), (521, ServerError)),
        (599, ServerError),
    ],
)
@pytest.mark.parametrize("body", [b"", b"{}", b'{"meta":{"error":"x"}}', b"null", b"no json"])
def test_a_status_has_its_error_whatever_the_body(
    status: int, kind: type[Refused], body: bytes
) -> None:
    """Each status gives the error of the tree's name, with an empty body (E8) or another."""
    error = error_of(Reply(status, {}, body))

    assert type(error) is kind
    assert isinstance(error, Refused)
    assert error.status == status
    assert error.operation == "track"


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"{}\n", b"null", b"[]", b'"x"', b"0", b'{"errors":null}', b'{"errors":[]}'],
)
@pytest.mark.parametrize("status", [200, 201, 202, 204, 207])
def test_a_success_without_errors_is_a_success(status: int, body: bytes) -> None:
    """Any JSON on 2xx that holds no errors is a success, and so is no body at all."""
    error = error_of(Reply(status, {"content-type": "application/json"}, body))

    assert error is None


@pytest.mark.parametrize("status", [200, 207])
def test_a_success_that_carries_errors_is_none(status: int) -> None:
    """A 200 or 207 with errors is a refusal with its reasons."""
    error = error_of(Reply(status, {}, b'{"errors":[{"reason":"invalid","message":"m"}]}'))

    assert isinstance(error, BadRequest)
    assert error.status == status
    assert error.details == (Detail("m", "invalid"),)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(200, HTML_TYPE, HTML), "HTML"),
        (Reply(200, {"content-type": "Text/HTML"}, b"hello"), "HTML"),
        (Reply(200, {}, b"\n  <html>"), "HTML"),
        (Reply(404, HTML_TYPE, HTML), "HTML"),
        (Reply(200, {}, b'{"meta":'), "not JSON"),
        (Reply(207, {}, b'{"errors":[{"batch_index":0'), "not JSON"),
        (Reply(200, {}, b"OK"), "not JSON"),
        (Reply(200, {}, b"\xff\xfe"), "not JSON"),
        (Reply(200, {}, b"[" * 100_000), "not JSON"),
        (Reply(302, {}, b""), "redirect"),
        (Reply(304, {"location": "/"}, b""), "redirect"),
    ],
)
def test_what_cannot_be_customerio_is_a_broken_destination(reply: Reply, why: str) -> None:
    """HTML or cut JSON where an answer belongs blames the destination, not the operation."""
    error = error_of(reply)

    assert why in broken(reply)
    assert isinstance(error, ServerError)
    assert error.status == reply.status


@pytest.mark.parametrize(
    "reply",
    [
        Reply(502, HTML_TYPE, HTML),
        Reply(400, HTML_TYPE, HTML),
        Reply(404, {"content-type": "application/json"}, b'{"errors":[{"detail":"unknown"}]}'),
        Reply(404, {}, b""),
    ],
)
def test_a_refusal_with_a_page_keeps_its_status(reply: Reply) -> None:
    """HTML on a refusal that is not a 404, and a 404 in JSON, say what their status says."""
    found = broken(reply)

    assert found == ""


def test_the_reference_is_found_in_header_and_text() -> None:
    """The reference for the support comes from x-request-id, else from an error's text."""
    text = b'{"errors":[{"detail":"rate limited to 10 requests per 1s (reference a1b2c3)"}]}'
    by_text, by_header = (
        error_of(Reply(429, {}, text)),
        error_of(Reply(500, {"x-request-id": "r-1"})),
    )

    assert isinstance(by_text, Refused)
    assert isinstance(by_header, Refused)
    assert (by_text.request_id, by_header.request_id) == ("a1b2c3", "r-1")


@pytest.mark.parametrize("sent", [False, None])
def test_no_answer_says_whether_it_was_sent(sent: bool | None) -> None:
    """Unreachable says whether the request certainly never arrived."""
    error = error_of(NoReply(False if sent is False else None, "ConnectError"))

    assert isinstance(error, Unreachable)
    assert error.sent is sent
    assert ("was not sent" in str(error)) is (sent is False)


def test_only_names_of_our_own_wire_stand_in_the_text() -> None:
    """A field of ours is named in the text; what else stands where a field belongs is not."""
    body = {"errors": [{"field": "name", "message": "m"}, {"field": "jane_doe", "message": "m"}]}
    error = error_of(Reply(400, {}, json.dumps(body).encode()))

    assert "(field: name)" in str(error)
    assert "jane_doe" not in str(error)


@pytest.mark.parametrize(
    ("reasons", "text"),
    [
        ([{"field": "attributes", "message": "is invalid"}], "(attributes: is invalid)"),
        ([{"field": "name", "reason": "required"}], "(name: required)"),
        ([{"field": "name", "message": "name is required"}], "(name is required)"),
        ([{"field": "identifiers.id", "reason": "too_long"}], "(identifiers.id: too_long)"),
        ([{"source": {"pointer": "/data/attributes"}, "code": "x"}], "(field: data.attributes)"),
        ([{"reason": "invalid", "message": "jane is invalid"}], "(invalid)"),
        ([{"field": "attributes.jane", "message": "invalid"}], "(invalid)"),
        ([{"field": "id", "message": "id 00042 is invalid"}], "(field: id)"),
        ([{"message": "Jane"}, {"message": "jane@x.io is invalid"}], "valid"),
        ([{"message": "is invalid"}] * 5, "(is invalid)"),
        (
            [{"field": f, "reason": "required"} for f in ("id", "name", "type", "email", "phone")],
            "(id: required; name: required; type: required; and 2 more)",
        ),
        ("Unauthorized request", "(Unauthorized request)"),
    ],
)
def test_a_reason_is_told_in_fixed_words(reasons: object, text: str) -> None:
    """Customer.io's reason stands in the text when all of its words are fixed ones, else not."""
    error = error_of(Reply(400, {}, json.dumps({"errors": reasons}).encode()))

    assert str(error).endswith(text)
    assert not {"jane", "00042"} & set(str(error).lower().replace("@", " ").split())


MARKER = "MarkerOfAPerson"
marked = st.recursive(
    st.sampled_from([MARKER, f"{MARKER} is refused", None, 1, True]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                *[
                    [
                        "errors",
                        "meta",
                        "error",
                        "message",
                        "detail",
                        "field",
                        "reason",
                        "code",
                        MARKER,
                    ]
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    status=st.integers(200, 599),
    content=st.fixed_dictionaries({}, optional={"errors": marked, "meta": marked, "code": marked})
    | marked,
    kind=st.sampled_from(["application/json", "text/html", MARKER]),
)
def test_no_error_quotes_what_was_answered(status: int, content: object, kind: str) -> None:
    """Whatever an answer holds, neither the text nor the repr of the error holds any of it."""
    headers = {"content-type": kind, "location": f"https://x/{MARKER}", "x-request-id": MARKER}
    error = error_of(Reply(status, headers, json.dumps(content).encode()))

    assert MARKER not in f"{error} {error!r}"


@given(body=st.binary(max_size=200), status=st.integers(200, 599))
def test_any_bytes_can_be_read(body: bytes, status: int) -> None:
    """Reading an answer never raises, whatever its bytes."""
    reply = Reply(status, {}, body)
    error = error_of(reply)

    assert error is None or isinstance(error, Refused)
    assert (error is None) <= (status < 300)


@pytest.mark.parametrize("body", [b'{"n": ' + b"1" * 5_000 + b"}", b"[" * 5_000, b"1e999"])
def test_numbers_and_nesting_beyond_reason_are_no_json(body: bytes) -> None:
    """What the decoder refuses is read as no JSON, not raised."""
    found = parsed(body)

    assert found is None


def test_an_outcome_is_a_value_or_an_error() -> None:
    """read gives the value of a success and the error of a failure, raising neither."""
    good = read(
        Reply(200, {}, b'{"region":"eu","url":"https://track-eu.customer.io","environment_id":3}'),
        region(),
        now=0,
    )
    bad = read(Reply(401), delete("1"), now=0)

    assert isinstance(good, Ok)
    assert (good.value.region, good.value.environment_id) == ("eu", 3)
    assert isinstance(bad, Failed)
    assert isinstance(bad.error, Unauthorized)


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b'"x"', b"{}", b'{"region":null,"environment_id":"3"}']
)
def test_a_region_in_another_shape_is_empty(body: bytes) -> None:
    """An answer to region that says nothing of it gives empty facts and raises nothing."""
    found = read(Reply(200, {}, body), region(), now=0)

    assert isinstance(found, Ok)
    assert (found.value.region, found.value.environment_id) == ("", None)
