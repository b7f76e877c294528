"""What may be said: the events and attributes of an application, as Python classes.

Pure, like the rooms below it. Each of these knows only those before it: names/ (how names are
spelt and limited), checking/ (values held against types), declaring/ (the classes, and their
instances as bytes), exchange/ (a plan as a document, and documents as classes). Above them stand
six that do not know each other: tracking/ (the plan itself, asked at run time), diff/ (two plans),
observing/ (what is really said), review/ (code), templates/ (message templates), and docs/ (the
plan as a page). Nothing here knows an endpoint or a person.
"""

from ferryman.plan.declaring.events import Event, MessageData, Object, Person, event_name
from ferryman.plan.declaring.marks import Facts, Field
from ferryman.plan.declaring.standins import Model, event
from ferryman.plan.declaring.wire import (
    encode_event,
    encode_message,
    encode_object_attributes,
    encode_person,
    writer_of,
)
from ferryman.plan.names.conventions import Conventions
from ferryman.plan.tracking import Deviation, PlanMode, TrackingPlan

__all__ = [
    "Conventions",
    "Deviation",
    "Event",
    "Facts",
    "Field",
    "MessageData",
    "Model",
    "Object",
    "Person",
    "PlanMode",
    "TrackingPlan",
    "encode_event",
    "encode_message",
    "encode_object_attributes",
    "encode_person",
    "event",
    "event_name",
    "writer_of",
]
