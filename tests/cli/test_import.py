"""`ferryman import` over small files: each rule of it once."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Emulated, Ran

from ferryman.outbox.stores.sqlite import SqliteStore

Ferryman = Callable[..., Ran]
Begin = Callable[..., "subprocess.Popen[str]"]


def figures(ran: Ran) -> dict[str, Any]:
    """The summary of `--json`."""
    return json.loads(ran.stdout)


def adds_up(summary: dict[str, Any]) -> bool:
    """Whether read = accepted + refused and accepted = delivered + dead + pending."""
    settled = summary["delivered"] + summary["dead"] + summary["pending"]
    return summary["read"] == summary["accepted"] + summary["refused"] and (
        summary["accepted"] == settled
    )


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until *condition* holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.02)


def test_csv_becomes_events(ferryman: Ferryman, emulator: Emulated, tmp_path: Path) -> None:
    """Cells are text unless --types says; person and time say who and when and are no data."""
    file = tmp_path / "orders.csv"
    file.write_text(
        "id,on,items,total,gift,code\n"
        "007,19970101,1,11.77,true,0042\n"
        "007,1997-01-02T00:00:00+01:00,,12.00,no,\n"
    )

    ran = ferryman(
        "import", file, "--event", "bought", "--person", "id", "--at", "on",
        "--types", "items=int,total=float,gift=bool", "--json",
    )  # fmt: skip

    assert (ran.returncode, ran.stderr) == (0, "")
    assert adds_up(figures(ran))
    first = {"items": 1, "total": Decimal("11.77"), "gift": True, "code": "0042"}
    second = {"items": None, "total": 12, "gift": False, "code": ""}
    assert [(each["name"], each["data"], each["timestamp"]) for each in emulator.events("007")] == [
        ("bought", first, 852076800),
        ("bought", second, 852159600),
    ]


def test_ndjson_becomes_events(ferryman: Ferryman, emulator: Emulated) -> None:
    """Values of NDJSON keep their types, a person that is a number becomes its digits."""
    lines = (
        '{"who": 42, "at": 1700000000, "price": 1.10, "tags": ["a"], "deep": {"x": null}}\n'
        '{"who": "42", "at": "1700000000123"}\n'
    )

    ran = ferryman(
        "import", "-", "--format", "ndjson", "--event", "seen", "--person", "who", "--at", "at",
        stdin=lines,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stderr
    assert [(event["data"], event["timestamp"]) for event in emulator.events("42")] == [
        ({"price": Decimal("1.10"), "tags": ["a"], "deep": {"x": None}}, 1700000000),
        ({}, 1700000000),
    ]


def test_a_row_that_is_no_event_is_refused_and_the_rest_goes_on(
    ferryman: Ferryman, emulator: Emulated, tmp_path: Path
) -> None:
    """Refused rows are told by line and rule, never by value; the others arrive; the code is 1."""
    file = tmp_path / "orders.csv"
    file.write_text("id,on,n\n1,19970101,1\n ,19970101,1\n3,soon,1\n4,19970101,many\n5,19970101\n")

    ran = ferryman(
        "import", file, "--event", "e", "--person", "id", "--at", "on", "--types", "n=int"
    )

    assert ran.returncode == 1
    assert emulator.summary()["events"] == 1
    assert ran.stderr.splitlines() == [
        "ferryman: 4 rows were refused:",
        "  line 3: person: must not be empty or blank",
        "  line 4: at: must be ISO 8601, or digits: 8 a date, 10 seconds, 13 milliseconds",
        "  line 5: n: is not a whole number (int)",
        "  line 6: has 2 cells, the header has 3",
    ]


def test_ten_refused_rows_are_told_and_all_are_counted(
    ferryman: Ferryman, emulator: Emulated
) -> None:
    """However many rows are refused, ten are told one by one, and the figures hold them all."""
    lines = "".join('{"a": 1}\n' if n % 2 else '{"who": "x"}\n' for n in range(5_000))

    ran = ferryman(
        "import", "-", "--format", "ndjson", "--event", "e", "--person", "who", "--json",
        stdin=lines,
    )  # fmt: skip

    summary = figures(ran)
    assert adds_up(summary)
    assert (summary["read"], summary["refused"], summary["people"]) == (5_000, 2_500, 1)
    assert [refusal["line"] for refusal in summary["refusals"]] == list(range(2, 21, 2))
    assert "and 2,490 more" in ran.stderr
    assert emulator.summary()["events"] == 2_500


def test_running_it_again_says_nothing_twice(
    ferryman: Ferryman, emulator: Emulated, tmp_path: Path
) -> None:
    """Equal rows are events of their own; the same import run again adds none."""
    file = tmp_path / "orders.csv"
    file.write_text("id,n\n" + "1,1\n" * 3)
    words = ("import", file, "--event", "e", "--person", "id")

    first, second = ferryman(*words), ferryman(*words)

    assert (first.returncode, second.returncode) == (0, 0)
    assert (emulator.summary()["events"], emulator.summary()["repeats"]) == (3, 3)


def test_what_customerio_refuses_is_dead(
    ferryman: Ferryman, emulator: Emulated, bare_env: dict[str, str]
) -> None:
    """Items that a 207 names are dead, counted, and kept aside; the code is 1."""
    emulator.faults({"partial": 0.5, "seed": 1})

    ran = ferryman(
        "import", "-", "--format", "csv", "--event", "e", "--person", "id", "--json",
        stdin="id\n" + "".join(f"{n}\n" for n in range(100)),
    )  # fmt: skip

    summary = figures(ran)
    assert ran.returncode == 1
    assert adds_up(summary)
    assert 0 < summary["dead"] == 100 - emulator.summary()["events"]
    assert sum(summary["deaths"].values()) == summary["dead"]
    assert summary["outbox"].startswith(f"sqlite:///{bare_env['TMPDIR']}")


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


def test_to_wins_over_the_settings(ferryman: Ferryman, emulator: Emulated) -> None:
    """`--to` says where the Track API is, whatever the settings say."""
    ran = ferryman(
        "import", "-", "--format", "csv", "--event", "e", "--person", "id",
        "--to", emulator.ready["url"], stdin="id\n1\n", CUSTOMERIO_TRACK_URL="http://127.0.0.1:1",
    )  # fmt: skip

    assert ran.returncode == 0, ran.stderr
    assert emulator.summary()["events"] == 1


def test_an_outbox_of_the_settings_is_used_and_its_own_entries_counted_apart(
    ferryman: Ferryman, emulator: Emulated, tmp_path: Path
) -> None:
    """What waited in CUSTOMERIO_OUTBOX before is delivered too, and is none of this run's."""
    outbox = f"sqlite:///{tmp_path / 'outbox.db'}"
    words = ("import", "-", "--format", "csv", "--event", "e", "--person", "id", "--json")
    before = ferryman(
        *words, stdin="id\n1\n2\n", CUSTOMERIO_OUTBOX=outbox, CUSTOMERIO_TRACK_API_KEY="wrong"
    )

    ran = ferryman(*words, stdin="id\n3\n", CUSTOMERIO_OUTBOX=outbox)

    assert figures(before)["pending"] == 2
    assert (ran.returncode, figures(ran)["accepted"], figures(ran)["delivered"]) == (0, 1, 1)
    assert emulator.summary()["events"] == 3
    assert (tmp_path / "outbox.db").exists()


