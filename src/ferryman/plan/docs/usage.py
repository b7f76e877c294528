"""How a class of a plan is said: the Python to write, and the JSON that goes out.

Pure. What is shown is an example (samples.py). Here must not live: pages.
"""

import json
from typing import Any, Final, NamedTuple

from ferryman.plan.docs.samples import Samples
from ferryman.plan.docs.wording import Schema
from ferryman.plan.exchange.annotations import Writer
from ferryman.plan.exchange.defaults import value_source
from ferryman.plan.exchange.source import Row, Source, call, lay, text
from ferryman.plan.jsonlike import is_array, is_object

_WIDTH: Final = 56
"""Characters of a line of JSON that two columns have room for."""


class Usage(NamedTuple):
    """An example of one class in use."""

    python: str
    wire: str
    """The JSON, indented."""


def usage(kind: str, name: str, key: str, defs: dict[str, Schema]) -> Usage:
    """Return an example of the class *key*, which says the event, message or object *name*."""
    samples, ref = Samples(defs), {"$ref": f"#/$defs/{key}"}
    given = samples.fields(key)
    made = value_source(ref, given, Writer(defs))
    sent = samples.sent(ref, given)
    whom = {"id": "42"}
    match kind:
        case "event":
            python = call("outbox.track", [text("42"), made])
            wire: dict[str, Any] = {
                "type": "person", "identifiers": whom, "action": "event", "name": name,
                "attributes": sent,
            }  # fmt: skip
        case "person":
            python = call("outbox.identify", [text("42"), made])
            wire = {
                "type": "person", "identifiers": whom, "action": "identify", "attributes": sent,
            }  # fmt: skip
        case "object":
            thing = f"ObjectId({text(name)}, {text('acme')})"
            python = call("outbox.identify_object", [thing, made])
            wire = {
                "type": "object", "identifiers": {"object_type_id": name, "object_id": "acme"},
                "action": "identify", "attributes": sent,
            }  # fmt: skip
        case _:
            words: list[Source] = [
                text("42"),
                f"to={text('ada@example.com')}",
                f"transactional_message_id={text(name)}",
                Row(("message_data=", made)),
            ]
            python = call("client.send_email", words)
            wire = {"message_data": sent}
    return Usage(lay(python), _laid(wire))


def _laid(value: Any, pad: str = "") -> str:
    """Return *value* as JSON, indented only where a line would be long."""
    flat = json.dumps(value, ensure_ascii=False)
    inner = f"{pad}  "
    if len(pad + flat) <= _WIDTH or not value:
        return flat
    if is_object(value):
        named = [
            f"{json.dumps(k, ensure_ascii=False)}: {_laid(v, inner)}" for k, v in value.items()
        ]
        return "{\n" + ",\n".join(inner + each for each in named) + f"\n{pad}}}"
    if is_array(value):
        items = [inner + _laid(item, inner) for item in value]
        return "[\n" + ",\n".join(items) + f"\n{pad}]"
    return flat
