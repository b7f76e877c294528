"""What all tests share: how a test says what it lacks, and what follows when it lacks it.

A test that needs something of the machine takes a fixture (`shared`, `node`, `chromium`) or asks
`program("name")`. Where that is absent the test skips and says why. With FERRYMAN_NO_SKIP=1, as
in CI, every skip is a failure instead: of a test, of a whole module, by a mark or by a call.
"""

import os
import shutil
from collections.abc import Callable, Generator
from pathlib import Path

import hypothesis
import pytest

# Read by type checkers (make lint), never run.
collect_ignore = ["typing"]

# A busy machine is no failure: hypothesis' own profile for CI thinks so too, and repeats nothing
# by chance.
hypothesis.settings.register_profile("ferryman", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "ferryman")

ROOT = Path(__file__).resolve().parent.parent


def skips_fail() -> bool:
    """Tell whether a skip counts as a failure in this run."""
    return os.environ.get("FERRYMAN_NO_SKIP", "") not in ("", "0")


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure that carries its reason; an expected failure stays one."""
    if report.outcome != "skipped" or hasattr(report, "wasxfail") or not skips_fail():
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    report.outcome = "failed"
    report.longrepr = f"{report.nodeid}: FERRYMAN_NO_SKIP is set, and this is a skip: {reason}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the reference and the large data, beside the repository."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs the folder ../shared (reference and data)")
    return folder.resolve()


@pytest.fixture(scope="session")
def program() -> Callable[..., str]:
    """Give the path of the first of some programs on PATH, or skip the test that asks."""

    def find(*names: str) -> str:
        for name in names:
            if path := shutil.which(name):
                return path
        pytest.skip(f"needs {' or '.join(names)} on PATH")

    return find


@pytest.fixture(scope="session")
def node(program: Callable[..., str]) -> str:
    """The path of node."""
    return program("node")


@pytest.fixture(scope="session")
def npm(program: Callable[..., str]) -> str:
    """The path of npm, for what a test installs from the registry."""
    return program("npm")


@pytest.fixture(scope="session")
def chromium(program: Callable[..., str]) -> str:
    """The path of Chromium or of Chrome."""
    return program("chromium", "chromium-browser", "google-chrome")
