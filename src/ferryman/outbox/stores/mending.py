"""Going on in spite of damage: what was stopped by it is tried again when it is mended."""

import contextlib
import logging
from collections.abc import Callable
from typing import Any, TypeVar

import apsw

from ferryman._io.say import say

from .mend import is_damage, mend
from .runs import Damaged

T = TypeVar("T")


def mending(
    connection: apsw.Connection,
    act: Callable[[], T],
    lock: contextlib.AbstractContextManager[Any] | None = None,
) -> T:
    """Return what *act* does; where damage stops it, mend what is damaged and try it once more."""
    try:
        return act()
    except (apsw.Error, UnicodeDecodeError, Damaged) as error:
        if not is_damage(error):
            raise
    with lock or contextlib.nullcontext():
        done = mend(connection)
    say(logging.ERROR, "ferryman.outbox_damaged", quarantined=done.aside + done.missing)
    return act()
