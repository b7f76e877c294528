"""`ferryman plan check`: a shop with mistakes, told to people, to programs, and to GitHub."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Ran

from ferryman.plan.review import RULES

Check = Callable[..., Ran]
EVENTS = """
from ferryman.plan import Event, TrackingPlan

class SignedUp(Event, owner="growth"):
    '''Somebody signed up.'''
    method: str

class LoggedOut(Event, owner="growth"):
    '''Somebody left.'''

plan = TrackingPlan([SignedUp, LoggedOut])
"""
VIEWS = """
from ferryman import get_outbox
from shop.events import LoggedOut, SignedUp

raise RuntimeError("what is scanned must never run")

def views(name):
    get_outbox().track("1", SignedUp(method="x"))
    get_outbox().track("1", LoggedOut())
"""
WRONG = '    get_outbox().track("1", "signd_up")\n'
BY_NAME = '    get_outbox().track("1", "logged_out")\n'
DARK = '    get_outbox().track("1", name)\n'


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A directory with the package shop, whose plan and use of it are right."""
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "events.py").write_text(EVENTS)
    (package / "views.py").write_text(VIEWS)
    return tmp_path


@pytest.fixture
def check(shop: Path, bare_env: dict[str, str]) -> Check:
    """Run `ferryman plan check` in the shop."""

    def run(*words: str) -> Ran:
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "ferryman", "plan", "check", *words],
            env=bare_env, cwd=shop, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


def says(shop: Path, *lines: str) -> None:
    """Let the views of the shop say *lines*, too."""
    (shop / "shop" / "views.py").write_text(VIEWS + "".join(lines))


@pytest.mark.parametrize(
    ("line", "words", "code"),
    [
        ("", (), 0),
        ("", ("--strict",), 0),
        (BY_NAME, (), 0),
        (BY_NAME, ("--strict",), 1),
        (DARK, ("--strict",), 0),
        (WRONG, (), 1),
        (WRONG, ("--ignore", "undeclared-event"), 0),
        (WRONG, ("--select", "plan"), 0),
        (WRONG, ("--select", "code"), 1),
        (WRONG, ("--select", "name-style,undeclared-event"), 1),
        (WRONG, ("--select", "code", "--ignore", "undeclared-event"), 0),
        (WRONG, ("--exclude", "views.py"), 0),
        (WRONG, ("--exclude", "shop/v*.py"), 0),
        (WRONG, ("--exclude", "shop"), 0),
        (WRONG, ("--exclude", "other"), 1),
        (WRONG, ("shop/views.py",), 1),
        (WRONG, ("shop/events.py",), 0),
        (WRONG, ("nowhere",), 2),
        (WRONG, ("--select", "undeclared"), 2),
        (WRONG, ("--json", "--github"), 2),
    ],
)
def test_the_exit_code_is_fit_for_ci(
    shop: Path, check: Check, line: str, words: tuple[str, ...], code: int
) -> None:
    """0 for nothing wrong, 1 for an error (or a warning with --strict), 2 for wrong usage."""
    says(shop, line)

    ran = check("shop.events:plan", *words)

    assert ran.returncode == code, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr


def test_people_read_place_rule_and_advice(shop: Path, check: Check) -> None:
    """A line begins as editors link it; the advice follows, and figures end it."""
    says(shop, WRONG, DARK)

    lines = check("shop.events:plan").stdout.splitlines()

    assert lines == [
        "shop/views.py:10: error [undeclared-event] track(): 'signd_up' is not in the plan",
        "    is signed_up meant? otherwise declare the event"
        f" (why: {RULES['undeclared-event'].why})",
        "shop/views.py:11: note [unreadable-name] track(): name could not be read",
        f"    {RULES['unreadable-name'].advice} (why: {RULES['unreadable-name'].why})",
        "",
        "Read 3 files, 4 calls, 1 with an event that could not be read.",
        "1 error, 0 warnings, 1 note",
    ]


def test_a_clean_code_base_is_told_in_a_sentence(check: Check) -> None:
    """Where nothing is wrong, that is said, with what was read."""
    assert check("shop.events:plan").stdout == "Read 3 files, 2 calls.\nNothing is wrong.\n"


def test_programs_get_one_document(shop: Path, check: Check) -> None:
    """--json has figures, and each finding with its reason."""
    says(shop, WRONG)

    found = json.loads(check("shop.events:plan", "--json").stdout)

    (finding,) = found.pop("findings")
    assert found == {
        "errors": 1, "warnings": 0, "notes": 0, "files": 3, "calls": 3, "unreadable": 0,
    }  # fmt: skip
    assert finding == {
        "rule": "undeclared-event",
        "severity": "error",
        "file": "shop/views.py",
        "line": 10,
        "where": "track()",
        "what": "'signd_up' is not in the plan",
        "why": RULES["undeclared-event"].why,
        "advice": "is signed_up meant? otherwise declare the event",
    }


