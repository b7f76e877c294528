"""The promise of tests/conftest.py: a skip says why, and in CI a skip is a failure."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

Run: TypeAlias = Callable[[dict[str, str], str], pytest.RunResult]

SKIPS = {
    "mark": """
        import pytest

        @pytest.mark.skip(reason="the reason of mark")
        def test_it(): ...
        """,
    "call": """
        import pytest

        def test_it():
            pytest.skip("the reason of call")
        """,
    "fixture": """
        import pytest

        @pytest.fixture
        def browser():
            pytest.skip("the reason of fixture")

        def test_it(browser): ...
        """,
    "module": """
        import pytest

        pytest.skip("the reason of module", allow_module_level=True)
        """,
    "import": """
        import pytest

        pytest.importorskip("no_such_module", reason="the reason of import")
        """,
}

XFAIL = """
    import pytest

    @pytest.mark.xfail(strict=True)
    def test_it():
        assert False

    def test_other(): ...
    """


@pytest.fixture(params=["0", "2"], ids=["alone", "xdist"])
def run(
    request: pytest.FixtureRequest,
    pytester: pytest.Pytester,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Run test files under our conftest, in a process of their own."""
    pytester.makeconftest((root / "tests" / "conftest.py").read_text())

    def run(sources: dict[str, str], no_skip: str) -> pytest.RunResult:
        monkeypatch.setenv("FERRYMAN_NO_SKIP", no_skip)
        pytester.makepyfile(**{f"test_{kind}": source for kind, source in sources.items()})
        return pytester.runpytest_subprocess(
            "-ra", "--continue-on-collection-errors", "-n", workers
        )

    workers = str(request.param)
    return run


def test_a_skip_shows_its_reason(run: Run) -> None:
    """What a test lacks makes it skip, and the reason stands in the output."""
    result = run(SKIPS, "")

    result.assert_outcomes(skipped=len(SKIPS))
    result.stdout.fnmatch_lines([f"SKIPPED*the reason of {kind}*" for kind in ("module", "mark")])


def test_a_skip_fails_where_none_is_allowed(run: Run) -> None:
    """With FERRYMAN_NO_SKIP=1 each kind of skip is a failure or an error that says its reason."""
    result = run(SKIPS, "1")

    outcomes = result.parseoutcomes()
    assert result.ret != 0
    assert "skipped" not in outcomes
    assert outcomes["failed"] + outcomes["errors"] == len(SKIPS)
    for kind in SKIPS:
        result.stdout.re_match_lines([f".*FERRYMAN_NO_SKIP is set.*the reason of {kind}"])


def test_an_expected_failure_is_no_skip(run: Run) -> None:
    """A test marked as failing stays an expected failure with FERRYMAN_NO_SKIP=1."""
    result = run({"expected": XFAIL}, "1")

    assert result.ret == 0
    result.assert_outcomes(passed=1, xfailed=1)
