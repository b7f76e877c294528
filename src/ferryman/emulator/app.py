"""The emulator as an ASGI application: reads a request, lets `emulation` answer, sends it.

Applying is synchronous, inside the event loop, one request at a time; only reading, faults that
delay, and sending wait. Nothing here knows what Customer.io answers.
"""

import asyncio
import time
import zlib
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ferryman.emulator import answers, control
from ferryman.emulator.answering import Asked
from ferryman.emulator.answers import Answer
from ferryman.emulator.desk import Desk
from ferryman.emulator.emulation import Emulation
from ferryman.emulator.faults import Chance, Fault
from ferryman.emulator.routes import Route, match
from ferryman.emulator.traffic import Entry

# Far above every limit of the APIs: what is larger is not read to its end.
MAX_BODY_BYTES: Final = 8 << 20
DROP_EXTENSION: Final = "ferryman.drop"


class _Unreadable(Exception):
    """The body is too large, or not what its content-encoding says."""


class _Outcome(NamedTuple):
    """What a request came to; no answer means that the connection is dropped."""

    answer: Answer | None
    desk: Desk | None = None
    items: int = 0
    rejected: int = 0


class App:
    """Serve an `Emulation` over HTTP."""

    def __init__(self, emulation: Emulation, clock: Callable[[], float] = time.time) -> None:
        self.emulation: Final = emulation
        self._clock: Final = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise RuntimeError(f"The emulator serves http only, not {scope['type']}")
        request = Request(scope, receive)
        try:
            body = await _read(request)
        except ClientDisconnect:
            return
        path = scope["raw_path"].decode("ascii", "replace")
        if control.is_control(path):
            answer: Answer | None = self._control(request, path, body)
        else:
            answer = await self._api(request, path, body)
        if answer is None:
            await _drop(scope, receive)
        else:
            await _response(answer, request.method)(scope, receive, send)

    def _control(self, request: Request, path: str, body: bytes | _Unreadable) -> Answer:
        query = dict(request.query_params)
        raw = b"" if isinstance(body, _Unreadable) else body
        knock = control.Knock(request.method, path, query, dict(request.headers), raw)
        return control.answer(self.emulation, knock)

    async def _api(self, request: Request, path: str, body: bytes | _Unreadable) -> Answer | None:
        found = match(request.method, path)
        batch = found is not None and found[0].does == "batch"
        drawn = self.emulation.faults.draw(path, batch=batch)
        fault = drawn[0] if drawn else None
        if fault is not None and fault.delay:
            await asyncio.sleep(fault.delay)
        at = round(self._clock(), 3)
        if fault is not None and fault.drop == "before":
            outcome = _Outcome(None)
        elif fault is not None and fault.status is not None:
            outcome = _Outcome(_fault_answer(fault), rejected=1)
        elif found is None:
            outcome = _Outcome(answers.NOT_FOUND, rejected=1)
        elif isinstance(body, _Unreadable):
            outcome = _Outcome(answers.errors(400, [str(body)]), rejected=1)
        else:
            outcome = self._perform(request, *found, body, at, drawn)
        answer = None if fault is not None and fault.drop else outcome.answer
        entry = Entry(
            at=at,
            method=request.method,
            path=path,
            status=answer.status if answer else 0,
            bytes=0 if isinstance(body, _Unreadable) else len(body),
            items=outcome.items,
            fault=msgspec.json.encode(fault).decode() if fault else "",
        )
        desk = outcome.desk or self.emulation.first
        is_batch = found is not None and found[0].does in ("batch", "messages")
        desk.traffic.note(entry, batch=is_batch, rejected=outcome.rejected)
        return answer

    def _perform(
        self,
        request: Request,
        route: Route,
        values: dict[str, str],
        body: bytes,
        at: float,
        drawn: tuple[Fault, Chance] | None,
    ) -> _Outcome:
        strict = request.headers.get("x-strict-mode") == "1"
        desk = self.emulation.admit(route.api, request.headers.get("authorization", ""))
        if desk is None and route.open:
            # Nothing in these requests says which workspace a delivery belongs to.
            desk = self.emulation.first
        if desk is None and route.api == "app":
            return _Outcome(answers.UNAUTHORIZED_APP, rejected=1)
        if desk is None and route.api == "track":
            return _Outcome(answers.UNAUTHORIZED_TRACK, rejected=1)
        if desk is None:
            return _Outcome(answers.UNAUTHORIZED if strict else answers.OK, rejected=1)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        asked = Asked(
            route=route,
            values={**request.query_params, **values},
            body=body,
            json=kind == "application/json",
            strict=strict,
            at=int(at),
            serial=len(desk.world.state.messages) + 1,
        )
        origin = f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}"
        refuse: Callable[[], bool] | None = None
        if drawn is not None and drawn[0].partial is not None:
            share, chance = drawn[0].partial, drawn[1]
            refuse = lambda: chance() < share  # noqa: E731 -- one use, named for what it asks
        said = self.emulation.perform(desk, asked, at=at, origin=origin, refuse=refuse)
        return _Outcome(said.answer, desk, said.items, said.refused)


def _fault_answer(fault: Fault) -> Answer:
    headers = dict(answers.API_HEADERS)
    if fault.retry_after is not None:
        headers["retry-after"] = f"{fault.retry_after:g}"
    return answers.error(fault.status or 500, "Refused on purpose by a fault", headers)


async def _read(request: Request) -> bytes | _Unreadable:
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > MAX_BODY_BYTES:
            pieces.clear()  # read on, so that the answer finds its reader, but keep nothing
        else:
            pieces.append(piece)
    if size > MAX_BODY_BYTES:
        return _Unreadable("The request is too large")
    body = b"".join(pieces)
    if request.headers.get("content-encoding", "").lower() != "gzip":
        return body
    return _unzip(body)


def _unzip(body: bytes) -> bytes | _Unreadable:
    unzip = zlib.decompressobj(wbits=31)
    try:
        plain = unzip.decompress(body, MAX_BODY_BYTES)
    except zlib.error:
        return _Unreadable("The body is not gzip, though its content-encoding says so")
    if not unzip.eof:
        return _Unreadable("The gzip body is cut short or too large")
    return plain


def _response(answer: Answer, method: str) -> Response:
    body = b"" if method == "HEAD" else answer.body
    return Response(body, answer.status, dict(answer.headers))


async def _drop(scope: Scope, receive: Receive) -> None:
    extension = scope.get("extensions", {}).get(DROP_EXTENSION)
    if extension is None:
        raise ConnectionResetError("A fault drops this connection")
    extension["abort"]()
    # The server must have seen the connection go, or it answers 500 in our place.
    while (await receive())["type"] != "http.disconnect":
        pass
