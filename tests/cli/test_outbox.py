"""`ferryman outbox`: beside an application, on the same file, typed as a person would."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Emulated, Ran

from ferryman import Account, Anonymous, CioId, CioObjectId, Email, ObjectId, Outbox, Phone
from ferryman.outbox.entry import Dead
from ferryman.testing.stores import waiting

Command = Callable[..., Ran]
PLACES = {"invalid": 1, "interrupted": 2, "not_found": 6}


@pytest.fixture
def place(tmp_path: Path) -> str:
    """An outbox of person 1's merge that died with an event behind it, and of two other dead."""
    named = f"sqlite:///{tmp_path / 'spool.db'}"
    account = Account(site_id="s", track_api_key="k", track_url="http://127.0.0.1:9")
    with Outbox(named, account, relay="external") as outbox:
        for number in range(5):
            outbox.track(f"person-{number}", "bought", data={"secret": number})
        outbox.merge("person-1", "person-2")
        outbox.track("person-1", "after")
        kept = waiting(outbox._store)
        outbox._store.settle(
            [
                Dead(kept[0], "invalid", "name", "the secret text", 400),
                Dead(kept[1], "interrupted", maybe_delivered=True),
                Dead(kept[5], "not_found", "primary", status=400),
            ],
            1_790_000_000,
        )
    return named


def test_the_status_adds_up_and_asks_for_a_person(command: Command, place: str) -> None:
    """With dead letters and a parked person the exit code is 1, and the figures say why."""
    told = command("outbox", "status", CUSTOMERIO_OUTBOX=place)
    ran = command("outbox", "status", "--json", "--outbox", place)
    status = json.loads(ran.stdout)

    assert (told.returncode, ran.returncode) == (1, 1)
    assert "and it adds up" in told.stdout
    assert (status["accounts"]["pending"], status["accounts"]["dead"]) == (4, 3)
    assert status["reasons"] == {"interrupted": 1, "invalid": 1, "not_found": 1}
    assert (status["parked_keys"], status["delivering"]) == (2, False)
    assert (status["adds_up"], status["well"]) == (True, False)


def test_lists_tell_nothing_of_people_unless_asked(command: Command, place: str) -> None:
    """Places and reasons; whom and what only with the words that ask for it."""
    listed = command("outbox", "dead", CUSTOMERIO_OUTBOX=place)
    parking = command("outbox", "dead", "--parks", "--json", CUSTOMERIO_OUTBOX=place)
    shown = command("outbox", "show", "1", CUSTOMERIO_OUTBOX=place)
    asked = command("outbox", "show", "1", "--payload", "--show-person", CUSTOMERIO_OUTBOX=place)

    assert listed.returncode == 0
    assert all(reason in listed.stdout for reason in PLACES)
    assert [each["place"] for each in json.loads(parking.stdout)["dead"]] == [6]
    assert "secret" not in listed.stdout + shown.stdout
    assert "person-" not in listed.stdout + shown.stdout + parking.stdout
    assert "secret" in asked.stdout
    assert "id:person-0" in asked.stdout


@pytest.mark.parametrize(
    ("person", "shown"),
    [
        ("email:a", "id:email:a"),
        (Email("Ann@Example.com"), "email:ann@example.com"),
        (Phone("+4917"), "phone:+4917"),
        (CioId("d9"), "cio_id:d9"),
        (Anonymous("a"), "anonymous:a"),
        (ObjectId(1, "acme/west"), "object:1/acme/west"),
        (CioObjectId("ob1"), "cio_object:ob1"),
    ],
)
def test_whom_a_list_shows_is_whom_a_command_takes(
    command: Command, tmp_path: Path, person: Any, shown: str
) -> None:
    """What --show-person prints is what --person and --everything-of mean."""
    place = f"sqlite:///{tmp_path / 'spool.db'}"
    account = Account(site_id="s", track_api_key="k", track_url="http://127.0.0.1:9")
    with Outbox(place, account, relay="external") as outbox:
        if isinstance(person, ObjectId | CioObjectId):
            outbox.identify_object(person, {"a": 1})
        else:
            outbox.track(person, "said")
        outbox.track("another", "said")
        outbox._store.settle([Dead(each, "x") for each in waiting(outbox._store)], 1_790_000_000)
    words = ("outbox", "dead", "--json", "--show-person", "--outbox", place)
    everyone = json.loads(command(*words).stdout)["dead"]
    chosen = json.loads(command(*words, "--person", shown).stdout)["dead"]
    purged = command("outbox", "purge", "--everything-of", shown, "--yes", "--outbox", place)

    assert [each["person"] for each in everyone] == [shown, "id:another"]
    assert [each["person"] for each in chosen] == [shown]
    assert purged.stdout == "Purged 1 operation, waiting or dead.\n"