def test_github_gets_annotations(shop: Path, check: Check) -> None:
    """Each finding is an annotation of its level at its line."""
    says(shop, WRONG, BY_NAME, DARK)

    lines = check("shop.events:plan", "--github").stdout.splitlines()

    assert [line.partition(",title=")[0] for line in lines] == [
        "::error file=shop/views.py,line=10",
        "::warning file=shop/views.py,line=11",
        "::notice file=shop/views.py,line=12",
    ]
    assert lines[0].startswith(
        "::error file=shop/views.py,line=10,title=undeclared-event%3A track()::'signd_up' is not"
    )


def test_findings_about_the_plan_stand_at_its_classes(shop: Path, check: Check) -> None:
    """The line is that of the class or of the field, also where the plan is elsewhere."""
    (shop / "plans.py").write_text(
        "from ferryman import Event, TrackingPlan\n"
        "class Paid(Event, owner='us'):\n"
        "    '''Paid.'''\n"
        "    email: str\n"
        "plan = TrackingPlan([Paid])\n"
    )

    ran = check("plans:plan", "shop", "--select", "personal-unmarked")

    assert ran.stdout.startswith("plans.py:4: warning [personal-unmarked] event paid: email: ")


def test_a_file_is_checked_as_a_plan(shop: Path, check: Check) -> None:
    """A plan kept at Segment is held against the rules, and against the code."""
    rules = {"properties": {"recipient": {"type": "string"}}}
    events = [{"name": "Signed Up", "rules": rules}, {"name": "Logged Out"}]
    (shop / "plan.json").write_text(json.dumps({"rules": {"events": events}}))

    found = json.loads(check("plan.json", "--json", "--ignore", "description-missing").stdout)

    assert [(e["file"], e["line"], e["rule"], e["where"]) for e in found["findings"]] == [
        ("plan.json", 0, "owner-missing", "plan"),
        ("plan.json", 0, "reserved-name", "event Signed Up: recipient"),
        ("plan.json", 0, "unused-event", "event Logged Out"),
        ("plan.json", 0, "unused-event", "event Signed Up"),
    ]


@pytest.mark.parametrize(
    "place",
    [
        ".venv/x.py",
        ".hidden/x.py",
        "node_modules/x.py",
        "build/x.py",
        "dist/x.py",
        ".x.py",
        "x.txt",
        "any/pyvenv.cfg+any/lib/x.py",
    ],
)
def test_what_is_not_the_code_base_is_left_out(shop: Path, check: Check, place: str) -> None:
    """Environments, packages of others, what was built, and what is hidden is not read."""
    for name in place.split("+"):
        path = shop / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("from ferryman import get_outbox\nget_outbox().track('1', 'signd_up')\n")

    assert check("shop.events:plan").returncode == 0


def test_a_file_in_another_encoding_is_read(shop: Path, check: Check) -> None:
    """The encoding that a file declares counts; one that breaks its own is read all the same."""
    text = '# coding: latin-1\n# ü\nfrom ferryman import get_client\nget_client().track("1", "ü")\n'
    (shop / "latin.py").write_bytes(text.encode("latin-1"))
    (shop / "broken.py").write_bytes(text.replace("latin-1", "ascii").encode("latin-1"))

    found = json.loads(check("shop.events:plan", "--json").stdout)["findings"]

    assert [(each["rule"], each["file"], each["line"]) for each in found] == [
        ("undeclared-event", "broken.py", 4),
        ("undeclared-event", "latin.py", 4),
    ]


def test_rules_lists_each_with_its_reason(check: Check) -> None:
    """--rules needs no plan, and says of every rule what it finds, why, and what to do."""
    ran = check("--rules")

    assert ran.returncode == 0
    for name, rule in RULES.items():
        assert f"  {name} ({rule.severity}" in ran.stdout
        assert rule.why in ran.stdout
    assert [each["rule"] for each in json.loads(check("--rules", "--json").stdout)] == list(RULES)


def test_a_rule_that_is_off_can_be_selected(check: Check) -> None:
    """Descriptions of fields are asked for by name."""
    ran = check("shop.events:plan", "--select", "field-description-missing")

    assert "event signed_up: method: has no description" in ran.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "PLAN is missing: give MODULE:PLAN, such as shop.events:plan"),
        (("shop.events:plan", "--select", "undeclared-evnt"), "is undeclared-event meant?"),
        (("shop.events:plan", "nowhere"), "there is no file or folder nowhere"),
        (("nowhere:plan",), "there is no module nowhere here"),
        (("nowhere.json",), "cannot read nowhere.json"),
    ],
)
def test_wrong_usage_is_told_in_a_sentence(check: Check, words: tuple[str, ...], told: str) -> None:
    """What cannot be is told without a traceback."""
    ran = check(*words)

    assert (ran.returncode, ran.stdout) == (2, "")
    assert told in ran.stderr
    assert "Traceback" not in ran.stderr


def test_help_tells_the_codes(check: Check) -> None:
    """`--help` says what the exit codes mean."""
    assert "Exit code: 0" in check("--help").stdout
