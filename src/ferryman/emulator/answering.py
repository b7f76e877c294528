"""How the APIs answer: a request, taken apart, becomes an answer and the acts to apply.

Whether Customer.io accepts something depends on what is said, not on what it holds (it says 200
to a conflict, too), so this is pure and knows no world. Limits and codes follow
https://docs.customer.io/integrations/api/track/ and, for Pipelines,
https://docs.customer.io/integrations/api/cdp/ .
"""

from collections.abc import Callable
from decimal import Decimal, DecimalException
from typing import Any, Final

import msgspec

from ferryman.emulator import answers, app_api, pipelines, track_v2
from ferryman.emulator.access import Workspace
from ferryman.emulator.acts import AnyAct, SubmitForm
from ferryman.emulator.answers import Answer
from ferryman.emulator.faults import REFUSED
from ferryman.emulator.reading import InvalidItem, JsonObject, an_object, optional_object
from ferryman.emulator.routes import Route

# The vendor's own clients take 32 KB as 32 << 10 and stay below 500,000 bytes a batch.
MAX_ITEM_BYTES: Final = 32 << 10
MAX_BATCH_BYTES: Final = 500_000

Refuse = Callable[[], bool]


class _Batch(msgspec.Struct):
    batch: list[msgspec.Raw]
    context: dict[str, Any] | None = None


# Numbers keep their digits: 29.90 stays 29.90 in every sum and listing.
_decode: Final = msgspec.json.Decoder(float_hook=Decimal).decode
_decode_batch: Final = msgspec.json.Decoder(_Batch, float_hook=Decimal).decode
# The last for a number whose exponent no Decimal has.
_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeError, RecursionError, DecimalException)


class Asked(msgspec.Struct, frozen=True):
    """A request to one of the APIs, its credentials already checked."""

    route: Route
    values: dict[str, str]
    body: bytes
    json: bool = True
    strict: bool = False
    at: int = 0
    """The moment in Unix seconds."""
    serial: int = 1
    """Which message of the workspace this is, if it is one."""


class Said(msgspec.Struct, frozen=True):
    """What the answer is, what is to be applied, and how many items were said and refused."""

    answer: Answer
    acts: tuple[AnyAct, ...] = ()
    items: int = 1
    refused: int = 0


def respond(asked: Asked, workspace: Workspace, origin: str, refuse: Refuse | None = None) -> Said:
    """Answer a request; *refuse* says of each item of a Track batch whether to refuse it."""
    match asked.route.does:
        case "region":
            region = {"url": origin, "region": "us", "environment_id": workspace.environment_id}
            return Said(answers.of_json(200, region), items=0)
        case "entity":
            return _entity(asked)
        case "batch":
            return _batch(asked, refuse)
        case "message":
            return _message(asked)
        case "messages":
            return _messages(asked)
        case "send":
            return _send(asked)
        case "trigger":
            return _trigger(asked)
        case _:
            return _v1(asked)


def _v1(asked: Asked) -> Said:
    try:
        _fits(asked.body, MAX_BATCH_BYTES, "request")
        if asked.route.path.startswith("/unsubscribe/") and not asked.json:
            raise InvalidItem("invalid", "content-type", "content-type must be application/json")
        act = asked.route.reader(asked.values, _object(asked.body))
    except InvalidItem as wrong:
        if asked.route.does == "merge":
            return Said(answers.error(400, wrong.message), refused=1)
        return Said(answers.errors(400, [wrong.message]), refused=1)
    if asked.route.does != "form":
        return Said(answers.OK, (act,))
    if isinstance(act, SubmitForm) and act.person is None:
        # "You'll receive a 400, but we'll still add your form".
        wanted = "data must hold exactly one of email, id"
        return Said(answers.errors(400, [wanted]), (act,), refused=1)
    return Said(answers.NO_CONTENT, (act,))


def _entity(asked: Asked) -> Said:
    # What a breach of the byte limits gives is not documented: 400 is the emulator's choice,
    # since no other refusal is declared for these endpoints.
    try:
        _fits(asked.body, MAX_ITEM_BYTES, "request")
        return Said(answers.OK, (track_v2.read(_value(asked.body)),))
    except InvalidItem as wrong:
        return Said(answers.item_errors(400, [(None, wrong)]), refused=1)