def test_what_is_replayed_and_skipped_is_delivered(
    ferryman: Command, emulator: Emulated, place: str
) -> None:
    """The replayed one, those that waited, and the one behind the merge that was skipped."""
    env = {"CUSTOMERIO_OUTBOX": place, "CUSTOMERIO_WORKSPACE": "default"}
    replayed = ferryman("outbox", "replay", "1", "2", "99", **env)
    again = ferryman("outbox", "replay", "2", "--again", "--json", **env)
    skipped = ferryman("outbox", "skip", "--parks", **env)
    carried = ferryman("relay", "run", "--once", **env)

    assert (replayed.returncode, again.returncode, skipped.returncode) == (1, 0, 0)
    assert "1 dead letter waits again" in replayed.stdout
    assert "--again" in replayed.stderr
    assert json.loads(again.stdout)["done"] == 1
    assert carried.returncode == 0, carried.stderr
    assert [each["name"] for each in emulator.events("person-1")] == ["bought", "after"]
    assert emulator.summary()["events"] == 6


def test_purging_asks_and_leaves_nothing(command: Command, place: str, tmp_path: Path) -> None:
    """Without a terminal --yes is needed; of the person nothing stays in any file."""
    refused = command("outbox", "purge", "--all", CUSTOMERIO_OUTBOX=place)
    purged = command(
        "outbox", "purge", "--everything-of", "person-1", "--yes", "--json", CUSTOMERIO_OUTBOX=place
    )
    rest = command("outbox", "purge", "--all", "--yes", CUSTOMERIO_OUTBOX=place)

    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert json.loads(purged.stdout)["done"] == 3
    assert rest.returncode == 0
    assert b"person-1" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_a_place_without_a_dead_letter_is_said(command: Command, place: str) -> None:
    """Nothing can be shown there, and the code says that it was not."""
    ran = command("outbox", "show", "4711", CUSTOMERIO_OUTBOX=place)

    assert (ran.returncode, ran.stderr) == (1, "ferryman: place: no dead letter has this place\n")


def test_a_check_finds_a_sound_file_sound(command: Command, place: str) -> None:
    """And says so, for people and for programs."""
    told = command("outbox", "check", CUSTOMERIO_OUTBOX=place)
    ran = command("outbox", "check", "--json", CUSTOMERIO_OUTBOX=place)

    assert (told.returncode, ran.returncode) == (0, 0)
    assert json.loads(ran.stdout)["sound"] is True


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("status", "--outbox", "sqlite:///nowhere.db"), "there is no outbox"),
        (("status", "--outbox", "memory:"), "only an outbox file"),
        (("replay",), "say which"),
        (("replay", "1", "--all"), "say which"),
    ],
)
def test_wrong_usage_is_one_sentence(
    command: Command, place: str, words: tuple[str, ...], sentence: str
) -> None:
    """What cannot be is said, with code 2, and no file is made."""
    ran = command("outbox", *words, CUSTOMERIO_OUTBOX=place)

    assert ran.returncode == 2
    assert sentence in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not Path("nowhere.db").exists()
