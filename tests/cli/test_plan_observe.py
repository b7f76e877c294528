"""`ferryman plan observe`: each source against the plan, and what is proposed of it."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Emulated, Ran, until

from ferryman import Account, Client, Observing, Outbox

Ferry = Callable[..., Ran]
PLAN = """
from typing import Literal
from ferryman.plan import Event, Person, TrackingPlan

class Paid(Event):
    method: Literal["card", "sepa"]
    total: float

class Left(Event, deprecated="paid"):
    pass

class Asked(Event):
    pass

class Shopper(Person):
    plan: str

plan = TrackingPlan([Paid, Left, Asked], person=Shopper)
"""
RIGHT = {"type": "track", "event": "paid", "properties": {"method": "card", "total": 1.5}}


@pytest.fixture
def ferry(tmp_path: Path, bare_env: dict[str, str]) -> Ferry:
    """Run `ferryman plan` in a directory with a module `shop` that has a plan."""
    (tmp_path / "shop.py").write_text(PLAN)

    def run(*words: str | Path, stdin: str = "") -> Ran:
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "ferryman", "plan", *map(str, words)],
            env=bare_env, cwd=tmp_path, input=stdin, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


def ndjson(*rows: Any) -> str:
    """Return *rows* as lines."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def observe(ferry: Ferry, *words: str | Path, rows: tuple[Any, ...] = ()) -> Ran:
    """Observe *rows*, NDJSON at stdin."""
    return ferry("observe", "-", "--format", "ndjson", *words, stdin=ndjson(*rows))


# -- against a plan


def test_the_lines_that_a_class_lacks_are_told(ferry: Ferry) -> None:
    """Whoever reads what deviates may paste what mends it; programs find it under `fields`."""
    more = {**RIGHT, "properties": {"method": "card", "total": 1.5, "channel": "web"}}

    told = observe(ferry, "--plan", "shop:plan", rows=(RIGHT, more))
    read = observe(ferry, "--plan", "shop:plan", "--json", rows=(RIGHT, more))

    line = "    channel: str | msgspec.UnsetType = msgspec.UNSET"
    assert told.returncode == 1
    assert f"\n\nTo declare it, add to the class of event paid:\n{line}\n\n1 dev" in told.stdout
    assert json.loads(read.stdout)["fields"] == [{"where": "event paid", "lines": [line]}]


def test_what_is_as_the_plan_says_is_told_and_is_0(ferry: Ferry) -> None:
    """Nothing that deviates: 0; with --strict 1, for what was never seen."""
    ran = observe(ferry, "--plan", "shop:plan", rows=(RIGHT,))

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == [
        "             seen  plan",
        "event paid      1  as declared",
        "event asked     0  never seen",
        "event left      0  never seen",
        "",
        "unseen      event asked: was never seen",
        "unseen      event left: is deprecated, and never seen",
        "unseen      people: were never seen",
        "3 never seen",
    ]
    assert observe(ferry, "--plan", "shop:plan", "--strict", rows=(RIGHT,)).returncode == 1


def test_each_kind_of_difference_is_told_with_its_count(ferry: Ferry) -> None:
    """Undeclared events with their fields, deviations with how often, deprecated events."""
    rows = (
        RIGHT,
        {**RIGHT, "properties": {"method": "cash", "total": "1", "coupon": "x"}},
        {**RIGHT, "properties": {"total": 1}},
        {"event": "opened", "properties": {"email": "ann@example.com", "n": [1]}},
        {"event": "left", "properties": {}},
        {"type": "identify", "traits": {"plan": 1}},
        {"type": "page", "name": "home"},
    )
    ran = observe(ferry, "--plan", "shop:plan", rows=rows)

    assert ran.returncode == 1
    assert "event opened     1  not in the plan\n  email          1  string (email), personal?" in (
        ran.stdout
    )
    for told in (
        'deviates    event paid: method: expected "card" or "sepa" (1 of 3)',
        "deviates    event paid: method: is missing (1 of 3)",
        "deviates    event paid: total: expected number, got string (1 of 3)",
        "deviates    event paid: coupon: is not declared (1 of 3)",
        "deviates    people: plan: expected string, got integer (1 of 1)",
        "deprecated  event left: is deprecated: say paid",
        "1 undeclared, 5 deviations, 1 deprecated, 1 never seen",
    ):
        assert told in ran.stdout
    assert "cash" not in ran.stdout
    assert "ann@" not in ran.stdout
    assert ran.stderr.startswith("1 row was neither an event nor attributes of a person")


