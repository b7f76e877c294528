"""What may be said: the events and attributes of an application, as Python classes.

Pure, like the rooms below it. A class declares (events.py), a value is checked against its
class (checks.py) and written as JSON (wire.py); nothing here knows an endpoint or a person.
"""

from ferryman.plan.events import Event, Person, event_name
from ferryman.plan.wire import encode_event, encode_person

__all__ = ["Event", "Person", "encode_event", "encode_person", "event_name"]
