"""`ferryman outbox key`, and what an encrypted outbox is to the other commands."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Emulated, Ran

from ferryman import Account, Outbox
from ferryman._core.outbox_keys import checked_outbox_keys

Ferryman = Callable[..., Ran]


@pytest.fixture
def key(ferryman: Ferryman) -> str:
    """A key, as the command prints it."""
    return ferryman("outbox", "key").stdout.strip()


@pytest.fixture
def file(tmp_path: Path, key: str) -> Path:
    """An encrypted outbox in which 100 events wait."""
    account = Account(site_id="s", track_api_key="k")
    path = tmp_path / "outbox.db"
    options = {"workspace": "emulator", "relay": "external", "keys": key}
    outbox = Outbox(f"sqlite:///{path}", account, **options)  # type: ignore[arg-type]  # a dict
    for number in range(100):
        outbox.track(f"{number % 10:05}", "seen", data={"n": number})
    outbox.close()
    return path


def test_it_prints_a_key_and_nothing_else(ferryman: Ferryman, key: str) -> None:
    """What stdout has is a key, another one each time; the advice is on stderr."""
    again = ferryman("outbox", "key")

    assert checked_outbox_keys(key)
    assert again.stdout.strip() != key
    assert "keep a copy" in again.stderr
    assert again.returncode == 0


def test_a_further_key_goes_with_those_that_are_set(ferryman: Ferryman, key: str) -> None:
    """Where the variable has a key, the new one can stand before it."""
    further = ferryman("outbox", "key", CUSTOMERIO_OUTBOX_KEYS=key).stdout.strip()

    assert len(checked_outbox_keys(f"{further},{key}")) == 2


def test_a_wrong_key_in_the_settings_is_told_and_not_shown(ferryman: Ferryman) -> None:
    """The command that makes keys says how to, where the variable holds none."""
    ran = ferryman("outbox", "key", CUSTOMERIO_OUTBOX_KEYS="MARKER")

    assert (ran.returncode, ran.stdout) == (2, "")
    assert "env -u CUSTOMERIO_OUTBOX_KEYS ferryman outbox key" in ran.stderr
    assert "MARKER" not in ran.stderr


def test_a_relay_with_the_key_delivers(
    ferryman: Ferryman, emulator: Emulated, file: Path, key: str
) -> None:
    """The key in the environment is all that a relay needs."""
    place = f"sqlite:///{file}"

    ran = ferryman(
        "relay", "run", "--once", "--json", CUSTOMERIO_OUTBOX=place, CUSTOMERIO_OUTBOX_KEYS=key
    )

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["delivered"] == 100
    assert [event["data"]["n"] for event in emulator.events("00007")] == list(range(7, 100, 10))


@pytest.mark.parametrize("words", [["relay", "run", "--once"], ["outbox", "dead"]])
def test_a_command_without_the_key_says_what_to_set(
    ferryman: Ferryman, emulator: Emulated, file: Path, words: list[str]
) -> None:
    """Without the key nothing is sent, and the sentence names the variable."""
    ran = ferryman(*words, CUSTOMERIO_OUTBOX=f"sqlite:///{file}")

    assert ran.returncode == 2, ran.stderr
    assert "encrypted: set CUSTOMERIO_OUTBOX_KEYS" in ran.stderr
    assert emulator.summary()["events"] == 0


def test_an_encrypted_outbox_is_not_observed(ferryman: Ferryman, file: Path) -> None:
    """What cannot be read is refused, and not counted as nothing."""
    ran = ferryman("plan", "observe", f"sqlite:///{file}")

    assert ran.returncode == 2, ran.stderr
    assert "it is encrypted" in ran.stderr
