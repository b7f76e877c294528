"""SAYS. One pure function an operation, one file a subject, and the catalogue of them all.

Each returns a frozen :class:`~ferryman.Operation`, checked and encoded, without credentials:
give it to ``client.perform``, ``client.batch`` or ``outbox.accept``; clients and outboxes have
methods of the same names and signatures.
"""

from ferryman.operations import pipelines
from ferryman.operations._send import Delivery
from ferryman.operations.broadcasts import BroadcastTrigger, trigger_broadcast
from ferryman.operations.catalogue import CATALOGUE
from ferryman.operations.emails import send_email
from ferryman.operations.events import invite, page, screen, track
from ferryman.operations.objects import (
    add_object_relationships,
    delete_object,
    delete_object_relationships,
    identify_anonymous_object,
    identify_object,
)
from ferryman.operations.people import (
    add_device,
    add_relationships,
    delete,
    delete_device,
    delete_relationships,
    identify,
    merge,
    suppress,
    unsuppress,
)
from ferryman.operations.reports import (
    AccountRegion,
    region,
    report_metric,
    report_push,
    report_push_event,
    submit_form,
    unsubscribe,
)
from ferryman.operations.segments import add_to_segment, remove_from_segment
from ferryman.operations.sends import (
    send_in_app,
    send_inbox_message,
    send_push,
    send_sms,
    send_whatsapp,
)

__all__ = [
    "CATALOGUE",
    "AccountRegion",
    "BroadcastTrigger",
    "Delivery",
    "add_device",
    "add_object_relationships",
    "add_relationships",
    "add_to_segment",
    "delete",
    "delete_device",
    "delete_object",
    "delete_object_relationships",
    "delete_relationships",
    "identify",
    "identify_anonymous_object",
    "identify_object",
    "invite",
    "merge",
    "page",
    "pipelines",
    "region",
    "remove_from_segment",
    "report_metric",
    "report_push",
    "report_push_event",
    "screen",
    "send_email",
    "send_in_app",
    "send_inbox_message",
    "send_push",
    "send_sms",
    "send_whatsapp",
    "submit_form",
    "suppress",
    "track",
    "trigger_broadcast",
    "unsubscribe",
    "unsuppress",
]
