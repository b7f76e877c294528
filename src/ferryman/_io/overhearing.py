"""Counts what Customer.io took, by event and shape, beside the work of a client or an outbox.

Here lives the reading of our own requests, and the lock around the counts. Here must not live:
what is counted and what is not kept (ferryman.plan.observing).
"""

import os
import tempfile
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from ferryman._core.answer import broken
from ferryman._core.batch import refused_items
from ferryman._core.message import BATCH_PATHS, ENTITY_PATH, Answer, Reply, Request
from ferryman._io import process
from ferryman.operations.pipelines.calls import SAID_OTHERWISE
from ferryman.plan.jsonlike import array_at, object_at
from ferryman.plan.observing import Observed


class Said(NamedTuple):
    """An event with its data or, without a name, the attributes of a person."""

    name: str | None
    data: dict[str, Any]


class Observing:
    """Count the events and attributes that are sent, by their shape and without their values.

    Give it to a client or an outbox among its *observers*: ``observing = Observing();
    Outbox(place, account, observers=(observing,))``. What Customer.io took is counted once it
    answered, on the thread that sent it; saying costs nothing more. :meth:`save` writes the
    counts to a file, which ``ferryman plan observe`` reads.

    With *values*, short texts of which a field has few are kept, unless they look personal.
    Safe to share between threads, clients and outboxes; a forked child counts its own, from 0.
    """

    def __init__(self, *, values: bool = False) -> None:
        self._values = values
        self.renew()
        _LISTENING.add(self)

    def renew(self) -> None:
        """Begin at 0."""
        self._lock = threading.Lock()
        self._observed = Observed(values=self._values)

    def hear(self, request: Request, answer: Answer) -> None:
        """Count what *request* says, where *answer* says that it was taken."""
        heard = list(taken(request, answer))
        if heard:
            with self._lock:
                for name, data in heard:
                    if name is None:
                        self._observed.identify(data)
                    else:
                        self._observed.track(name, data)

    def merge(self, document: bytes) -> None:
        """Add the counts of a *document*; raise InvalidOperation for one of another form."""
        other = Observed.read(document)
        with self._lock:
            self._observed.merge(other)

    def document(self) -> bytes:
        """Return the counts so far as JSON: see :mod:`ferryman.plan.observed_form`."""
        with self._lock:
            return self._observed.document()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the counts so far to the file *path*, in one step; raise OSError."""
        place = Path(path)
        with tempfile.NamedTemporaryFile(
            dir=place.parent, prefix=f".{place.name}.", delete=False
        ) as file:
            file.write(self.document() + b"\n")
        Path(file.name).replace(place)


def taken(request: Request, answer: Answer) -> Iterator[Said]:
    """Yield the events and attributes in *request* that *answer* says were taken."""
    read = _READERS.get(request.template)
    if read is None or not isinstance(answer, Reply):
        return
    if not 200 <= answer.status < 300 or broken(answer):
        return
    if request.template not in _BATCHES:
        yield from said(request.template, request.body or b"{}")
        return
    items = array_at(msgspec.json.decode(request.body or b"{}"), "batch")
    refused = refused_items(answer, len(items))
    for place, item in enumerate(items):
        if refused is not None and place not in refused:
            yield from read(item)


def said(template: str, body: bytes) -> Iterator[Said]:
    """Yield what a single operation says: *template* is its method and path, *body* its JSON."""
    if (read := _READERS.get(template)) is not None:
        yield from read(msgspec.json.decode(body))


def _track(item: Any) -> Iterator[Said]:
    if item.get("type") != "person":
        return
    data = object_at(item, "attributes")
    if item.get("action") == "event":
        yield Said(item["name"], data)
    elif item.get("action") == "identify":
        yield Said(None, data)


def _anonymous(body: Any) -> Iterator[Said]:
    if body.get("type", "event") == "event":
        yield Said(body["name"], object_at(body, "data"))


def _pipelines(message: Any) -> Iterator[Said]:
    if message.get("type", "track") == "track" and "event" in message:
        if message["event"] not in SAID_OTHERWISE:
            yield Said(message["event"], object_at(message, "properties"))
    elif message.get("type", "identify") == "identify" and "traits" in message:
        yield Said(None, object_at(message, "traits"))


_BATCHES: Final = {f"POST {path}" for path in BATCH_PATHS.values()}
_READERS: Final = {
    f"POST {ENTITY_PATH}": _track,
    f"POST {BATCH_PATHS['track']}": _track,
    "POST /api/v1/events": _anonymous,
    "POST /v1/identify": _pipelines,
    "POST /v1/track": _pipelines,
    f"POST {BATCH_PATHS['pipelines']}": _pipelines,
}
_LISTENING: "weakref.WeakSet[Observing]" = weakref.WeakSet()


def _after_fork() -> None:
    for observing in list(_LISTENING):
        observing.renew()


process.on_fork(_after_fork)
