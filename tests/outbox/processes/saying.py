"""What the scenes of this folder share. A scene prints an id and a person once it is accepted."""

import os
import sys

from ferryman import get_outbox


def tell(*words):
    # One write of one line, so that the lines of several processes do not mix.
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def accept(count, *, prefix="p", people=7, outbox=None):
    """Accept *count* events of a few people, and print each receipt as soon as it is there."""
    outbox = outbox or get_outbox()
    for number in range(int(count)):
        person = f"{prefix}-{number % people}"
        receipt = outbox.track(person, "said", data={"n": number})
        tell(receipt.id, person)
    return count


def main(scenes):
    """Play the scene that the command line names."""
    name, *arguments = sys.argv[1:]
    scenes[name](*arguments)
