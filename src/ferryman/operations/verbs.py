"""The methods that everybody who says operations has, declared once.

``track`` and ``identify`` are not here: a ParamSpec descriptor collapses their overloads, so
each speaker writes them by hand. A test holds this list against the catalogue.
"""

from ferryman import operations as say
from ferryman._core.method import Method


class Writes:
    """What changes something: clients say it, outboxes keep it."""

    page = Method(say.page)
    screen = Method(say.screen)
    invite = Method(say.invite)
    delete = Method(say.delete)
    suppress = Method(say.suppress)
    unsuppress = Method(say.unsuppress)
    merge = Method(say.merge)
    add_device = Method(say.add_device)
    delete_device = Method(say.delete_device)
    add_relationships = Method(say.add_relationships)
    delete_relationships = Method(say.delete_relationships)
    identify_object = Method(say.identify_object)
    identify_anonymous_object = Method(say.identify_anonymous_object)
    delete_object = Method(say.delete_object)
    add_object_relationships = Method(say.add_object_relationships)
    delete_object_relationships = Method(say.delete_object_relationships)
    add_to_segment = Method(say.add_to_segment)
    remove_from_segment = Method(say.remove_from_segment)
    submit_form = Method(say.submit_form)
    report_metric = Method(say.report_metric)
    report_push = Method(say.report_push)
    report_push_event = Method(say.report_push_event)
    unsubscribe = Method(say.unsubscribe)
    send_email = Method(say.send_email)
    send_push = Method(say.send_push)
    send_sms = Method(say.send_sms)
    send_whatsapp = Method(say.send_whatsapp)
    send_in_app = Method(say.send_in_app)
    send_inbox_message = Method(say.send_inbox_message)
    trigger_broadcast = Method(say.trigger_broadcast)


class Reads:
    """What only asks: clients alone."""

    region = Method(say.region)
