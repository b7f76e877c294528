"""What may be said: the events and attributes of an application, as Python classes.

Pure, like the rooms below it. A class declares (events.py), a value is checked against its
class (compiler.py) and written as JSON (wire.py); a plan collects classes (tracking.py) and
becomes a document (schema.py), which becomes classes again (generate.py), as foreign ones do
(reading.py). Nothing here knows an endpoint or a person.
"""

from ferryman.plan.deviations import Deviation
from ferryman.plan.events import Event, MessageData, Object, Person, event_name
from ferryman.plan.marks import Facts, Field
from ferryman.plan.naming import Conventions
from ferryman.plan.standins import Model, event
from ferryman.plan.tracking import PlanMode, TrackingPlan
from ferryman.plan.wire import (
    encode_event,
    encode_message,
    encode_object_attributes,
    encode_person,
    writer_of,
)

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
