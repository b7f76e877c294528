"""How `ferryman import` ends when it does not simply end, and what it says."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Emulated, Ran, adds_up, figures, until

from ferryman.outbox.stores.sqlite import SqliteStore

Ferryman = Callable[..., Ran]
Begin = Callable[..., "subprocess.Popen[str]"]


def test_a_refused_key_ends_the_run_and_keeps_what_waits(
    ferryman: Ferryman, emulator: Emulated
) -> None:
    """A key that is refused is told at once; what was accepted waits and can be delivered."""
    words = ("import", "-", "--format", "csv", "--event", "e", "--person", "id", "--json")

    ran = ferryman(*words, stdin="id\n1\n2\n", CUSTOMERIO_TRACK_API_KEY="wrong")
    later = ferryman("relay", "run", "--once", CUSTOMERIO_OUTBOX=figures(ran)["outbox"])

    assert ran.returncode == 1
    assert figures(ran)["pending"] == 2
    assert "refuses the key (status 401)" in ran.stderr
    assert "wrong" not in ran.stderr
    assert later.returncode == 0, later.stderr
    assert emulator.summary()["events"] == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_reading_and_says_what_waits_where(
    begin: Begin, emulator: Emulated, ferryman: Ferryman, tmp_path: Path, number: int
) -> None:
    """Ctrl-C while rows still come: what was accepted is told, waits, and can be delivered."""
    emulator.faults({"status": 503})
    process = begin(
        "import", "-", "--format", "csv", "--event", "e", "--person", "id", "--json",
        **emulator.ready["env"],
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write("id\n" + "1\n" * 1_500)
    process.stdin.flush()
    until(lambda: emulator.summary()["faults"] > 0)

    process.send_signal(number)
    # The pipe stays open: it is the signal that ends the reading.
    process.wait(timeout=20)
    out, err = process.communicate()

    summary = json.loads(out)
    emulator.faults()
    later = ferryman("relay", "run", "--once", CUSTOMERIO_OUTBOX=summary["outbox"])
    assert process.returncode == 128 + number
    assert adds_up(summary)
    assert (summary["accepted"], summary["pending"], summary["whole"]) == (1_000, 1_000, False)
    assert f"CUSTOMERIO_OUTBOX={summary['outbox']} ferryman relay run --once" in err
    assert later.returncode == 0, later.stderr
    assert emulator.summary()["events"] == 1_000


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("missing.csv --event e --person id", "the file cannot be read: No such file"),
        ("- --event e --person id", "stdin needs --format"),
        ("- --format csv --event e --person ide", 'did you mean "id"?'),
        ("- --format csv --event e --person a@b.example", "has no column"),
        ("- --format csv --event= --person id", "--event: must not be empty"),
        ("- --format csv --event e --person id --types x=y", "--types"),
        ("- --format csv --event e --person id --types id=int", "no data"),
        ("- --format ndjson --event e --person id --types n=int", "NDJSON"),
        ("- --format csv --event e --person id --to nowhere", "origin"),
        ("- --format xml --event e --person id", "--format"),
        ("- --format csv --event e", "--person"),
    ],
)
def test_wrong_usage_is_one_sentence(
    ferryman: Ferryman, tmp_path: Path, words: str, sentence: str
) -> None:
    """What cannot be is said in one sentence, with code 2, and nothing stays behind."""
    ran = ferryman("import", *words.split(), stdin="id,secret\n1,2\n", TMPDIR=str(tmp_path))

    assert ran.returncode == 2
    assert sentence in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert "secret" not in ran.stderr
    assert ran.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_missing_settings_are_named(command: Ferryman) -> None:
    """Without keys the variables to set are named, and nothing is read."""
    ran = command("import", "x.csv", "--event", "e", "--person", "id")

    assert ran.returncode == 2
    assert "CUSTOMERIO_SITE_ID=" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_terminal_gets_bars_and_a_log_gets_lines(
    bare_env: dict[str, str], emulator: Emulated
) -> None:
    """On a terminal progress is drawn in bars; elsewhere nothing is drawn."""
    mine, theirs = os.openpty()
    words = [sys.executable, "-m", "ferryman", "import", "-", "--format", "csv", "--event", "e"]
    env = bare_env | emulator.ready["env"] | {"TERM": "xterm"}
    with os.fdopen(theirs, "wb") as stderr:
        process = subprocess.Popen(
            [*words, "--person", "id"], env=env, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=stderr,
        )  # fmt: skip
        out, _ = process.communicate(b"id\n1\n", timeout=30)
    drawn = os.read(mine, 100_000).decode()
    os.close(mine)

    assert process.returncode == 0
    assert "100%" in drawn
    assert "delivered" in drawn
    assert b"\x1b" not in out


def test_a_key_refused_once_is_no_reason_to_end(ferryman: Ferryman, emulator: Emulated) -> None:
    """One 401 on the way, and everything is delivered all the same."""
    emulator.faults({"status": 401, "count": 1})

    ran = ferryman(
        "import", "-", "--format", "csv", "--event", "e", "--person", "id", stdin="id\n1\n"
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert emulator.summary()["faults"] == 1


def test_a_memory_outbox_will_do(ferryman: Ferryman, emulator: Emulated) -> None:
    """With CUSTOMERIO_OUTBOX=memory: an import works, and says what is lost when it cannot."""
    words = ("import", "-", "--format", "csv", "--event", "e", "--person", "id", "--json")

    ran = ferryman(*words, stdin="id\n1\n2\n", CUSTOMERIO_OUTBOX="memory:")
    lost = ferryman(
        *words, stdin="id\n3\n", CUSTOMERIO_OUTBOX="memory:", CUSTOMERIO_TRACK_API_KEY="wrong"
    )

    assert (ran.returncode, figures(ran)["delivered"]) == (0, 2)
    assert (lost.returncode, figures(lost)["pending"]) == (1, 1)
    assert "lost 1 event that waited in memory" in lost.stderr
    assert emulator.summary()["events"] == 2


def test_reading_waits_for_a_customerio_that_does_not_answer(
    begin: Begin, emulator: Emulated, tmp_path: Path
) -> None:
    """However large the file, no more than a bound is accepted ahead of its delivery."""
    emulator.faults({"status": 503})
    file = tmp_path / "large.csv"
    file.write_text("id\n" + "1\n" * 120_000)
    process = begin(
        "import", file, "--event", "e", "--person", "id", "--json",
        **emulator.ready["env"], CUSTOMERIO_OUTBOX=f"sqlite:///{tmp_path / 'outbox.db'}",
    )  # fmt: skip
    store = SqliteStore(tmp_path / "outbox.db", workspace="emulator")
    until(lambda: store.last() > 100_000, 60)
    time.sleep(1)  # in which 10,000 rows more would be read, if nothing held it back

    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    store.close()

    assert json.loads(out)["accepted"] == 101_000


@pytest.mark.parametrize(
    ("env", "words", "says"),
    [
        ({}, (), ["CUSTOMERIO_SITE_ID=", "CUSTOMERIO_TRACK_API_KEY=", "CUSTOMERIO_MODE=off"]),
        ({"CUSTOMERIO_APP_API_KEY": "marker"}, (), ["CUSTOMERIO_SITE_ID=", "PRIVATE_KEY=sk_us_"]),
        (
            {"CUSTOMERIO_PRIVATE_KEY": "sk_us_marker"},
            ("--to", "marker"),
            ["--to must be an origin", "such as https://track.customer.io"],
        ),
        ({}, ("--to", "https://u:marker@x"), ["--to must be an origin", "CUSTOMERIO_SITE_ID="]),
        (
            {"CUSTOMERIO_REGION": "marker"},
            ("--to", "marker"),
            ["--to must be an origin", "CUSTOMERIO_REGION must be"],
        ),
    ],
)
def test_settings_that_cannot_work_are_told_all_at_once(
    command: Callable[..., Ran], env: dict[str, str], words: tuple[str, ...], says: list[str]
) -> None:
    """The lines to write and what an origin is come in one error, code 2, no value shown."""
    ran = command("import", "-", "--event", "e", "--person", "id", *words, **env)

    assert (ran.returncode, ran.stdout) == (2, "")
    assert [each for each in says if each not in ran.stderr] == []
    assert "marker" not in ran.stderr
