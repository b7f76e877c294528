"""Which rests end early when the destination answers somebody well (rule 22)."""

import threading

from ferryman.outbox.batching import Limits
from ferryman.outbox.destination import Destination
from ferryman.outbox.pump import Rest
from ferryman.outbox.sending import Hall, Sending


def test_a_wait_that_was_asked_for_does_not_end_early():
    """One of our own ends when somebody is answered well; that of a Retry-After goes on."""
    hall = Hall()
    destination = Destination("track", ceiling=4, limits=Limits())
    sending = Sending(None, hall, lambda: None)
    ended = {}

    def rest(asked):
        ended[asked] = sending.rest(Rest(60.0, 503, asked=asked), destination)

    threads = {asked: threading.Thread(target=rest, args=(asked,)) for asked in (True, False)}
    for thread in threads.values():
        thread.start()
    while destination.throttle.resting < 2:
        pass
    with hall.room:
        destination.answered += 1
        hall.room.notify_all()
    threads[False].join(30)
    with hall.room:
        hall.stopping = True
        hall.room.notify_all()
    threads[True].join(30)

    assert ended == {False: True, True: False}
