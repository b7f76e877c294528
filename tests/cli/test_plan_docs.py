"""`ferryman plan docs`: Markdown to stdout, files by their suffix, both into a folder."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Ran

Ferry = Callable[..., Ran]
MODULE = """
from ferryman.plan import Event, TrackingPlan

class OrderPlaced(Event, owner="checkout"):
    total: float

plan = TrackingPlan([OrderPlaced], title="Füße & Schuhe")
"""


@pytest.fixture
def plan(tmp_path: Path, bare_env: dict[str, str]) -> Ferry:
    """Run `ferryman plan` where shop.py is."""
    (tmp_path / "shop.py").write_text(MODULE)

    def run(*words: str) -> Ran:
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "ferryman", "plan", *words],
            env=bare_env, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False,
        )  # fmt: skip

    return run


def test_it_writes_to_stdout(plan: Ferry) -> None:
    """Markdown, or with --html the page."""
    written, page = plan("docs", "shop:plan"), plan("docs", "shop:plan", "--html")

    assert (written.returncode, page.returncode) == (0, 0)
    assert written.stdout.startswith("# Füße &amp; Schuhe\n")
    assert page.stdout.startswith("<!DOCTYPE html>\n")
    assert written.stderr == page.stderr == ""


@pytest.mark.parametrize(
    ("given", "files"),
    [
        ("plan.md", ["plan.md"]),
        ("a/b/plan.html", ["a/b/plan.html"]),
        ("site", ["site/plan.html", "site/plan.md"]),
        (".", ["plan.html", "plan.md"]),
    ],
)
def test_it_writes_files(plan: Ferry, tmp_path: Path, given: str, files: list[str]) -> None:
    """A suffix says which form; a folder gets both, and is made where it is absent."""
    ran = plan("docs", "shop:plan", "--out", given)

    made = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.[hm]*"))
    assert (ran.returncode, ran.stdout, made) == (0, "", files)
    assert sorted(ran.stderr.split()) == sorted([*files, *["Wrote"] * len(files)])


def test_a_document_gives_the_page_that_its_classes_give(plan: Ferry, tmp_path: Path) -> None:
    """And the same bytes each time."""
    (tmp_path / "plan.json").write_text(plan("schema", "shop:plan").stdout)

    ran = plan("docs", "plan.json", "--html")

    assert ran.stdout == plan("docs", "shop:plan", "--html").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("shop:nope",), "shop holds no TrackingPlan named nope"),
        (("shop:plan", "--out", "plan.pdf"), "plan.pdf ends with none of .md, .html, .htm"),
        (("shop:plan", "--out", "a.md", "--html"), "--out says by its suffix what is written"),
        (("shop:plan", "--out", "shop.py/a.md"), "cannot write shop.py/a.md: "),
    ],
)
def test_wrong_usage_is_told_in_a_sentence(plan: Ferry, words: tuple[str, ...], told: str) -> None:
    """With exit code 2, and nothing is written."""
    ran = plan("docs", *words)

    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"ferryman: {told}")
