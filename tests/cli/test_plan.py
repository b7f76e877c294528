"""`ferryman plan`: exit codes fit for CI, one document for programs, annotations for GitHub."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Ran

Ferry = Callable[..., Ran]
MODULE = """
from typing import Literal
from ferryman.plan import Event, TrackingPlan

class SignedUp(Event):
    plan: {plan}

plan = TrackingPlan([SignedUp])
other = 1
"""


@pytest.fixture
def ferry(tmp_path: Path, bare_env: dict[str, str]) -> Ferry:
    """Run `ferryman plan` in a directory with the modules old, new, wide and some that fail."""
    (tmp_path / "old.py").write_text(MODULE.format(plan="Literal['free', 'pro']"))
    (tmp_path / "new.py").write_text(MODULE.format(plan="Literal['free']"))
    (tmp_path / "wide.py").write_text(MODULE.format(plan="str"))
    (tmp_path / "broken.py").write_text("1 / 0")
    (tmp_path / "lacking.py").write_text("import not_installed_anywhere")
    (tmp_path / "leaving.py").write_text("raise SystemExit(3)")

    def run(*words: str) -> Ran:
        return subprocess.run(
            [sys.executable, "-m", "ferryman", "plan", *words],
            env=bare_env, cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("old:plan", "old:plan"), 0),
        (("old:plan", "old:plan", "--strict"), 0),
        (("old:plan", "new:plan"), 1),
        (("old:plan", "wide:plan"), 0),
        (("old:plan", "wide:plan", "--strict"), 1),
        (("old:plan",), 2),
        (("old:plan", "new:plan", "--json", "--github"), 2),
    ],
)
def test_diff_exits_as_ci_wants(ferry: Ferry, words: tuple[str, ...], code: int) -> None:
    """0 for what is safe, 1 for what is breaking (or risky with --strict), 2 for wrong usage."""
    assert ferry("diff", *words).returncode == code


def test_diff_tells_people(ferry: Ferry) -> None:
    """Each change stands with its verdict and reason, and the figures at the end."""
    ran = ferry("diff", "old:plan", "new:plan")

    assert 'breaking  event signed_up: plan: value "pro" removed' in ran.stdout
    assert "campaigns that filter on it match none" in ran.stdout
    assert ran.stdout.endswith("1 breaking, 0 risky, 0 safe\n")


def test_diff_tells_programs(ferry: Ferry) -> None:
    """--json is one document with the figures and every change."""
    found = json.loads(ferry("diff", "old:plan", "wide:plan", "--json").stdout)

    assert (found["breaking"], found["risky"], found["safe"]) == (0, 1, 0)
    assert found["changes"][0].keys() == {"where", "what", "verdict", "reason"}


def test_diff_annotates_for_github(ferry: Ferry, tmp_path: Path) -> None:
    """--github names the file, escapes what the form keeps for itself, and errs as it should."""
    (tmp_path / "new.json").write_text(ferry("schema", "new:plan").stdout)
    (tmp_path / "old.json").write_text(ferry("schema", "old:plan").stdout.replace('"pro"', '"5%"'))

    ran = ferry("diff", "old.json", "new.json", "--github")

    title = "breaking%3A event signed_up%3A plan"
    assert ran.stdout.startswith(f'::error file=new.json,title={title}::value "5%25" removed: ')
    assert ran.stdout.count("\n") == 1
    assert ferry("diff", "old:plan", "wide:plan", "--github").stdout.startswith("::warning title=")


def test_schema_gives_the_same_bytes_and_python_comes_back(ferry: Ferry, tmp_path: Path) -> None:
    """The document of the generated module is the document it was generated from."""
    first = ferry("schema", "old:plan").stdout
    (tmp_path / "plan.json").write_text(first)

    ran = ferry("generate", "plan.json", "--out", "again.py")

    assert (ran.returncode, ran.stdout) == (0, "")
    assert ferry("schema", "again:plan").stdout == first
    assert ferry("generate", "plan.json").stdout == (tmp_path / "again.py").read_text()


def test_generate_reads_segments_plans(ferry: Ferry, tmp_path: Path) -> None:
    """A plan kept at Segment becomes classes."""
    event = {"name": "Order Paid", "rules": {"properties": {"total": {"type": "number"}}}}
    (tmp_path / "segment.json").write_text(json.dumps({"rules": {"events": [event]}}))

    ran = ferry("generate", "segment.json")

    assert (ran.returncode, "class OrderPaid(Event" in ran.stdout) == (0, True)


@pytest.mark.parametrize(
    ("schema", "error"),
    [
        ('{"allOf":[' * 100 + "{}" + "]}" * 100, "#/properties/x/allOf/0/allOf/0/allOf/0"),
        ('{"properties":{"a":' * 20 + "{}" + '},"anyOf":[{},{}]}' * 20, "leads to more than"),
        ('{"type":"number","maximum":1e400}', "#/properties/x/maximum: must be a finite number"),
        ('{"type":"string","pattern":"(a+)+$"}', "may take exponential time"),
        ("[" * 100_000 + "]" * 100_000, "plan.json is no JSON in UTF-8"),
    ],
    ids=["deep", "wide", "infinite", "slow", "too deep for JSON"],
)
def test_generate_ends_whatever_the_document_says(
    ferry: Ferry, tmp_path: Path, schema: str, error: str
) -> None:
    """What is too much is one sentence that names the place, and exit code 2."""
    (tmp_path / "plan.json").write_text('{"title":"a","properties":{"x":' + schema + "}}")

    ran = ferry("generate", "plan.json", "--out", "made.py")

    assert ran.returncode == 2
    assert ran.stderr.startswith("ferryman: plan.json ")
    assert error in ran.stderr
    assert not (tmp_path / "made.py").exists()


def test_typescript_from_a_module_and_from_its_document(ferry: Ferry, tmp_path: Path) -> None:
    """Both ways give the same types."""
    (tmp_path / "plan.json").write_text(ferry("schema", "old:plan").stdout)

    ran = ferry("typescript", "old:plan")

    assert 'plan: "free" | "pro";' in ran.stdout
    assert ferry("typescript", "plan.json").stdout == ran.stdout


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("nowhere:plan", "there is no module nowhere here"),
        ("old:other", "old holds no TrackingPlan named other"),
        ("old:absent", "old holds no TrackingPlan named absent"),
        ("old", "old is no MODULE:PLAN, such as shop.events:plan"),
        ("broken:plan", "broken cannot be imported: ZeroDivisionError"),
        ("leaving:plan", "leaving cannot be imported: SystemExit: 3"),
        ("lacking:plan", "lacking imports not_installed_anywhere, which is missing"),
    ],
)
def test_what_is_no_plan_is_told_in_a_sentence(ferry: Ferry, given: str, told: str) -> None:
    """A module that is missing, fails, or holds no plan is told, without a traceback."""
    ran = ferry("schema", given)

    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"ferryman: {told}")
    assert "Traceback" not in ran.stderr


def test_a_module_without_its_plan_is_told_how_to_say_it(ferry: Ferry) -> None:
    """What looks like a module is no file that is missing, but half of MODULE:PLAN."""
    ran = ferry("diff", "shop.events", "old:plan")

    assert (ran.returncode, ran.stdout) == (2, "")
    assert "a plan in a module is said so: shop.events:plan" in " ".join(ran.stderr.split())


@pytest.mark.parametrize("content", ["", "[]", "{}", "\x00", '{"x-ferryman": {"format": 99}}'])
def test_a_file_that_is_no_plan_is_told(ferry: Ferry, tmp_path: Path, content: str) -> None:
    """A file that holds no plan is wrong usage, and so is one that is not there."""
    (tmp_path / "bad.json").write_text(content)

    for given in ("bad.json", "absent.json"):
        ran = ferry("diff", given, "old:plan")
        assert (ran.returncode, ran.stdout) == (2, "")
        assert given in ran.stderr
        assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("name", ["diff", "schema", "generate", "typescript"])
def test_each_command_tells_its_codes(ferry: Ferry, name: str) -> None:
    """`--help` says what the exit codes mean."""
    assert "Exit code: 0" in ferry(name, "--help").stdout