def _batch(asked: Asked, refuse: Refuse | None) -> Said:
    try:
        _fits(asked.body, MAX_BATCH_BYTES, "batch")
        items = _items(asked.body).batch
    except InvalidItem as error:
        return Said(answers.item_errors(400, [(None, error)]), items=0, refused=1)
    found: list[AnyAct] = []
    wrong: list[tuple[int | None, InvalidItem]] = []
    for index, raw in enumerate(items):
        try:
            _fits(raw, MAX_ITEM_BYTES, "item")
            act = track_v2.read(_value(raw))
        except InvalidItem as error:
            wrong.append((index, error))
            continue
        if refuse is not None and refuse():
            wrong.append((index, REFUSED))
        else:
            found.append(act)
    answer = answers.item_errors(207, wrong) if wrong else answers.OK
    return Said(answer, tuple(found), items=len(items), refused=len(wrong))


def _message(asked: Asked) -> Said:
    try:
        _fits(asked.body, MAX_ITEM_BYTES, "request")
        return Said(answers.OK, pipelines.read(_value(asked.body), asked.route.reader))
    except InvalidItem as wrong:
        return _unlike(asked, [wrong], (), 1)


def _messages(asked: Asked) -> Said:
    try:
        _fits(asked.body, MAX_BATCH_BYTES, "batch")
        batch = _items(asked.body)
        context = optional_object(batch.context, "context")
    except InvalidItem as error:
        return _unlike(asked, [error], (), 0)
    found: list[AnyAct] = []
    wrong: list[InvalidItem] = []
    for raw in batch.batch:
        try:
            _fits(raw, MAX_ITEM_BYTES, "message")
            found.extend(pipelines.read(_value(raw), context=context))
        except InvalidItem as error:
            wrong.append(error)
    if wrong:
        return _unlike(asked, wrong, tuple(found), len(batch.batch))
    return Said(answers.OK, tuple(found), items=len(batch.batch))


def _send(asked: Asked) -> Said:
    try:
        act = app_api.read_send(asked.route.reader, _object(asked.body), asked.serial)
    except InvalidItem as wrong:
        status = 413 if isinstance(wrong, app_api.TooLarge) else 400
        return Said(answers.error(status, wrong.message, answers.APP_HEADERS), refused=1)
    said: dict[str, object] = {"delivery_id": act.id, "queued_at": asked.at}
    if act.send_at is not None and act.send_at > asked.at:
        said["send_at"] = act.send_at
    return Said(answers.of_json(200, said, answers.APP_HEADERS), (act,))


def _trigger(asked: Asked) -> Said:
    broadcast = asked.values["broadcast_id"]
    if not (broadcast.isascii() and broadcast.isdecimal()):
        return Said(answers.app_error(404, "There is no such broadcast"), refused=1)
    try:
        act = app_api.read_trigger(broadcast, _object(asked.body), asked.serial)
    except InvalidItem as wrong:
        return Said(answers.app_error(422, wrong.message), refused=1)
    return Said(answers.of_json(200, {"id": asked.serial}, answers.APP_HEADERS), (act,))


def _unlike(asked: Asked, wrong: list[InvalidItem], acts: tuple[AnyAct, ...], items: int) -> Said:
    # Without X-Strict-Mode what is wrong is lost behind a 200. With it the answer is a 400; that
    # nothing of the request is applied then is the emulator's choice.
    if asked.strict:
        messages = [error.message for error in wrong]
        return Said(answers.errors(400, messages), items=items, refused=max(items, 1))
    return Said(answers.OK, acts, items=items, refused=len(wrong))


def _fits(body: bytes | msgspec.Raw, limit: int, what: str) -> None:
    if len(memoryview(body)) > limit:
        raise InvalidItem("too_large", "", f"The {what} is larger than {limit} bytes")


def _value(body: bytes | msgspec.Raw) -> object:
    try:
        return _decode(body)
    except _UNREADABLE:
        raise InvalidItem("malformed", "", "The body is not valid JSON") from None


def _object(body: bytes) -> JsonObject:
    return an_object(_value(body), "body") if body.strip() else {}


def _items(body: bytes) -> _Batch:
    try:
        batch = _decode_batch(body)
    except _UNREADABLE:
        message = "The body must be valid JSON, an object that holds an array named batch"
        raise InvalidItem("malformed", "batch", message) from None
    if not batch.batch:
        raise InvalidItem("required", "batch", "batch must hold at least one item")
    return batch
