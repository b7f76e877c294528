"""`ferryman import` over small files: each rule of it once."""

import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from tests.cli.conftest import Emulated, Ran, adds_up, figures

Ferryman = Callable[..., Ran]
Begin = Callable[..., "subprocess.Popen[str]"]


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
        "ferryman: refused 4 rows:",
        "  line 3: person: must not be empty or blank",
        "  line 4: at: must be ISO 8601, or digits: 8 a date, 10 seconds, 13 milliseconds",
        "  line 5: n: is not a whole number (int)",
        "  line 6: has 2 cells, the header has 3",
    ]


def test_a_long_cell_brings_no_rows_of_its_own(
    ferryman: Ferryman, emulator: Emulated, tmp_path: Path
) -> None:
    """A cell that is too large for an event is one refused row, whatever lines stand in it."""
    letter = "Dear shop, " + "x" * 131_100 + "\n\nvictim,refund approved\n\nbye"
    file = tmp_path / "letters.csv"
    file.write_text(f'customer,comment\nann,short\nmallory,"{letter}"\nbob,short\n')

    ran = ferryman("import", file, "--event", "e", "--person", "customer", "--json")

    summary = figures(ran)
    assert ran.returncode == 1
    assert (summary["read"], summary["refused"], summary["delivered"]) == (3, 1, 2)
    assert emulator.summary()["people"] == 2
    assert [refusal["line"] for refusal in summary["refusals"]] == [3]


def test_a_broken_file_is_imported_up_to_where_it_is_broken(
    ferryman: Ferryman, emulator: Emulated, tmp_path: Path
) -> None:
    """What stands before arrives, nothing behind is guessed at, and people learn how to go on."""
    file = tmp_path / "letters.csv"
    file.write_text('customer,comment\nann,a\nmallory,"a"b\nvictim,refund approved\nbye"\nbob,b\n')

    ran = ferryman("import", file, "--event", "e", "--person", "customer")

    assert ran.returncode == 1
    assert emulator.summary()["events"] == len(emulator.events("ann")) == 1
    assert "2 rows, not the whole file" in " ".join(ran.stdout.split())
    assert ran.stderr.splitlines() == [
        "ferryman: refused 1 row:",
        "  line 3: is not CSV: ',' expected after '\"'",
        "ferryman: the file is broken at line 3: nothing from there on was read",
        "To go on, import that line, corrected, and what follows it, under the header.",
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
