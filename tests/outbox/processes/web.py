"""A WSGI application that accepts an event a request: what the tests serve with gunicorn."""

import os
from urllib.parse import parse_qs

from ferryman import get_outbox

if os.environ.get("AT_IMPORT"):  # with --preload this is the master's, before any fork
    get_outbox().track("master", "started")


def app(environ, start_response):
    """Track that a person said something; answer with the id of the receipt."""
    person = parse_qs(environ["QUERY_STRING"])["person"][0]
    receipt = get_outbox().track(person, "said")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [receipt.id.encode()]