def test_nothing_is_told_as_nothing(ferry: Ferry) -> None:
    """An empty export is no error."""
    ran = observe(ferry)

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "Nothing was seen.\n\n", "")


def test_ctrl_c_ends_it(begin: Callable[..., subprocess.Popen[str]]) -> None:
    """A signal while input is waited for says how far it came, and is the exit code."""
    process = begin("plan", "observe", "-", "--format", "ndjson")
    assert process.stdin is not None
    process.stdin.write(ndjson(RIGHT))
    process.stdin.flush()
    until(lambda: _sleeps(process.pid))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)

    assert (process.returncode, out) == (130, "")
    assert err.startswith("Stopped when ")


def _sleeps(pid: int) -> bool:
    """Whether the process waits with a handler of its own for SIGINT."""
    caught = re.search(r"SigCgt:\t(.*)", Path(f"/proc/{pid}/status").read_text())
    handlers = int(caught[1], 16) if caught else 0
    return bool(handlers & 1 << (signal.SIGTERM - 1))


def test_programs_get_one_document(ferry: Ferry, tmp_path: Path) -> None:
    """--json has the findings, and the counts in a form that is a source itself."""
    rows = (RIGHT, {**RIGHT, "properties": {"method": "cash", "total": 1}})
    found = json.loads(observe(ferry, "--json", "--plan", "shop:plan", rows=rows).stdout)
    (tmp_path / "observed.json").write_text(json.dumps(found["observed"]))
    again = json.loads(ferry("observe", "observed.json", "--json", "--plan", "shop:plan").stdout)

    assert found["counts"] == {"undeclared": 0, "deviates": 1, "deprecated": 0, "unseen": 3}
    assert found["findings"][0] == {
        "kind": "deviates", "where": "event paid", "what": 'method: expected "card" or "sepa"',
        "count": 1, "of": 2,
    }  # fmt: skip
    assert found["events"][0] == {"name": "paid", "seen": 2, "declared": True}
    assert found["rows"] == {"read": 2, "refused": 0, "passed_over": 0}
    assert "card" not in json.dumps(found["observed"])
    assert again["observed"] == found["observed"]


# -- sources


LINES = [
    RIGHT,
    {"name": "paid", "data": {"method": "card", "total": 1}, "person": "17"},
    {"event": "paid", "properties": '{"method": "card", "total": 1}'},
    {
        "type": "person", "action": "event", "name": "paid", "identifiers": {"id": "1"},
        "attributes": {"method": "card", "total": 1},
    },
]  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_lines_say_their_event_in_several_ways(ferry: Ferry, line: Any) -> None:
    """As Track, Segment and warehouses write them, also with the data as JSON in a text."""
    assert observe(ferry, "--plan", "shop:plan", rows=(line,)).returncode == 0


@pytest.mark.parametrize(
    "words", [("--event", "paid", "--event-column", "what"), ("--event", "paid"), ()]
)
def test_rows_say_their_event_as_the_options_say(ferry: Ferry, words: tuple[str, ...]) -> None:
    """One name for all rows or a column; two ways, or none that fits, are told."""
    row = {"what": "paid", "method": "card", "total": 1, "who": "17", "when": "2026-11-24"}
    columns = ("--event-column", "what", "--person", "who", "--at", "when")

    right = observe(ferry, *columns, "--plan", "shop:plan", rows=(row,))
    wrong = observe(ferry, *words, "--plan", "shop:plan", rows=(row,))

    assert right.returncode == 0
    assert wrong.returncode == (2 if len(words) == 4 else 1)


def test_csv_has_types_where_they_are_said(ferry: Ferry, tmp_path: Path) -> None:
    """Cells are text, which a plan with numbers tells; the option that helps is named."""
    (tmp_path / "paid.csv").write_text("who,method,total\n1,card,1.5\n2,sepa,2\n")
    words = ("observe", "paid.csv", "--event", "paid", "--person", "who", "--plan", "shop:plan")

    plain = ferry(*words)
    typed = ferry(*words, "--types", "total=float")

    assert (plain.returncode, typed.returncode) == (1, 0)
    assert "total: expected number, got string (2 of 2)" in plain.stdout
    assert plain.stderr.endswith("are always numbers: --types total=float\n")
    assert typed.stderr == ""


