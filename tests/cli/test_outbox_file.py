"""`ferryman outbox` on a file that somebody delivers from, that is damaged, or that is watched."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from tests.cli.conftest import Emulated, Ran, until

from ferryman import Account, Outbox
from ferryman.outbox.entry import Dead
from ferryman.testing.stores import waiting

Command = Callable[..., Ran]
Begin = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file in which five events of five people wait."""
    path = tmp_path / "spool.db"
    account = Account(site_id="s", track_api_key="k", track_url="http://127.0.0.1:9")
    with Outbox(f"sqlite:///{path}", account, relay="external") as outbox:
        for number in range(5):
            outbox.track(f"person-{number}", "said")
    return path


@pytest.fixture
def place(file: Path) -> dict[str, str]:
    """The setting that names it."""
    return {"CUSTOMERIO_OUTBOX": f"sqlite:///{file}"}


def bury(file: Path, places: range) -> None:
    """Have those at *places* die."""
    account = Account(site_id="s", track_api_key="k", track_url="http://127.0.0.1:9")
    with Outbox(f"sqlite:///{file}", account, relay="external") as outbox:
        dead = [Dead(each, "invalid") for each in waiting(outbox._store) if each.seq in places]
        outbox._store.settle(dead, 1_790_000_000)


def test_what_only_waits_needs_nobody(command: Command, file: Path, place: dict[str, str]) -> None:
    """Pending is well; nobody delivers, no lock is made by looking, and no key is asked for."""
    ran = command("outbox", "status", "--json", **place)

    status = json.loads(ran.stdout)
    assert ran.returncode == 0, ran.stderr
    assert (status["accounts"]["pending"], status["well"], status["delivering"]) == (5, True, False)
    assert not Path(f"{file}.lock").exists()


def test_a_relay_is_seen_and_left_alone(
    begin: Begin, command: Command, emulator: Emulated, file: Path, place: dict[str, str]
) -> None:
    """While one delivers the status says so, however often it is asked, and it goes on."""
    env = emulator.ready["env"] | place | {"CUSTOMERIO_WORKSPACE": "default"}
    relay = begin("relay", "run", **env)
    until(lambda: emulator.summary()["events"] == 5)
    during = [json.loads(command("outbox", "status", "--json", **place).stdout) for _ in range(3)]
    relay.send_signal(signal.SIGTERM)
    relay.communicate(timeout=20)
    after = json.loads(command("outbox", "status", "--json", **place).stdout)

    assert [each["delivering"] for each in during] == [True, True, True]
    assert (after["delivering"], after["accounts"]["delivered"]) == (False, 5)


def test_accounts_that_do_not_add_up_need_a_person(
    command: Command, file: Path, place: dict[str, str]
) -> None:
    """Rows that no account knows, or accounts of rows that are gone: code 1, and it is said."""
    with closing(apsw.Connection(str(file))) as connection:
        connection.execute("UPDATE accounts SET delivered = delivered + 7")
    told = command("outbox", "status", **place)
    status = json.loads(command("outbox", "status", "--json", **place).stdout)

    assert told.returncode == 1
    assert "DOES NOT ADD UP" in told.stdout
    assert "outbox check" in told.stdout
    assert (status["adds_up"], status["well"]) == (False, False)


def test_a_damaged_file_is_found_repaired_and_then_sound(
    command: Command, file: Path, place: dict[str, str]
) -> None:
    """A check says what is wrong with 1, a repair keeps the old file, the next check says 0."""
    with closing(apsw.Connection(str(file))) as connection:
        connection.execute("UPDATE entries SET packed = zeroblob(length(packed)) WHERE seq = 2")
        connection.execute("UPDATE entries SET packed = zeroblob(length(packed)) WHERE seq = 1")
    found = command("outbox", "check", **place)
    again = command("outbox", "check", "--json", **place)
    repaired = command("outbox", "check", "--repair", **place)
    sound = command("outbox", "check", "--json", **place)

    assert [each.returncode for each in (found, again, repaired, sound)] == [1, 1, 1, 0]
    assert "check --repair" in found.stderr
    assert json.loads(again.stdout)["damaged"] > 0
    assert "spool.db.damaged-1" in repaired.stdout
    assert file.with_name("spool.db.damaged-1").exists()
    assert json.loads(sound.stdout)["sound"]


def test_pages_of_dead_letters_join(command: Command, file: Path, place: dict[str, str]) -> None:
    """`next` is the place to go on behind, and null at the end; a table says it, too."""
    bury(file, range(1, 6))
    first = json.loads(command("outbox", "dead", "--limit", "3", "--json", **place).stdout)
    rest = json.loads(
        command("outbox", "dead", "--after", str(first["next"]), "--json", **place).stdout
    )
    told = command("outbox", "dead", "--limit", "3", **place)

    assert [each["place"] for each in first["dead"] + rest["dead"]] == [1, 2, 3, 4, 5]
    assert (first["next"], rest["next"]) == (3, None)
    assert "--after 3" in told.stderr


def test_who_was_removed_since_is_not_brought_back(
    command: Command, file: Path, place: dict[str, str]
) -> None:
    """A replay of everything does what it can, says what it refused and why, and ends with 1."""
    bury(file, range(1, 6))
    account = Account(site_id="s", track_api_key="k", track_url="http://127.0.0.1:9")
    with Outbox(place["CUSTOMERIO_OUTBOX"], account, relay="external") as outbox:
        outbox.delete("person-2")
    tried = command("outbox", "replay", "--all", "--dry-run", **place)
    ran = command("outbox", "replay", "--all", **place)
    left = json.loads(command("outbox", "dead", "--json", **place).stdout)

    assert "Would replay 5 dead letters" in tried.stdout
    assert (ran.returncode, ran.stdout) == (1, "4 dead letters wait again.\n")
    assert "1 not done: the person was deleted or suppressed since" in ran.stderr
    assert [each["place"] for each in left["dead"]] == [3]


@pytest.mark.parametrize(("answer", "code", "dead"), [("y", 0, 2), ("n", 1, 5), ("", 1, 5)])
def test_a_purge_asks_on_a_terminal(
    command: Command,
    bare_env: dict[str, str],
    file: Path,
    place: dict[str, str],
    answer: str,
    code: int,
    dead: int,
) -> None:
    """Only a yes throws anything away; the question says how many it would be."""
    bury(file, range(1, 6))
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "ferryman", "outbox", "purge", "1", "2", "3"]
    process = subprocess.Popen(
        words, env=bare_env | place, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    os.write(ours, f"{answer}\n".encode())
    _, err = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    left = json.loads(command("outbox", "dead", "--json", **place).stdout)

    assert (process.returncode, len(left["dead"])) == (code, dead)
    assert b"Throw 3 dead letters away for ever? [y/N]" in err


def test_a_watch_goes_on_until_it_is_stopped(begin: Begin, place: dict[str, str]) -> None:
    """With --json a line each time; a signal ends it with the code of what was seen last."""
    process = begin("outbox", "status", "--watch", "--json", **place)
    assert process.stdout is not None
    lines = [json.loads(process.stdout.readline()) for _ in range(2)]
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 0, err
    assert [line["accounts"]["pending"] for line in lines] == [5, 5]


def test_another_workspaces_file_is_refused(command: Command, place: dict[str, str]) -> None:
    """Nobody decides about letters that are another workspace's."""
    for words in (("status",), ("dead",), ("skip", "--all")):
        ran = command("outbox", *words, **place, CUSTOMERIO_WORKSPACE="staging")

        assert ran.returncode == 1
        assert "belongs to another workspace" in ran.stderr
