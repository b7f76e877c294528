"""SAYS to the Pipelines API: the six calls, and the events by which it says the rest.

One pure function an operation, as in the room around it; ``client.pipelines`` and
``outbox.pipelines`` have methods of the same names and signatures (speaking.py).
"""

from ferryman.operations.pipelines.calls import identify, page, screen, track
from ferryman.operations.pipelines.groups import alias, group
from ferryman.operations.pipelines.semantic import (
    add_device,
    delete,
    delete_device,
    delete_object,
    delete_relationship,
    report_delivery,
    suppress,
    unsuppress,
)

__all__ = [
    "add_device",
    "alias",
    "delete",
    "delete_device",
    "delete_object",
    "delete_relationship",
    "group",
    "identify",
    "page",
    "report_delivery",
    "screen",
    "suppress",
    "track",
    "unsuppress",
]