def test_rows_that_cannot_be_read_are_told_by_line(ferry: Ferry) -> None:
    """What is no event is counted and told by its line, without what it says."""
    ran = ferry(
        "observe", "-", "--format", "ndjson", stdin=ndjson(RIGHT) + '{"secret": 1}\nnot json\n'
    )

    assert ran.returncode == 1
    assert "event paid     1" in ran.stdout
    assert "2 rows could not be counted:\n  line 2: names no event with its data" in ran.stderr
    assert "  line 3: is not a JSON object" in ran.stderr
    assert "secret" not in ran.stderr


def test_a_broken_file_is_counted_up_to_where_it_is_broken(ferry: Ferry, tmp_path: Path) -> None:
    """Lines behind an error of CSV may stand inside a cell, and are counted as no event."""
    (tmp_path / "paid.csv").write_text('who,note\n1,a\n2,"a"b\n3,c\n"\n4,d\n')

    ran = ferry("observe", "paid.csv", "--event", "paid", "--person", "who")

    assert ran.returncode == 1
    assert "event paid     1" in ran.stdout
    assert "the file is broken at line 3: nothing from there on was read" in ran.stderr


def test_a_saved_document_is_a_source(ferry: Ferry, tmp_path: Path, emulator: Emulated) -> None:
    """What a client heard in production is held against the plan elsewhere."""
    observing = Observing()
    with Client(account(emulator), observers=(observing,)) as client:
        client.track("1", "paid", data={"method": "card"})
    observing.save(tmp_path / "observed.json")

    ran = ferry("observe", "observed.json", "--plan", "shop:plan")

    assert ran.returncode == 1
    assert "event paid: total: is missing (1 of 1)" in ran.stdout


def account(emulator: Emulated) -> Account:
    """An account that the emulator admits."""
    env = emulator.ready["env"]
    return Account(
        site_id=env["CUSTOMERIO_SITE_ID"],
        track_api_key=env["CUSTOMERIO_TRACK_API_KEY"],
        track_url=emulator.ready["url"],
    )


def test_the_emulator_is_a_source(ferry: Ferry, emulator: Emulated) -> None:
    """What any client said to the emulator is held against the plan."""
    with Client(account(emulator)) as client:
        client.track("1", "paid", data={"method": "cash", "total": 1})

    ran = ferry("observe", emulator.ready["url"], "--plan", "shop:plan")

    assert ran.returncode == 1
    assert 'event paid: method: expected "card" or "sepa" (1 of 1)' in ran.stdout