def test_a_private_spool_goes_when_everything_arrived(
    ferryman: Ferryman, emulator: Emulated, tmp_path: Path
) -> None:
    """Nothing of a finished import stays on the disk."""
    ran = ferryman(
        "import", "-", "--format", "csv", "--event", "e", "--person", "id",
        stdin="id\n1\n", TMPDIR=str(tmp_path),
    )  # fmt: skip

    assert ran.returncode == 0, ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_mode_off_checks_and_sends_nothing(ferryman: Ferryman, emulator: Emulated) -> None:
    """With CUSTOMERIO_MODE=off everything is checked and counted, and nothing arrives."""
    ran = ferryman(
        "import", "-", "--format", "csv", "--event", "e", "--person", "id",
        stdin="id\n1\n", CUSTOMERIO_MODE="off",
    )  # fmt: skip

    assert ran.returncode == 0, ran.stderr
    assert "nothing was sent" in ran.stdout
    assert emulator.summary()["requests"] == 0


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
    assert "1 events waited in memory and are lost" in lost.stderr
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
    store = SqliteStore(tmp_path / "outbox.db")
    until(lambda: store.last() > 100_000, 60)
    time.sleep(1)  # in which 10,000 rows more would be read, if nothing held it back

    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    store.close()

    assert json.loads(out)["accepted"] == 101_000
