"""`ferryman outbox key`: a fresh key for an encrypted outbox, made of chance and shown once."""

import secrets
from typing import Final

from ferryman._core.outbox_keys import NAMING, SEALING, checked_outbox_keys, new_outbox_key
from ferryman.cli import out
from ferryman.cli.app import DONE
from ferryman.errors import ConfigurationError
from ferryman.settings import Settings

_VARIABLE: Final = "CUSTOMERIO_OUTBOX_KEYS"


def run_key() -> int:
    """Print a key that goes with those in CUSTOMERIO_OUTBOX_KEYS, or the first of a new outbox."""
    try:
        given = Settings.from_env().outbox_keys
    except ConfigurationError as error:
        if not any(f"{before} {_VARIABLE} " in str(error) for before in (" ", "in")):
            raise
        raise ConfigurationError(
            f"{error}\nThe first key of a new outbox: env -u {_VARIABLE} ferryman outbox key"
        ) from None
    like = checked_outbox_keys(given)[0] if given else ""
    out.say(new_outbox_key(secrets.token_bytes(NAMING + SEALING), like))
    if like:
        out.note(f"It goes with your keys: put it first in {_VARIABLE}, and keep the others.")
    else:
        out.note(f"Put it into {_VARIABLE}, and keep a copy: what it encrypts is lost without it.")
    return DONE