def test_an_outbox_is_a_source_and_stays_as_it_is(
    ferry: Ferry, tmp_path: Path, emulator: Emulated
) -> None:
    """What waits in an outbox is looked at, beside the process that has it open."""
    place = f"sqlite:///{tmp_path / 'spool.db'}"
    outbox = Outbox(place, account(emulator), relay="external")
    outbox.track("1", "paid", data={"method": "card", "total": "1"})
    outbox.delete("2")

    ran = ferry("observe", place, "--plan", "shop:plan")
    waiting = outbox.stats().pending
    outbox.close(0)

    assert "event paid: total: expected number, got string (1 of 1)" in ran.stdout
    assert (ran.returncode, waiting) == (1, 2)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("absent.json",), "absent.json cannot be read: No such file or directory"),
        (("absent.csv", "--event", "a"), "the file cannot be read: No such file or directory"),
        (("empty.json",), "empty.json is no document of what was observed; add --format ndjson"),
        (("paid.csv",), "a CSV file needs --event NAME or --event-column COLUMN"),
        (("paid.csv", "--event", " "), "--event: "),
        (("paid.csv", "--event", "a", "--at", "tim"), 'the header (the first line) has no column'),
        (("http://127.0.0.1:9",), "http://127.0.0.1:9 does not answer (ConnectError)"),
        (("sqlite:///absent.db",), "there is no outbox sqlite:///absent.db"),
        (("sqlite:///empty.json",), "sqlite:///empty.json cannot be read"),
        (("paid.csv", "--event", "a", "--plan", "shop:none"), "shop holds no TrackingPlan"),
        (("paid.csv", "--event", "a", "--propose", "shop.py"), "shop.py is there already"),
        (("paid.csv", "--event", "a", "--propose", "no/plan.py"), "there is no folder no"),
        (("paid.csv", "--event", "a", "--json", "--propose", "-"), "--json and --propose - both"),
    ],
)  # fmt: skip
def test_wrong_usage_is_told_in_a_sentence(
    ferry: Ferry, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    """What cannot be read, or cannot be meant, is 2 and one sentence."""
    (tmp_path / "empty.json").write_text("{}")
    (tmp_path / "paid.csv").write_text("time,total\n1,2\n")

    ran = ferry("observe", *words)

    assert ran.returncode == 2
    assert ran.stderr.startswith(f"ferryman: {told}")
    assert "Traceback" not in ran.stderr


# -- proposing


def test_what_is_proposed_is_a_plan_that_fits(ferry: Ferry, tmp_path: Path) -> None:
    """The module imports, says its schema, and what it was made of deviates nowhere."""
    rows = tuple(
        {"event": "Order Paid", "properties": {"method": ("card", "sepa")[n % 2], "total": n / 2}}
        for n in range(20)
    )
    first = observe(ferry, "--propose", "draft.py", "--values", rows=rows)
    source = (tmp_path / "draft.py").read_text()

    assert (first.returncode, first.stderr) == (0, "Proposed 1 class in draft.py.\n")
    assert 'method: Literal["card", "sepa"]' in source
    assert "Proposed by `ferryman plan observe`" in source
    assert ferry("schema", "draft:plan").returncode == 0
    assert observe(ferry, "--plan", "draft:plan", "--strict", rows=rows).returncode == 0


def test_without_values_no_text_of_the_data_stands_in_a_proposal(ferry: Ferry) -> None:
    """A Literal would show what customers said, so it takes --values; the hint says so."""
    rows = tuple({**RIGHT, "event": "new"} for _ in range(20))
    rows += tuple({"event": "new", "properties": {"method": "sepa", "total": 1}} for _ in range(20))

    ran = observe(ferry, "--propose", "-", rows=rows)

    assert "method: str\n" in ran.stdout
    assert "card" not in ran.stdout + ran.stderr
    assert ran.stderr.endswith("1 field has few values: --values proposes a Literal.\n")


def test_beside_a_plan_only_what_is_missing_is_proposed(ferry: Ferry) -> None:
    """Classes that the plan has are not written again; without any missing nothing is."""
    rows = (RIGHT, {"event": "opened", "properties": {}}, {"type": "identify", "traits": {"a": 1}})

    some = observe(ferry, "--plan", "shop:plan", "--propose", "-", rows=rows)
    none = observe(ferry, "--plan", "shop:plan", "--propose", "-", rows=(RIGHT,))

    assert "class Opened(Event)" in some.stdout
    assert "class Paid" not in some.stdout
    assert "Person" not in some.stdout
    assert none.stdout == ""
    assert none.stderr.endswith("Nothing is proposed: every event is declared.\n")


def test_a_relay_counts_what_it_delivers(
    ferryman: Ferry, ferry: Ferry, tmp_path: Path, emulator: Emulated
) -> None:
    """relay run --observe writes the counts, and a second run goes on from them."""
    place = f"sqlite:///{tmp_path / 'spool.db'}"
    file = tmp_path / "observed.json"
    workspace = emulator.ready["env"]["CUSTOMERIO_WORKSPACE"]
    for _ in range(2):
        options: dict[str, Any] = {"relay": "external", "workspace": workspace}
        with Outbox(place, account(emulator), **options) as outbox:
            outbox.track("1", "paid", data={"method": "card", "total": 1})
        ran = ferryman("relay", "run", "--once", "--observe", file, CUSTOMERIO_OUTBOX=place)
        assert ran.returncode == 0

    found = json.loads(ferry("observe", file, "--json", "--plan", "shop:plan").stdout)
    (tmp_path / "other.json").write_text("{}")
    wrong = ferryman(
        "relay", "run", "--once", "--observe", tmp_path / "other.json", CUSTOMERIO_OUTBOX=place
    )

    assert found["events"][0] == {"name": "paid", "seen": 2, "declared": True}
    assert (wrong.returncode, "is no document of what was observed" in wrong.stderr) == (2, True)


def test_a_large_export_is_read_to_its_end(ferry: Ferry, shared: Path) -> None:
    """The purchase log of 69,659 rows: every row is counted, and its proposal fits it."""
    log = shared / "data" / "purchases.csv"
    words = ("--event", "purchase", "--person", "customer_id", "--at", "date")
    types = ("--types", "number_of_cds=int,dollar_value=float")

    first = ferry("observe", log, *words, *types, "--propose", "draft.py")
    again = ferry("observe", log, *words, *types, "--plan", "draft:plan", "--strict", "--json")

    assert first.returncode == 0
    assert (again.returncode, json.loads(again.stdout)["rows"]["read"]) == (0, 69_659)
