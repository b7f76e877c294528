"""Mode off: nothing is sent, and nothing that is meant to be sent is thrown away."""

import pytest

from ferryman import Account, ConfigurationError, InvalidOperation, Outbox, Settings
from ferryman import operations as say
from ferryman.outbox.stores.sqlite import SqliteStore
from ferryman.testing.stores import events


def test_what_waits_to_be_sent_is_not_counted_as_sent(tmp_path, account):
    """An outbox in mode off refuses a file in which live operations wait, and leaves them."""
    store = SqliteStore(tmp_path / "spool.db")
    store.put(events(3))
    store.close()

    with pytest.raises(ConfigurationError, match="3 operations wait"):
        Outbox(f"sqlite:///{tmp_path / 'spool.db'}", account, mode="off")

    store = SqliteStore(tmp_path / "spool.db")
    assert store.counts().pending == 3
    store.close()


def test_the_settings_keep_an_outbox_of_mode_off_in_memory():
    """The file that the environment names is left alone in mode off."""
    settings = Settings.from_env(
        environ={"CUSTOMERIO_MODE": "off", "CUSTOMERIO_OUTBOX": "sqlite:///live.db"}
    )

    assert settings.place() == "memory:"


def test_no_value_of_ours_is_sent_by_accident():
    """An account given as an attribute would send its keys: it is refused, and not shown."""
    keys = Account(site_id="s", track_api_key="the-key")

    with pytest.raises(InvalidOperation, match="Account") as refused:
        say.identify("1", {"k": keys})

    assert "the-key" not in str(refused.value)
