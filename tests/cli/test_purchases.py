"""The judged run: every purchase of a real log, once, in order, whatever goes wrong on the way."""

import csv
import json
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Emulated, Ran

PEOPLE, PURCHASES, DOLLARS = 23_570, 69_659, Decimal("2500315.63")
ROUGH = (
    {"share": 0.04, "status": 503},
    {"share": 0.03, "drop": "before"},
    {"share": 0.03, "drop": "after"},
)


@pytest.fixture(scope="module")
def log(shared: Path) -> Path:
    """The purchase log."""
    return shared / "data" / "purchases.csv"


@pytest.fixture(scope="module")
def expected(log: Path) -> dict[str, list[tuple[dict[str, Any], int]]]:
    """What each person has to have in the end: data and time, in the order of the file."""
    people = defaultdict(list)
    with log.open(newline="") as file:
        for row in csv.DictReader(file):
            data = {
                "number_of_cds": int(row["number_of_cds"]),
                "dollar_value": Decimal(row["dollar_value"]),
            }
            day = datetime.strptime(row["date"], "%Y%m%d").replace(tzinfo=UTC)
            people[row["customer_id"]].append((data, int(day.timestamp())))
    return people


def words(log: Path) -> tuple[str | Path, ...]:
    """The command as its users type it."""
    return (
        "import", log, "--event", "order_completed", "--person", "customer_id", "--at", "date",
        "--types", "number_of_cds=int,dollar_value=float", "--json",
    )  # fmt: skip


def assert_arrived(
    emulator: Emulated, expected: dict[str, list[tuple[dict[str, Any], int]]]
) -> None:
    """Every person has exactly their purchases, in order, and the figures are those of the log."""
    held = {
        person["identifiers"]["id"]: [(e["data"], e["timestamp"]) for e in person["events"]]
        for person in emulator.everybody()
    }
    summary = emulator.summary()
    dollars = sum(data["dollar_value"] for events in held.values() for data, _ in events)
    assert (summary["people"], summary["events"], dollars) == (PEOPLE, PURCHASES, DOLLARS)
    assert held == expected


def test_every_purchase_arrives(
    ferryman: Callable[..., Ran],
    emulator: Emulated,
    log: Path,
    expected: dict[str, list[tuple[dict[str, Any], int]]],
) -> None:
    """Into a Customer.io that works, every purchase arrives once and nothing is sent twice."""
    ran = ferryman(*words(log))

    summary = json.loads(ran.stdout)
    assert ran.returncode == 0, ran.stderr
    assert (summary["read"], summary["delivered"], summary["people"]) == (
        PURCHASES,
        PURCHASES,
        PEOPLE,
    )
    assert emulator.summary()["repeats"] == 0
    assert_arrived(emulator, expected)


def test_every_purchase_arrives_through_faults(
    ferryman: Callable[..., Ran],
    emulator: Emulated,
    log: Path,
    expected: dict[str, list[tuple[dict[str, Any], int]]],
) -> None:
    """A tenth of the requests answered 503 or dropped, before or after applying: the same."""
    seeds = [{"seed": seed} for seed in (3, 4, 5)]
    emulator.faults(*[fault | seed for fault, seed in zip(ROUGH, seeds, strict=True)])

    ran = ferryman(*words(log))

    summary = json.loads(ran.stdout)
    assert ran.returncode == 0, ran.stderr
    assert (summary["delivered"], summary["dead"], summary["pending"]) == (PURCHASES, 0, 0)
    assert emulator.summary()["faults"] >= 1
    assert summary["waits"] >= 1
    assert_arrived(emulator, expected)


@pytest.mark.parametrize("shared_outbox", [False, True], ids=["private", "outbox"])
def test_an_import_that_was_killed_is_run_again(
    begin: Callable[..., "subprocess.Popen[str]"],
    ferryman: Callable[..., Ran],
    emulator: Emulated,
    log: Path,
    expected: dict[str, list[tuple[dict[str, Any], int]]],
    tmp_path: Path,
    shared_outbox: bool,
) -> None:
    """kill -9 in the middle, then the same command: everything once, in order."""
    place = {"CUSTOMERIO_OUTBOX": f"sqlite:///{tmp_path / 'outbox.db'}"} if shared_outbox else {}
    process = begin(*words(log), **emulator.ready["env"], **place)
    while emulator.summary()["events"] <= 5_000:
        assert process.poll() is None, "it was over before it could be killed"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    arrived = emulator.summary()["events"]

    ran = ferryman(*words(log), **place)

    assert 5_000 < arrived < PURCHASES
    assert ran.returncode == 0, ran.stderr
    assert emulator.summary()["repeats"] >= arrived
    assert_arrived(emulator, expected)
