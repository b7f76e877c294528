"""`ferryman relay run`: what waits in an outbox is delivered, whoever put it there."""

import fcntl
import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Emulated, Ran, until

from ferryman import Account, Outbox

Ferryman = Callable[..., Ran]
Begin = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An outbox in which 1,500 events wait for somebody to deliver them."""
    account = Account(site_id="s", track_api_key="k")
    path = tmp_path / "outbox.db"
    outbox = Outbox(f"sqlite:///{path}", account, workspace="emulator", relay="external")
    for number in range(1_500):
        outbox.track(f"{number % 30:05}", "seen", data={"n": number})
    outbox.close()
    return path


def test_once_delivers_what_waits_and_ends(
    ferryman: Ferryman, emulator: Emulated, file: Path
) -> None:
    """`--once` delivers what another process left, in order, and says how much that was."""
    ran = ferryman("relay", "run", "--once", "--json", CUSTOMERIO_OUTBOX=f"sqlite:///{file}")

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["delivered"] == 1_500
    assert [event["data"]["n"] for event in emulator.events("00007")] == list(range(7, 1_500, 30))


def test_a_key_is_asked_for_where_something_waits_for_it(
    command: Ferryman, emulator: Emulated, tmp_path: Path
) -> None:
    """With a Pipelines key alone what waits for Pipelines goes, and the rest is kept and told."""
    given = emulator.ready["env"]
    account = Account(
        site_id=given["CUSTOMERIO_SITE_ID"],
        track_api_key=given["CUSTOMERIO_TRACK_API_KEY"],
        pipelines_write_key=given["CUSTOMERIO_PIPELINES_WRITE_KEY"],
    )
    place = f"sqlite:///{tmp_path / 'outbox.db'}"
    lacking = {name: value for name, value in given.items() if "TRACK_API" not in name}
    lacking = {name: value for name, value in lacking.items() if "SITE" not in name}
    lacking |= {"CUSTOMERIO_OUTBOX": place}
    with Outbox(place, account, workspace="emulator", relay="external") as outbox:
        outbox.pipelines.track("1", "said")
    alone = command("relay", "run", "--once", "--json", **lacking)
    with Outbox(place, account, workspace="emulator", relay="external") as outbox:
        outbox.track("1", "said")
        outbox.pipelines.track("1", "said again")
    both = command("relay", "run", "--once", "--json", **lacking)

    assert (alone.returncode, alone.stderr) == (0, "")
    assert json.loads(alone.stdout)["delivered"] == 1
    assert (both.returncode, json.loads(both.stdout)["pending"]) == (1, 1)
    assert both.stderr.startswith("ferryman: no key for the track API: give site_id and")
    assert both.stderr.endswith("; what waits is kept\n")
    assert emulator.summary()["names"] == {"said": 1, "said again": 1}


def test_what_waits_for_the_emulator_is_for_nobody_else(
    ferryman: Ferryman, emulator: Emulated, file: Path
) -> None:
    """Settings of another workspace do not deliver what an application said to the emulator."""
    place = {"CUSTOMERIO_OUTBOX": f"sqlite:///{file}"}

    ran = ferryman("relay", "run", "--once", **place, CUSTOMERIO_WORKSPACE="")

    assert ran.returncode == 1, ran.stderr
    assert "belongs to another workspace" in ran.stderr
    assert emulator.summary()["requests"] == 0


def test_once_fails_when_something_died(ferryman: Ferryman, emulator: Emulated, file: Path) -> None:
    """`--once` is 0 only when nothing waits and nothing died; the next run has nothing to do."""
    emulator.faults({"partial": 0.1, "seed": 1})

    ran = ferryman("relay", "run", "--once", "--json", CUSTOMERIO_OUTBOX=f"sqlite:///{file}")
    again = ferryman("relay", "run", "--once", "--json", CUSTOMERIO_OUTBOX=f"sqlite:///{file}")

    summary = json.loads(ran.stdout)
    assert ran.returncode == 1
    assert summary["dead"] > 0
    assert summary["dead"] + summary["delivered"] == 1_500
    assert (again.returncode, json.loads(again.stdout)["dead"]) == (0, 0)


def test_once_ends_when_the_key_is_refused(
    ferryman: Ferryman, emulator: Emulated, file: Path
) -> None:
    """A refused key throws nothing away: it is told, everything waits on, the code is 1."""
    place = {"CUSTOMERIO_OUTBOX": f"sqlite:///{file}"}

    ran = ferryman("relay", "run", "--once", "--json", **place, CUSTOMERIO_TRACK_API_KEY="wrong")

    assert (ran.returncode, json.loads(ran.stdout)["pending"]) == (1, 1_500)
    assert "refuses the key (status 401)" in ran.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_requests_on_their_way_finish(
    begin: Begin, emulator: Emulated, file: Path, number: int
) -> None:
    """Without `--once` it runs until a signal, which cuts no request off."""
    emulator.faults({"delay": 2})
    place = {"CUSTOMERIO_OUTBOX": f"sqlite:///{file}"}
    process = begin("relay", "run", "--json", **emulator.ready["env"], **place)
    until(lambda: emulator.control.get("/emulator/faults").json()["struck"] > [0])

    process.send_signal(number)
    out, err = process.communicate(timeout=20)

    assert process.returncode == 0, err
    summary = json.loads(out)
    assert summary["delivered"] == emulator.summary()["events"] > 0


def test_one_relay_delivers_and_the_others_wait(
    begin: Begin, emulator: Emulated, file: Path
) -> None:
    """While another process delivers from the outbox, that is told, and its end is waited for."""
    place = {"CUSTOMERIO_OUTBOX": f"sqlite:///{file}"}
    with Path(f"{file}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = begin("relay", "run", "--once", **emulator.ready["env"], **place)
        assert process.stderr is not None
        told = process.stderr.readline()
        before = emulator.summary()["requests"]
    out, err = process.communicate(timeout=20)

    assert told == "Another process delivers from this outbox; waiting to take over.\n"
    assert before == 0
    assert process.returncode == 0, err
    assert "1,500" in out
    assert emulator.summary()["events"] == 1_500


@pytest.mark.parametrize(
    ("place", "sentence"),
    [("memory:", "lives and dies with its own process"), ("", "CUSTOMERIO_OUTBOX=")],
)
def test_an_outbox_that_no_other_process_can_open_is_wrong_usage(
    ferryman: Ferryman, place: str, sentence: str
) -> None:
    """There is nothing to deliver from memory, or from nowhere: code 2, and why."""
    ran = ferryman("relay", "run", "--once", CUSTOMERIO_OUTBOX=place)

    assert (ran.returncode, ran.stdout) == (2, "")
    assert sentence in ran.stderr


def test_once_refuses_a_place_where_nothing_is(ferryman: Ferryman, tmp_path: Path) -> None:
    """A mistyped outbox is told, and not made; with `--create` it is."""
    place = {"CUSTOMERIO_OUTBOX": f"sqlite:///{tmp_path / 'mistyped.db'}"}

    ran = ferryman("relay", "run", "--once", **place)
    left = list(tmp_path.iterdir())
    made = ferryman("relay", "run", "--once", "--create", "--json", **place)

    assert (ran.returncode, ran.stdout, left) == (2, "", [])
    assert f"there is no outbox at {place['CUSTOMERIO_OUTBOX']}" in ran.stderr
    assert (made.returncode, json.loads(made.stdout)["pending"]) == (0, 0)
    assert (tmp_path / "mistyped.db").exists()


def test_a_relay_that_is_first_waits_for_its_outbox(
    begin: Begin, emulator: Emulated, file: Path, tmp_path: Path
) -> None:
    """Without `--once` a relay may be there before the file: it says so, waits and delivers."""
    place = {"CUSTOMERIO_OUTBOX": f"sqlite:///{tmp_path / 'later.db'}"}
    process = begin("relay", "run", "--json", **emulator.ready["env"], **place)
    assert process.stderr is not None
    told = process.stderr.readline()
    exists = (tmp_path / "later.db").exists()

    file.rename(tmp_path / "later.db")
    until(lambda: emulator.summary()["events"] == 1_500)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)

    assert told.startswith("There is no outbox at sqlite:///")
    assert not exists
    assert (process.returncode, json.loads(out)["delivered"]) == (0, 1_500), err


def test_a_relay_that_waits_for_its_outbox_can_be_stopped(
    begin: Begin, emulator: Emulated, tmp_path: Path
) -> None:
    """A signal ends the waiting; nothing was delivered and nothing made."""
    place = {"CUSTOMERIO_OUTBOX": f"sqlite:///{tmp_path / 'never.db'}"}
    process = begin("relay", "run", "--json", **emulator.ready["env"], **place)
    assert process.stderr is not None
    process.stderr.readline()

    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)

    assert (process.returncode, json.loads(out)["delivered"]) == (0, 0), err
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_outbox_is_one_sentence(ferryman: Ferryman, tmp_path: Path) -> None:
    """A damaged or strange file is told without a traceback."""
    (tmp_path / "notes.txt").write_text("x" * 5_000)

    ran = ferryman("relay", "run", CUSTOMERIO_OUTBOX=f"sqlite:///{tmp_path / 'notes.txt'}")

    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1)
    assert "not an outbox" in ran.stderr
