"""What a client puts on the wire is valid by the vendor's specification of the Track API.

Nothing is exempt by name: the body of v1 identify, which the document draws too narrow, is sent
by nobody here, since identify goes through v2.
"""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator

from ferryman import Account, Client, operations


class Recorder(BaseHTTPRequestHandler):
    """Answers everything with success and writes down what came."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str, bytes]]

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.seen.append((self.command, self.path, body))
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"{}\n")

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - names that http.server calls

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, list[tuple[str, str, bytes]]]]:
    """A server that takes everything: its URL, and what it was sent."""
    seen: list[tuple[str, str, bytes]] = []
    handler = type("Handler", (Recorder,), {"seen": seen})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        running.daemon_threads = True
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", seen
        running.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def document(shared: Path) -> dict[str, Any]:
    """The vendor's specification of the Track API."""
    path = shared / "reference" / "openapi" / "journeys-track.json"
    return any_of(json.loads(path.read_text()))  # type: ignore[no-any-return]  # Any by its source


def any_of(part: Any) -> Any:
    """Read every oneOf as anyOf: the document's variants overlap.

    A page view is valid as an anonymous event too, and "opened" is a metric of every channel;
    so a request of one kind matches several of its variants, which oneOf forbids.
    """
    if isinstance(part, list):
        return [any_of(each) for each in part]
    if isinstance(part, dict):
        return {"anyOf" if k == "oneOf" else k: any_of(v) for k, v in part.items()}
    return part


def sent(server: tuple[str, list[tuple[str, str, bytes]]], made: Any) -> tuple[str, str, Any]:
    url, seen = server
    with Client(Account(site_id="s", track_api_key="k", track_url=url)) as client:
        client.perform(made)
    method, path, body = seen[-1]
    return method, path, json.loads(body) if body else None


def documented(document: dict[str, Any], method: str, path: str) -> dict[str, Any] | None:
    """The operation of the specification that serves *method* and *path*."""
    for template, operations_ in document["paths"].items():
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if re.fullmatch(pattern, urlsplit(path).path) and method.lower() in operations_:
            return operations_[method.lower()]  # type: ignore[no-any-return]  # Any by its source
    return None


def problems(document: dict[str, Any], operation: dict[str, Any], body: Any) -> list[str]:
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**schema, "components": document["components"]})
    return [error.message for error in validator.iter_errors(body)]


def test_each_request_is_documented_and_valid(
    example: Any, server: tuple[str, list[tuple[str, str, bytes]]], document: dict[str, Any]
) -> None:
    """Method, path and body of every operation are those of the vendor's document."""
    made = example.make()
    method, path, body = sent(server, made)
    operation = documented(document, method, path)

    assert operation is not None
    assert (body is None) is ("requestBody" not in operation)
    if body is not None:
        assert problems(document, operation, body) == []


def test_each_operation_is_one_of_the_documents(document: dict[str, Any]) -> None:
    """Every row of the catalogue is a method and path of the vendor's document."""
    paths = {(m.upper(), p) for p, found in document["paths"].items() for m in found}

    track = [row for row in operations.CATALOGUE.values() if row.api == "track"]
    assert {(row.method, row.path) for row in track} <= paths


def test_a_batch_of_everything_is_valid(
    examples: list[Any],
    server: tuple[str, list[tuple[str, str, bytes]]],
    document: dict[str, Any],
) -> None:
    """A batch is valid by the document, whatever it holds."""
    url, seen = server
    before = len(seen)
    with Client(Account(site_id="s", track_api_key="k", track_url=url)) as client:
        client.batch([made for each in examples if (made := each.make()).endpoint.batches])
    operation = documented(document, "POST", "/api/v2/batch")

    assert operation is not None
    assert {path for _, path, _ in seen[before:]} == {"/api/v2/batch"}
    assert [problems(document, operation, json.loads(body)) for *_, body in seen[before:]] == [
        [] for _ in seen[before:]
    ]
