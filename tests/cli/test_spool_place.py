"""Where the rows of an import wait: never where something waits for another place."""

import pytest

from ferryman import Settings
from ferryman.cli.spool import Spool

LIVE = {
    "CUSTOMERIO_SITE_ID": "s",
    "CUSTOMERIO_TRACK_API_KEY": "k",
    "CUSTOMERIO_OUTBOX": "sqlite:///live.db",
}


@pytest.mark.parametrize(
    ("environ", "to", "shared"),
    [
        (LIVE, None, True),
        (LIVE, "https://elsewhere.example", False),
        (LIVE | {"CUSTOMERIO_MODE": "off"}, None, False),
    ],
)
def test_the_outbox_of_the_settings_is_used_only_for_where_they_say(
    environ: dict[str, str], to: str | None, shared: bool
) -> None:
    """An import to another place, or in mode off, has a private spool."""
    spool = Spool.of(Settings.from_env(environ=environ), to=to)
    spool.remove()

    assert (spool.place == "sqlite:///live.db") is shared
    assert (spool.folder is None) is shared
