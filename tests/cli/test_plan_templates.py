"""`ferryman plan templates`: files in, findings with their places out, exit codes fit for CI."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Ran

Ferry = Callable[..., Ran]
MODULE = """
from ferryman.plan import Event, MessageData, TrackingPlan

class OrderPlaced(Event):
    total: float
    note: str | None = None

class SignedUp(Event):
    plan: str

class Receipt(MessageData):
    total: float

plan = TrackingPlan([OrderPlaced, SignedUp], messages=[Receipt])
"""
GOOD = "{{ event.total }}{{ event.note | default: 'none' }}"


@pytest.fixture
def plan(tmp_path: Path, bare_env: dict[str, str]) -> Ferry:
    """Run `ferryman plan` where shop.py is."""
    (tmp_path / "shop.py").write_text(MODULE)

    def run(*words: str) -> Ran:
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "ferryman", "plan", *words],
            env=bare_env, cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


@pytest.fixture
def ferry(plan: Ferry) -> Ferry:
    """Hold templates against the plan of shop.py."""
    return lambda *words: plan("templates", "shop:plan", *words)


def write(folder: Path, **texts: str) -> None:
    """Write templates; `order_placed__a` is order_placed/a.liquid."""
    for name, text in texts.items():
        path = folder / f"{name.replace('__', '/')}.liquid"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("source", "words", "code"),
    [
        (GOOD, (), 0),
        (GOOD, ("--strict",), 0),
        ("{{ event.totl }}", (), 1),
        ("{{ event.total }}", (), 0),
        ("{{ event.total }}", ("--strict",), 1),
        ("{{ event.total }}", ("--strict", "--ignore-unused"), 0),
        ("{{ event.total }}{{ event.note }}", ("--strict", "--ignore-unused"), 1),
        ("{% if %}", (), 1),
        (GOOD, ("--json", "--github"), 2),
        (GOOD, ("--event", "nope"), 2),
        (GOOD, ("--event", "signed_up", "--message", "receipt"), 2),
        (GOOD, ("--suffix", ".txt"), 2),
        (GOOD, ("absent",), 2),
    ],
)
def test_it_exits_as_ci_wants(
    ferry: Ferry, tmp_path: Path, source: str, words: tuple[str, ...], code: int
) -> None:
    """0 for nothing wrong, 1 for errors (with --strict for warnings), 2 for wrong usage."""
    write(tmp_path, mails__order_placed=source)

    ran = ferry("mails", *words)

    assert (ran.returncode, "Traceback" in ran.stderr) == (code, False)
    assert (ran.stdout == "") == (code == 2)


def test_it_tells_people(ferry: Ferry, tmp_path: Path) -> None:
    """Each finding stands with its file, line and column, and the figures at the end."""
    write(tmp_path, mails__order_placed__a="\n {{ event.totl }}", mails__b="{{ event.total }}")

    ran = ferry("mails")

    assert (
        "error    mails/order_placed/a.liquid:2:5: event.totl: the event order_placed has no field "
        "totl: did you mean total?\n"
    ) in ran.stdout
    assert "warning  event order_placed: no template reads note\n" in ran.stdout
    assert ran.stdout.endswith("\n\n2 templates, 1 error, 1 warning\n")


def test_it_says_when_it_cannot_tell_what_a_template_is_for(ferry: Ferry, tmp_path: Path) -> None:
    """Such a template may read what any event or message has, which catches less."""
    write(tmp_path, mails__b="{{ trigger.total }}")

    ran = ferry("mails")

    assert (ran.returncode, ran.stdout) == (0, "1 template, 0 errors, 0 warnings\n")
    assert "1 template may be for several events or messages" in ran.stderr
    assert ferry("mails", "--message", "receipt").stderr == ""


def test_it_tells_programs(ferry: Ferry, tmp_path: Path) -> None:
    """--json is one document with the figures and every finding."""
    write(tmp_path, mails__order_placed="{{ event.totl }}")

    found = json.loads(ferry("mails", "--json").stdout)

    assert (found["errors"], found["warnings"], found["read"]) == (1, 2, 1)
    assert found["for"] == {"event order_placed": 1}
    assert found["findings"][0] == {
        "where": "mails/order_placed.liquid", "line": 1, "column": 4, "level": "error",
        "rule": "variable", "what": "event.totl: the event order_placed has no field totl",
        "hint": "total",
    }  # fmt: skip


def test_it_annotates_for_github(ferry: Ferry, tmp_path: Path) -> None:
    """--github gives the place in the file, and escapes what the form keeps for itself."""
    write(tmp_path, **{"mails__100%": "{% comment %}ferryman: event=order_placed{% endcomment %}\n"
                                      "{{ unsubscribe_url }}{{ event.total }}"})  # fmt: skip

    ran = ferry("mails", "--github")

    at = "file=mails/100%25.liquid,line=2,col=4,title=variable"
    assert ran.stdout.startswith(f"::error {at}::unsubscribe_url is a tag")
    assert "did you mean {%25 unsubscribe_url %25}?\n" in ran.stdout
    assert "::warning title=unused%3A event order_placed::no template reads note\n" in ran.stdout


def test_what_cannot_be_read_is_told_and_the_rest_goes_on(ferry: Ferry, tmp_path: Path) -> None:
    """A file that is no text and a template that is no Liquid do not hide the others' findings."""
    write(tmp_path, mails__b="{% for %}", mails__c="{{ event.totl }}", mails__e="a" * 4_000_001)
    (tmp_path / "mails" / "a.html").write_bytes(b"\xff\xfe")

    ran = ferry("mails")

    assert "mails/a.html:1:1: is not UTF-8" in ran.stdout
    assert "mails/e.liquid:1:1: is larger than 4,000,000 bytes" in ran.stdout
    assert "mails/b.liquid:1:4: missing expression" in ran.stdout
    assert "mails/c.liquid:1:4: event.totl" in ran.stdout
    assert ran.returncode == 1


def test_a_folder_is_read_by_its_suffixes_and_a_file_as_it_is(ferry: Ferry, tmp_path: Path) -> None:
    """Hidden folders, links and other files are left alone; a file that is named is read."""
    write(tmp_path, mails__a=GOOD, **{"mails__.git__b": "{{ nope }}", "elsewhere__c": "{{ nope }}"})
    (tmp_path / "mails" / "logo.svg").write_text("{{ nope }}")
    (tmp_path / "mails" / "link").symlink_to(tmp_path / "elsewhere")

    assert json.loads(ferry("mails", "--json").stdout)["read"] == 1
    assert json.loads(ferry("mails", "mails/logo.svg", "--json").stdout)["errors"] == 1


def test_the_plan_may_be_a_document(plan: Ferry, tmp_path: Path) -> None:
    """A plan in a file gives what the classes give."""
    write(tmp_path, mails__order_placed="{{ event.totl }}")
    (tmp_path / "plan.json").write_text(plan("schema", "shop:plan").stdout)

    ran = plan("templates", "plan.json", "mails")

    assert ran.returncode == 1
    assert ran.stdout == plan("templates", "shop:plan", "mails").stdout
