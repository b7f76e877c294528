"""Going on in spite of damage: what was stopped by it is tried again when it is mended."""

import contextlib
import logging
from collections.abc import Callable
from typing import Any, TypeVar

import apsw

from .mend import is_damage, mend
from .runs import Damaged

_log = logging.getLogger("ferryman")
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
    _log.error("ferryman.outbox_damaged", extra={"quarantined": done.aside + done.missing})
    return act()
